"""A group of processes with a limit of processor and memory, as a Fargate task has: cgroups(7), either version."""

import os
import re
import signal
import time
from contextlib import contextmanager
from pathlib import Path

from bench.rows import Missing

ROOT = Path("/sys/fs/cgroup")
PERIOD = 100_000  # microseconds


class Group:
    """The group's directories; join is what a shell runs to become part of it."""

    def __init__(self, directories: list[Path], peak: Path, events: Path):
        self.directories, self.peak_file, self.events = directories, peak, events
        self.join = " && ".join(f"echo $$ > {directory}/cgroup.procs" for directory in directories)

    def peak(self) -> float:
        """MB that its processes and what the kernel keeps for them took at most."""
        return int(self.peak_file.read_text()) / 1e6

    def killed(self) -> int:
        """How many of its processes the kernel has ended because its memory was used up."""
        return int(re.search(r"(?m)^oom_kill (\d+)", self.events.read_text())[1])

    def remove(self) -> None:
        """End what is left in it, and remove it."""
        for directory in self.directories:
            while pids := (directory / "cgroup.procs").read_text().split():
                for pid in pids:
                    os.kill(int(pid), signal.SIGKILL)
                time.sleep(0.05)
            directory.rmdir()


@contextmanager
def limited(cpu: float, megabytes: int):
    """Make a group that gets so much of a processor and so much memory; Missing where that is not allowed."""
    name = f"bench-{os.getpid()}"
    try:
        group = version_1(name, cpu, megabytes) if (ROOT / "memory").is_dir() else version_2(name, cpu, megabytes)
    except OSError as error:
        raise Missing(f"cannot limit processor and memory: {error}; needs root and a writable {ROOT}") from None
    try:
        yield group
    finally:
        group.remove()


def version_1(name: str, cpu: float, megabytes: int) -> Group:
    of_cpu, of_memory = made(ROOT / "cpu" / name), made(ROOT / "memory" / name)
    (of_cpu / "cpu.cfs_period_us").write_text(str(PERIOD))
    (of_cpu / "cpu.cfs_quota_us").write_text(str(int(PERIOD * cpu)))
    (of_memory / "memory.limit_in_bytes").write_text(f"{megabytes}M")
    return Group([of_cpu, of_memory], of_memory / "memory.max_usage_in_bytes", of_memory / "memory.oom_control")


def version_2(name: str, cpu: float, megabytes: int) -> Group:
    group = made(ROOT / name)
    (group / "cpu.max").write_text(f"{int(PERIOD * cpu)} {PERIOD}")
    (group / "memory.max").write_text(f"{megabytes}M")
    return Group([group], group / "memory.peak", group / "memory.events")


def made(directory: Path) -> Path:
    directory.mkdir()
    return directory
