"""Gunicorn as docker/ configures it, nginx before it, and what their processes use."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from bench.application.database import ROOT
from rehearsal.server import free_port

TICKS = os.sysconf("SC_CLK_TCK")
STARTS_WITHIN = 60  # seconds


class Process:
    """A server that listens on a port of loopback, all processes that belong to it, and where they write."""

    def __init__(self, process: subprocess.Popen, port: int, log: Path):
        self.process, self.port, self.log = process, port, log

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> float:
        """Seconds of processor that all of them have used so far."""
        return sum(cpu(pid) for pid in tree(self.process.pid))

    def memory(self) -> list[float]:
        """MB of each process, the parent first; what several share counts in equal parts."""
        return [memory(pid, "Pss") for pid in tree(self.process.pid)]

    def own_memory(self) -> list[float]:
        """MB of each process that no other shares, the parent first: what one more of it would take."""
        return [memory(pid, "Private_Clean") + memory(pid, "Private_Dirty") for pid in tree(self.process.pid)]


@contextmanager
def gunicorn(target: str, environment: dict[str, str], log: Path, before: str = "true"):
    """Run target under the settings of docker/gunicorn.conf.py, for the smallest task; before it a line of shell."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "docker/gunicorn.conf.py", target]
    environment = {"APP_PORT": str(port), "PYTHONUNBUFFERED": "1", **environment}
    with running(first(before, command), environment, ROOT, log, port) as process:
        yield process


@contextmanager
def nginx(app: Process, directory: Path, before: str = "true"):
    """Run the web tier before app as docker/start-web.sh does, but for the limit of requests a client."""
    port, place = free_port(), directory / "web"
    (place / "app").mkdir(parents=True)
    (place / "app/static").symlink_to(ROOT / "app/static")
    for name in ("nginx.conf.template", "own-headers.conf", "start-web.sh"):
        (place / name).symlink_to(ROOT / "docker" / name)
    environment = {
        "WEB_PORT": str(port),
        "WEB_ADDRESS": "127.0.0.1",
        "WEB_RATE_LIMIT": "100000",
        "WEB_DRAIN": "0",
        "APP_PORT": str(app.port),
        "TMPDIR": str(directory),
    }
    with running(first(before, ["sh", "start-web.sh"]), environment, place, directory / "web.log", port) as process:
        yield process


@contextmanager
def running(command: list[str], environment: dict[str, str], place: Path, log: Path, port: int):
    """Run a command until it listens on port, and end it afterwards; SystemExit with its last lines if it does not."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=place, env={"PATH": path, **environment}, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_for(process, port, log)
        yield Process(process, port, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


def first(before: str, command: list[str]) -> list[str]:
    """A line of shell, and the command in the same process."""
    return ["sh", "-c", f'{before} && exec "$@"', "sh", *command]


def wait_for(process: subprocess.Popen, port: int, log: Path) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit("\n  ".join([f"bench: {log.stem} does not listen:", *log.read_text().splitlines()[-10:]]))


def is_serving(port: int) -> bool:
    """Whether a connection to port is open on our side: proc(5), net/tcp, states ESTABLISHED and CLOSE_WAIT."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = (line.split() for line in lines)
    return any(local.endswith(f":{port:04X}") and state in {"01", "08"} for _, local, _, state, *_ in fields)


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [pid, *(found for child in children for found in tree(int(child)))]


def cpu(pid: int) -> float:
    """Seconds of processor that a process and its ended children have used: proc(5), fields 14 to 17 of stat."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICKS


def memory(pid: int, kind: str) -> float:
    """MB of memory of a kind, such as Pss: proc(5), smaps_rollup."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith(f"{kind}:"))
