"""deploy.sh and python -m deploy as a person calls them, against an embedded AWS."""

import os
import subprocess
import sys

from rehearsal import engine
from tests.nest import ROOT

QUIET = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHON": sys.executable}


def call(*words, **environment) -> subprocess.CompletedProcess:
    """Run a command with nothing but this environment and no terminal."""
    command = [sys.executable if word == "python" else word for word in words]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=QUIET | environment,
        stdin=subprocess.DEVNULL,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def told(result: subprocess.CompletedProcess, code: int = 0) -> list[str]:
    """The lines of a command that ended with this code."""
    assert result.returncode == code, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    return result.stdout.splitlines()


def refused(result: subprocess.CompletedProcess) -> str:
    """The one line with which a command failed."""
    told(result, 1)
    (line,) = [line for line in result.stderr.strip().splitlines() if not line.startswith("stand-in engine: ")]
    assert line.startswith("error: ")
    return line


def machine(aws, directory) -> dict[str, str]:
    """Environment variables of a machine with an engine, credentials for the embedded AWS and somebody who agrees."""
    return aws.environment() | {
        "YES": "1",
        "DEPLOYS": str(directory / "deploys"),
        "CONTAINER_ENGINE": str(engine.install(directory)),
        "REHEARSAL_IMAGES": str(directory / "images"),
        "REHEARSAL_REGISTRY": aws.url.removeprefix("http://"),
    }
