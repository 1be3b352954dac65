"""Whole processes measured: wall time, and CPU time of the process and of all that it started."""

import os
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


class Broken(Exception):
    """What should have been measured ended with an error."""


@dataclass(frozen=True)
class Used:
    """What one run took, in seconds, and what it printed."""

    wall: float
    cpu: float
    output: str = ""


def usual_environment(**more: str) -> dict[str, str]:
    """The variables of this process and `more`. Python may keep its bytecode, as it does where nobody forbids it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | more


def measured(command: list[str], environment: dict[str, str] | None = None, cwd: Path = ROOT, good=(0,)) -> Used:
    """Run a command that must end with one of the codes `good`."""

    def cpu():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    began, before = time.perf_counter(), cpu()
    done = subprocess.run(
        command,
        cwd=cwd,
        env=usual_environment() if environment is None else environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    used = Used(time.perf_counter() - began, cpu() - before, done.stdout)
    if done.returncode not in good:
        raise Broken(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr.strip()[-800:]}")
    return used


def in_turn(commands: dict[str, list[str]], runs: int, **how) -> dict[str, Used]:
    """Run the commands A B A B ... and give of each the run that took the least CPU time.

    The first round is not counted: it fills the caches of bytecode and files. Other work on a machine only ever adds,
    so the least disturbed run is the nearest to the truth.
    """
    taken = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            used = measured(command, **how)
            taken[name] += [used] if turn else []
    return {name: min(some, key=lambda used: used.cpu) for name, some in taken.items()}
