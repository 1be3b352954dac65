"""What git knows of a folder."""

import subprocess
from pathlib import Path

from review.problem import Problem


def git(folder: Path, *words: str) -> bytes:
    """What a command of git prints. Problem: git is not there, or refuses; its own last line says why."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False)
    except FileNotFoundError:
        raise Problem("git is not installed: it is asked for the files of a commit") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise Problem(f"git {words[0]} in {folder}: {said[-1] if said else 'failed'}")
    return done.stdout
