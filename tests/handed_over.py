"""What an operations team has: the bundle, the commands of its documents, and a machine to run them on."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import botocore

from rehearsal import engine
from tests.conftest import wait_until
from tests.nest import OUT, ROOT

FOLDER = OUT / "handover"
WAITERS = "cloudformation/2010-05-15/waiters-2.json"
AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in {"NAME": "Test", "EMAIL": "test@example.com", "DATE": "2026-11-23T12:00:00+00:00"}.items()
}


def checkout(folder: Path) -> Path:
    """A repository with one commit: the files that are here now."""
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "All")
    return folder


def git(folder: Path, *words: str, **environment: str) -> str:
    given = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"} | AUTHOR | environment
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, env=given, check=True, capture_output=True, text=True).stdout


def bundle(repository: Path, out: Path, umask: int = 0o022, **environment: str) -> subprocess.CompletedProcess:
    """`python -m review bundle` in a repository."""
    return subprocess.run(
        [sys.executable, "-m", "review", "bundle", "--out", str(out)],
        cwd=repository,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"} | environment,
        check=False,
        capture_output=True,
        text=True,
        umask=umask,
    )


def unpacked(archive: Path, folder: Path) -> Path:
    """The one folder in an archive."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    (inside,) = folder.iterdir()
    return inside


def commands(document: str, section: str = "", fence: str = "sh") -> list[str]:
    """The blocks of commands of a document, or of those of its sections whose heading is this, in their order."""
    whole = (FOLDER / document).read_text()
    parts = re.split(r"^(?=#{2,3} )", whole, flags=re.MULTILINE)
    chosen = [part for part in parts if not section or part.partition("\n")[0].lstrip("# ") == section]
    assert chosen, f"{document} has no section {section}"
    return [
        block for part in chosen for block in re.findall(rf"^```{fence}\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
    ]


class Machine:
    """A home folder with the AWS command line and docker, whose AWS is the embedded one; commands run in `folder`."""

    def __init__(self, home: Path, folder: Path, aws):
        self.folder = folder
        programs = home / "bin"
        programs.mkdir(parents=True)
        (programs / "docker").symlink_to(engine.install(home))
        _wait_less(home)
        self.environment = aws.environment() | {
            "PATH": f"{programs}:/usr/bin:/bin",
            "HOME": str(home),
            "REHEARSAL_IMAGES": str(home / "images"),
            "REHEARSAL_REGISTRY": aws.url.removeprefix("http://"),
            "http_proxy": aws.url,  # it knows a load balancer by the name that is asked for; no DNS does
        }
        path = home / "aws.socket"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.aws_command", str(path)], cwd=ROOT, env=self.environment
        )
        # Version 1 takes AWS_ENDPOINT_URL for every service but RDS in us-east-1.
        words = [sys.executable, "-IS", str(ROOT / "tests" / "aws_command.py"), str(path), "--endpoint-url", aws.url]
        (programs / "aws").write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        (programs / "aws").chmod(0o755)
        wait_until(path.exists, what="the AWS command line")

    def __enter__(self) -> "Machine":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)

    def run(self, *blocks: str, code: int = 0, **environment: str) -> str:
        """Run blocks of commands in one new terminal, which stops at the first that fails; what they print."""
        result = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", "\n".join(blocks)],
            cwd=self.folder,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            check=False,
            capture_output=True,
            text=True,
            timeout=150,
        )
        assert result.returncode == code, result.stdout[-3000:] + result.stderr[-3000:]
        return result.stdout


def _wait_less(home):
    """`aws cloudformation wait` looks every 30 seconds; here every second. The AWS command line reads this file."""
    waiters = json.loads((Path(botocore.__file__).parent / "data" / WAITERS).read_text())
    for waiter in waiters["waiters"].values():
        waiter["delay"] = 1
    path = home / ".aws" / "models" / WAITERS
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(waiters))
