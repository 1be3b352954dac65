"""Where the stacks of the nest and what they take stand: a staircase.

A stack's outputs go to the right along its row; a stack takes what stands in its column. So no line has to find its
way, however many stacks there are.
"""

from collections.abc import Iterator

from review.picture import svg
from review.picture.cards import count
from review.picture.svg import Box, element, number
from review.picture.wiring import Feed, Stack

MARGIN, PAD = 20, 9
GAP, ROW_GAP = 16, 24
TITLE, TEXT, LINE = 15, 14, 18
SIGN = 30
WAVE = 24  # the sign of when a stack is made
HEAD = 9  # of an arrow
WAITS = "waits for it"


class Grid:
    """Where stacks and feeds stand: the stacks on the diagonal, a feed in its source's row and its target's column."""

    def __init__(self, found: list[Stack], wiring: list[Feed], top: float):
        self.stacks, self.feeds = found, wiring
        self.order = {stack.title: index for index, stack in enumerate(found)}
        self.cards = [list(_words(stack)) for stack in found]
        widths = [max(svg.width(words, TEXT) for words in lines) + 2 * PAD for lines in self.cards]
        widths = [max(w, _head(stack)) for w, stack in zip(widths, found, strict=True)]
        heights = [SIGN + 2 * PAD + 4 + LINE * len(lines) for lines in self.cards]
        for feed in wiring:
            column, row = self.order[feed.target], self.order[feed.source]
            widths[column] = max(widths[column], _size(feed)[0])
            heights[row] = max(heights[row], _size(feed)[1])
        self.columns = list(_spread(MARGIN, widths, GAP))
        self.rows = list(_spread(top, heights, ROW_GAP))

    @property
    def right(self) -> float:
        return sum(self.columns[-1])

    @property
    def bottom(self) -> float:
        return sum(self.rows[-1])

    def card(self, index: int) -> Box:
        """Where a stack is."""
        (x, w), (y, row) = self.columns[index], self.rows[index]
        h = SIGN + 2 * PAD + 4 + LINE * len(self.cards[index])
        return Box(x, y + (row - h) / 2, w, h)

    def cell(self, feed: Feed) -> Box:
        """Where a feed is."""
        (x, column), (y, row) = self.columns[self.order[feed.target]], self.rows[self.order[feed.source]]
        w, h = _size(feed)
        return Box(x + (column - w) / 2, y + (row - h) / 2, w, h)

    def lines(self) -> Iterator[str]:
        """Rows from their stack to the last that takes from it; over them columns down to theirs."""
        for index, stack in enumerate(self.stacks):
            cells = [self.cell(feed) for feed in self.feeds if feed.source == stack.title]
            if cells:
                box = self.card(index)
                yield _stroke(f"M{number(box.right)} {number(box.middle[1])}H{number(max(cell.x for cell in cells))}")
        for index, stack in enumerate(self.stacks):
            cells = [self.cell(feed) for feed in self.feeds if feed.target == stack.title]
            if cells:
                x, y = self.card(index).middle[0], self.card(index).y
                line = f"M{number(x)} {number(min(cell.bottom for cell in cells))}V{number(y - HEAD)}"
                yield element("path", d=line, fill_="none", stroke="paper", stroke_width=8)
                yield _stroke(line)
                yield element("path", d=f"M{number(x)} {number(y)}l-5 -{HEAD}h10z", fill="arrow")


def _head(stack):
    return SIGN + svg.width(stack.title, TITLE, bold=True) + 4 * PAD + WAVE


def _stroke(line):
    return element("path", d=line, fill_="none", stroke="arrow", stroke_width=1.8)


def _spread(start, sizes, gap):
    """(start, size) of each, with gaps between them."""
    for size in sizes:
        yield start, size
        start += size + gap


def _words(stack):
    """What a stack's card says below its title."""
    yield count(stack.resources, "resource")
    if stack.given:
        yield f"takes {count(stack.given, 'parameter')}"
    if stack.only:
        name, _, value = stack.only.partition("=")
        yield from ("only with", name, *([f"= {value}"] if value else []))


def _size(feed):
    names = feed.names or (WAITS,)
    return max(svg.width(name, TEXT) for name in names) + 2 * PAD, LINE * len(names) + 12
