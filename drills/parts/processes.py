"""Processes of this machine that end with the block that started them, and waiting for them."""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
SYSTEM_PATH = "/usr/sbin:/sbin"
SETTINGS = re.compile(r"DATABASE_\w+|SECRET_KEY|IN_CONTAINER|ALLOWED_HOSTS|RELEASE|(APP|WEB|TASK|FLASK|GUNICORN)_\w+")


class Missing(Exception):
    """A program that this machine lacks; the text says what to install."""


class NotInTime(AssertionError):
    """Something awaited did not come true."""


def free_port() -> int:
    """Return a free loopback port below 32768, where the system hands out none by itself."""
    while True:
        port = random.randrange(20000, 32768)  # noqa: S311  not a secret
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


def clean_environment(**settings: str) -> dict[str, str]:
    """Return this process's environment without what configures the application, and with settings."""
    kept = {name: value for name, value in os.environ.items() if not SETTINGS.fullmatch(name)}
    return {**kept, "PATH": f"{BIN}:{os.environ['PATH']}:{SYSTEM_PATH}", **settings}


def wait_until(condition, seconds: float = 30, what: str = "the condition"):
    """Return condition's first true value, asked every 50 ms; raise NotInTime after seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise NotInTime(f"{what} did not come true within {seconds} s")


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((host, port)) == 0


def start(command, log: Path, **options) -> subprocess.Popen:
    """Start command with its output at the end of log."""
    with log.open("ab") as output:  # appending: nginx opens it once more by the name /dev/stdout
        return subprocess.Popen([str(word) for word in command], stdout=output, stderr=subprocess.STDOUT, **options)


def end(process: subprocess.Popen, seconds: float = 20) -> None:
    """End a process, frozen or not: politely first, and by force after so many seconds."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def running(command, log: Path, **options):
    """Run command with its output in log, and end it afterwards."""
    log.write_bytes(b"")
    process = start(command, log, **options)
    try:
        yield process
    finally:
        end(process)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that live, eldest first."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(stat.parent.name))
    return sorted(found)
