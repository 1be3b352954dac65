"""The causes of failed deployments that are known by name, read from catalogue.toml."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# Names of several kinds of record at once: where ECS says why a task did not start, and all that can say something.
KINDS = {
    "starting": ("task", "container", "message"),
    "any": ("log", "task", "container", "message", "service", "event", "error"),
}


@dataclass(frozen=True)
class Cause:
    """`looks` are (kind of record, pattern); `general` says only that something failed, so what says why goes first."""

    id: str
    name: str
    next: str
    looks: tuple[tuple[str, re.Pattern], ...] = ()
    general: bool = False

    def fits(self, kind: str, text: str) -> bool:
        """Whether a record of this kind that says this text shows the cause."""
        return any(kind == looked_for and pattern.search(text) for looked_for, pattern in self.looks)


UNKNOWN = Cause(
    "unknown",
    "not known to the catalogue",
    "the recording has all that was seen; the evidence is what stands nearest to the failure",
)


@cache
def catalogue() -> tuple[Cause, ...]:
    """Every cause, the narrow ones before the wide ones."""
    tables = tomllib.loads(Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8"))["cause"]
    return tuple(Cause(**table | {"looks": _looks(table["looks"])}) for table in tables)


def _looks(pairs):
    return tuple(
        (kind, re.compile(pattern, re.IGNORECASE))
        for kinds, pattern in pairs
        for name in kinds.split()
        for kind in KINDS.get(name, (name,))
    )
