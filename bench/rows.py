"""What every benchmark returns: rows of one table, each a figure of ours beside what a user would pick instead.

A part of `python -m bench` is a module with `rows() -> list[Row]`, named in bench/__main__.py. It may print details
while it runs; it raises `Missing` with one line when this machine lacks what it needs.
"""

from dataclasses import dataclass

HEADINGS = ("part", "what", "ours", "against", "ratio", "aim", "held")
_RIGHT = {"ours", "against", "ratio", "aim"}
OF_CPU = "$ of CPU"
# What a figure of its own, without anything beside it, says of the machine more than of us.
_OF_THE_MACHINE = {"s", "ms", "/s", OF_CPU}


class Missing(Exception):
    """This part cannot run here; the text says in one line what it lacks and how to get it."""


@dataclass(frozen=True)
class Row:
    """One figure of ours. With `against` what counts is their ratio, without it the figure itself.

    `at_most` or `at_least` is the aim of what counts. The ratio is ours / against, or with `fewer` against / ours:
    how many times less ours takes.
    """

    part: str
    what: str
    ours: float
    against: float | None = None
    unit: str = "s"
    at_most: float | None = None
    at_least: float | None = None
    fewer: bool = False

    @property
    def value(self) -> float:
        """What counts, and what the aim is an aim of."""
        if self.against is None:
            return self.ours
        return self.against / self.ours if self.fewer else self.ours / self.against

    @property
    def held(self) -> bool | None:
        """Whether the aim is reached; None without an aim."""
        if self.at_most is not None:
            return self.value <= self.at_most
        return self.value >= self.at_least if self.at_least is not None else None

    @property
    def of_the_aim(self) -> float | None:
        """What counts as a share of its aim: 1 just reaches it, less is better, whichever way the aim points.

        None without an aim, and of an aim of none, which has no shares.
        """
        if self.at_most is not None:
            return self.value / self.at_most if self.at_most else None
        return self.at_least / self.value if self.at_least is not None else None

    @property
    def repeatable(self) -> bool:
        """Whether another run should give the same: a ratio, or a figure that is not the machine's speed."""
        return self.against is not None or self.unit not in _OF_THE_MACHINE

    def cells(self) -> tuple[str, ...]:
        """The row as text, a cell for each of HEADINGS."""
        counts = "" if self.against is None else f"{figure(self.value)} x"
        unit = f" {self.unit}" if self.against is None else " x"
        aim = ""
        if self.at_most is not None:
            aim = f"≤ {figure(self.at_most)}{unit}"
        elif self.at_least is not None:
            aim = f"≥ {figure(self.at_least)}{unit}"
        against = "" if self.against is None else f"{figure(self.against)} {self.unit}"
        held = {True: "yes", False: "no", None: ""}[self.held]
        return self.part, self.what, f"{figure(self.ours)} {self.unit}", against, counts, aim, held


def figure(number: float) -> str:
    """A number with three digits that count, and never fewer before its point than it has."""
    if number == int(number) and abs(number) < 1e15:
        return f"{int(number):,}"
    for limit, digits in ((100, 0), (10, 1), (1, 2), (0.1, 3)):
        if abs(number) >= limit:
            return f"{number:,.{digits}f}"
    return f"{number:.2g}"


def table(rows: list[Row]) -> str:
    """The rows as a table of Markdown whose columns also stand in line as plain text."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]

    def written(cells):
        padded = (
            cell.rjust(width) if name in _RIGHT else cell.ljust(width)
            for cell, width, name in zip(cells, widths, HEADINGS, strict=True)
        )
        return f"| {' | '.join(padded)} |\n"

    rule = "|".join(
        "-" * (width + 1) + (":" if name in _RIGHT else "-") for width, name in zip(widths, HEADINGS, strict=True)
    )
    return written(HEADINGS) + f"|{rule}|\n" + "".join(written(line) for line in lines[1:])


def read_table(text: str) -> dict[tuple[str, str], str]:
    """Of a text with such a table, what counts in each row as it is written there, by part and what."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == len(HEADINGS) and cells[0] != HEADINGS[0] and cells[0].strip("-:"):
            found[cells[0], cells[1]] = cells[4] or cells[2]
    return found
