"""The table of times: review/timing/times.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from review.problem import Problem

PATH = Path(__file__).parent / "times.toml"

TYPICAL, LEAST, MOST = CASES = range(3)


@dataclass(frozen=True)
class Time:
    """What is known of one kind of thing, in seconds: typical, least, most."""

    name: str
    create: tuple[float, float, float]
    update: tuple[float, float, float]
    delete: tuple[float, float, float]
    sources: tuple[str, ...]  # names in Table.sources
    estimated: bool

    @property
    def mark(self) -> str:
        """How far to trust it: ~ estimated, * one source only, nothing when two sources say so."""
        return "~" if self.estimated else "*" if len(self.sources) < 2 else ""


@dataclass(frozen=True)
class Table:
    """The times."""

    read: str  # the day when they were read
    times: dict[str, Time]
    sources: dict[str, dict]

    def time(self, name: str, asked: str) -> Time:
        """The time of that name. Problem: it is not in the table; `asked` says what wants it."""
        if name not in self.times:
            raise Problem(f"{asked}: review/timing/times.toml has no time for {name}: add it there with its source")
        return self.times[name]


@cache
def table() -> Table:
    """The times as the file has them."""
    with PATH.open("rb") as file:
        data = tomllib.load(file)
    return Table(data["read"], {name: _time(name, entry) for name, entry in data["times"].items()}, data["sources"])


def _time(name, entry):
    create = tuple(entry["create"])
    update, delete = tuple(entry.get("update", create)), tuple(entry.get("delete", (0, 0, 0)))
    return Time(name, create, update, delete, tuple(entry["sources"]), entry.get("estimated", False))
