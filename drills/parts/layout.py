"""The Dockerfile as data, and what it lays out: so that its parts run as they do in the images."""

import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from drills.parts.processes import ROOT

DOCKERFILE = (ROOT / "docker/Dockerfile").read_text()


class WrongEdit(Exception):
    """An edit does not fit the file that it is for."""


@dataclass(frozen=True)
class Edit:
    """A change of one place of a file, whose path is that in the repository."""

    path: str
    old: str
    new: str

    def apply(self, text: str) -> str:
        """Return the text changed; raise WrongEdit unless what is to be changed is in it exactly once."""
        if text.count(self.old) != 1:
            raise WrongEdit(f"{self.path}: not once there: {self.old}")
        return text.replace(self.old, self.new)


def instructions() -> list[tuple[str | None, str, str]]:
    """Return [(stage, word, rest)] of the Dockerfile; the stage is None before the first FROM."""
    stage, found = None, []
    for line in re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", DOCKERFILE)).splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            stage = rest.split(" AS ")[1]
        if word:
            found.append((stage, word, rest))
    return found


def of(stage: str | None, word: str) -> list[str]:
    """What stands behind each word of a stage."""
    return [rest for where, what, rest in instructions() if (where, what) == (stage, word)]


def copied(stage: str) -> list[tuple[str, ...]]:
    """What a stage copies from the context: (source, destination)."""
    lines = [rest.split() for rest in of(stage, "COPY") if not rest.startswith("--from")]
    return [tuple(word for word in words if not word.startswith("--")) for words in lines]


def command(stage: str) -> list[str]:
    """What the stage's image runs."""
    (text,) = of(stage, "CMD")
    return json.loads(text)


def unpack(stage: str, target: Path, edits: Iterable[Edit] = ()) -> Path:
    """Lay out in target what the Dockerfile copies into the WORKDIR of stage, with the edits of files that it has."""
    for source, destination in copied(stage):
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target / destination, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (target / destination).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, target / destination)
        for edit in edits:
            if edit.path == source or edit.path.startswith(f"{source}/"):
                file = target / f"{destination}{edit.path.removeprefix(source)}"
                file.write_text(edit.apply(file.read_text()))
    return target
