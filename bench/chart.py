"""The picture of the results: each aim is the line at 1, each row a bar that ends before it where the aim is held."""

import math

from bench.rows import Row
from review.picture import svg

WIDTH, SIDE, ROW, BAR, TOP = 1000, 24, 30, 14, 84
LABEL, VALUE = 470, 190  # room left of the bars for what it is, right of them for the figure and its aim
LOWEST = 0.1  # of the aim: a shorter bar is drawn as this


def draw(rows: list[Row], facts: dict[str, str]) -> str:
    """The rows that have an aim, as SVG, but those whose aim is none at all."""
    judged = [row for row in rows if row.of_the_aim is not None]
    left, right = SIDE + LABEL, WIDTH - SIDE - VALUE
    highest = max([2.0, *(row.of_the_aim for row in judged)])

    def across(share):
        """Where a share of an aim ends: on a logarithmic scale, since some are held tenfold."""
        part = math.log(max(share, LOWEST) / LOWEST) / math.log(highest / LOWEST)
        return left + part * (right - left)

    bottom = TOP + ROW * len(judged)
    body = [
        svg.text(SIDE, 34, "Measured against its aims", 20, bold=True),
        svg.text(SIDE, 56, f"{facts['date']}, {facts['commit']}. A bar that ends at the line just holds its aim.", 13),
        svg.rect(svg.Box(across(1), TOP - 8, 1.5, bottom - TOP + 8), fill="arrow"),
        svg.text(across(1), TOP - 12, "the aim", 12, fill="muted", anchor="middle"),
    ]
    for at, row in enumerate(judged):
        body += _bar(row, TOP + ROW * at, left, across(row.of_the_aim), right)
    said = f"{sum(row.held for row in judged)} of {len(judged)} aims are held."
    return svg.document(WIDTH, bottom + SIDE, "Results of make bench", said, body)


def _bar(row, y, left, end, right):
    _, what, ours, _, ratio, aim, _ = row.cells()
    line = y + BAR + 4
    words = svg.wrap(f"{row.part}: {what}", LABEL - 16, 13)
    label = words[0] if len(words) == 1 else words[0].rsplit(" ", 1)[0] + " ..."
    return [
        svg.text(SIDE, line, label, 13),
        svg.rect(svg.Box(left, y + 6, max(end - left, 1), BAR), fill="storage" if row.held else "security", rx=2),
        svg.text(right + 16, line, f"{ratio or ours}  ({aim})" if row.held else f"{ratio or ours}, not {aim}", 13),
    ]
