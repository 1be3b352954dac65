"""Texts with gaps, as {{this}}, and tables of Markdown."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from review.problem import Problem

TEXTS = Path(__file__).with_name("texts")
_GAP = re.compile(r"\{\{([a-z][a-z ]*)\}\}")


def text(name: str, gaps: Mapping[str, str]) -> str:
    """A text of texts/ with its gaps filled. Problem: a gap that nothing is given for, or something for no gap."""
    whole = (TEXTS / name).read_text()
    wanted = set(_GAP.findall(whole))
    if wanted != set(gaps):
        raise Problem(f"{name}: gaps and what is given for them differ: {', '.join(sorted(wanted ^ set(gaps)))}")
    return _GAP.sub(lambda match: gaps[match[1]].rstrip("\n"), whole)


def table(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Rows as lines of a Markdown table, the first one its head."""
    head, *others = [list(row) for row in rows]
    yield _row(head)
    yield "|---" * len(head) + "|"
    yield from (_row(row) for row in others)


def _row(cells):
    return "| " + " | ".join(cell.replace("\\", "\\\\").replace("|", "\\|") for cell in cells) + " |"


def words(items: Iterable[str], last: str = "and") -> str:
    """a, b and c."""
    *most, end = items
    return f"{', '.join(most)} {last} {end}" if most else end


def indented(block: str) -> str:
    """Each line four columns to the right."""
    return "\n".join(f"    {line}" for line in block.splitlines())
