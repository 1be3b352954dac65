"""Command lines that are tried, in this process or as one of their own, and how the programs took them.

Right is: it is done, or one line that says what is wrong and an exit code that is not 0, or the usage and 2.
"""

import contextlib
import io
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Programs, or their verbs, that end with 1 for what they have found, and have said it.
FINDING = {"reach", "catalogues", "overview", "doctor", "drift", "--check"}
LONGEST = 60  # seconds
OWN_WORDS = ("error: ", "flaskcrud: ", "migrate: error: ", "tidy: error: ", "seed-data: error: ")


@dataclass
class Tally:
    """Inputs by kind, and what went wrong with which of them."""

    inputs: dict[str, int] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)
    refused: int = 0

    def add(self, kind: str, words: Sequence[str], fault: str, refused: bool, what: str) -> None:
        """Count one more, of whose input something is said."""
        self.inputs[kind] = self.inputs.get(kind, 0) + 1
        self.refused += refused
        if fault:
            self.faults.append((f"{' '.join(words)[:200]}: {fault}", what))


@contextlib.contextmanager
def environment(**given: str | None) -> Iterator[None]:
    """These environment variables meanwhile; None takes one away."""
    before = {name: os.environ.get(name) for name in given}

    def put(values):
        for name, one in values.items():
            if one is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = one

    put(given)
    try:
        yield
    finally:
        put(before)


def fault_of(main: Callable[[list[str]], int], words: list[str]) -> tuple[str, bool]:
    """What is wrong with how a program takes these words, empty if nothing, and whether it refused them."""
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
    except SystemExit as end:
        code = end.code
    except BaseException as error:  # a traceback, whatever it is
        where = error.__traceback__
        while where.tb_next:
            where = where.tb_next
        frame = where.tb_frame.f_code
        place = f"{Path(frame.co_filename).name}:{where.tb_lineno} {frame.co_name}"
        return f"{type(error).__name__}: {str(error)[:200]} ({place})", True
    return judged(words, code, err.getvalue())


def fault_of_process(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> tuple[str, bool]:
    """The same for a program that is a process of its own, in a folder and with nothing to read."""
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        return f"it hangs for {LONGEST} seconds", False
    return judged(command, done.returncode, done.stderr.decode("utf-8", "backslashreplace"))


def judged(words: Sequence[str], code: object, err: str) -> tuple[str, bool]:
    """What is wrong with an exit code and what was said, and whether the words were refused."""
    lines = err.splitlines()
    if "Traceback" in err:
        return lines[-1][:300], True
    if not code or (code == 2 and any(line.lower().startswith("usage: ") for line in lines[:3])):
        return "", bool(code)
    if FINDING & {*words} and (not lines or "is stale: " in lines[0]):
        return "", False
    if isinstance(code, int) and len(lines) == 1 and lines[0].startswith(OWN_WORDS) and lines[0].isprintable():
        return "", True
    return f"exit code {code!r} with {lines[:3]!r}", True
