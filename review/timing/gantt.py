"""The schedule of a deployment as a picture: a row a step, in its stack and in its time, the critical path filled."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from review.picture.svg import Box, document, element, number, rect, text, width, wrap
from review.timing.deployment import begin, end
from review.timing.path import Placed, Schedule
from review.timing.report import clock, title

WIDTH = 1000.0
LABELS = 335.0  # from the left edge to where time begins
MARGIN = 20.0
SHOWN = 5.0  # seconds; rows of what takes less are left out, but for the critical path

TITLE, SIZE, SMALL = 24, 16, 15  # of the font; SMALL is 12 pixels where the picture is 800 wide
ROW, BAR, GAP = 25.0, 13.0, 40.0
STEPS = (5, 10, 15, 30, 60, 120, 300, 600)  # seconds between two lines
LINES = 11


@dataclass(frozen=True)
class Row:
    """One line: a step, or several of one type that are done side by side."""

    steps: tuple[Placed, ...]
    critical: bool
    stack: str

    @property
    def begin(self) -> float:
        return self.steps[0].begin

    @property
    def end(self) -> float:
        return self.steps[0].end

    @property
    def label(self) -> str:
        """What stands before the row."""
        first = self.steps[0]
        name = title(first).rpartition("/")[2]
        if len(self.steps) > 1:
            return f"{len(self.steps)} times {first.step.kind.rpartition('::')[2]}"
        return name if first.step.note in ("made", "changed") else f"{name}: {first.step.note}"


def rows(schedule: Schedule) -> list[Row]:
    """The rows, stack by stack in the order in which they begin, in each by when their work begins."""
    critical = {each.step.name for each in schedule.chain}
    worked = [each for each in schedule.placed.values() if each.step.kind and each.step.seconds]
    shown = [each for each in worked if each.step.name in critical or each.step.seconds > SHOWN]
    first = {}
    for each in shown:
        first[each.step.stack] = min(each.begin, first.get(each.step.stack, each.begin))

    def alike(each: Placed) -> tuple:
        """Steps for which this is the same stand in one row; a row is sorted by it."""
        alone = each.step.name if each.step.name in critical else ""
        stack = each.step.stack
        return first[stack], stack, each.begin, each.end, each.step.kind, each.step.note, alone

    grouped = groupby(sorted(shown, key=alike), key=alike)
    return [Row(tuple(steps), bool(key[-1]), key[1]) for key, steps in grouped]


def chart(heading: str, words: str, schedule: Schedule, theme: str = "") -> str:
    """The picture as SVG."""
    shown, scale = rows(schedule), _Scale(schedule.total)
    introduction = wrap(words, WIDTH - 2 * MARGIN, SIZE)
    top = 128.0 + 24 * len(introduction)
    bars, bands, y = [], [], top
    for stack, members in groupby(shown, key=lambda row: row.stack):
        y += GAP
        own = list(members)
        height = ROW * len(own)
        bands.append(_band(schedule, scale, stack, Box(0, y - GAP + 14, WIDTH, height + GAP - 14)))
        for row in own:
            bars += _row(row, y, scale)
            y += ROW
    body = [
        text(MARGIN, 38, heading, TITLE, bold=True),
        *(text(MARGIN, 68 + 24 * line, part, SIZE, fill="muted") for line, part in enumerate(introduction)),
        *_legend(top - 38),
        *bands,
        *_grid(top, y, scale),
        *bars,
    ]
    description = f"{heading}: {clock(schedule.total)} in all. {words}"
    return document(WIDTH, y + 18, heading, description, body, theme)


@dataclass(frozen=True)
class _Scale:
    """From seconds to where they are drawn."""

    total: float

    def __call__(self, seconds: float) -> float:
        return LABELS + seconds / (self.total or 1) * (WIDTH - LABELS - MARGIN)

    def marks(self) -> range:
        """The seconds at which a line is drawn."""
        step = next((step for step in STEPS if self.total / step <= LINES), STEPS[-1])
        return range(0, int(self.total) + 1, step)


def _legend(y) -> Iterator[str]:
    x = MARGIN
    entries = (
        ("compute", {}, "on the critical path"),
        ("edge", {}, "has time to spare"),
        ("plain", {"stroke": "faint"}, "its nested stack, from begin to end"),
    )
    for fill, more, words in entries:
        yield rect(Box(x, y - BAR + 2, 26, BAR), fill=fill, rx=2.0, **more)
        yield text(x + 34, y, words, SMALL, fill="muted")
        x += 34 + width(words, SMALL) + 30


def _grid(top, bottom, scale) -> Iterator[str]:
    """A line every so often with its time, minutes and seconds after the begin."""
    for second in scale.marks():
        x = scale(second)
        yield element("line", x1=x, y1=top + 8, x2=x, y2=bottom, stroke="faint", stroke_width=1.0)
        yield text(x, top, clock(second), SMALL, fill="muted", anchor="middle")


def _band(schedule, scale, stack, box) -> str:
    """A field behind the rows of a stack, as long as the stack takes, and its name before it."""
    left, right = scale(schedule.placed[begin(stack)].begin), scale(schedule.placed[end(stack)].end)
    field = rect(_between(box, left, right), fill="plain", stroke="faint", rx=3.0)
    return field + text(MARGIN, box.y + 18, stack or "Root", SIZE, bold=True)


def _between(box: Box, left: float, right: float) -> Box:
    """The box between two other sides."""
    return box._replace(x=left, w=max(1.0, right - left))


def _row(row, y, scale) -> Iterator[str]:
    room = LABELS - MARGIN - 24
    size = min(float(SMALL), SMALL * room / width(row.label, SMALL))
    yield text(MARGIN + 12, y + ROW / 2 + 5, row.label, size, fill="ink" if row.critical else "muted")
    left, right = scale(row.begin), scale(row.end)
    box = Box(left, y + (ROW - BAR) / 2, max(2.0, right - left), BAR)
    words = "; ".join(f"{title(each)} {each.step.note}".strip() for each in row.steps)
    seconds = f"{number(round(row.end - row.begin))} s"
    hint = element("title", f"{words}: {seconds} from {clock(row.begin)}")
    yield element("g", hint, rect(box, fill="compute" if row.critical else "edge", rx=2.0))
    yield text(*_beside(box, seconds, y), seconds, SMALL, fill="muted")


def _beside(box, words, y) -> tuple[float, float]:
    """Where a bar's seconds stand: behind it, or before it where the picture ends."""
    room = width(words, SMALL)
    behind = box.right + 6
    return (behind if behind + room <= WIDTH - 4 else box.x - 6 - room), y + ROW / 2 + 5
