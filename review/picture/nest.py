"""The picture of the nest: its stacks, and what each takes from those before it."""

from collections.abc import Mapping

from review.environment import PROJECT
from review.picture import svg
from review.picture.cards import count
from review.picture.glyphs import icon
from review.picture.staircase import GAP, LINE, MARGIN, PAD, SIGN, TEXT, TITLE, WAITS, WAVE, Grid
from review.picture.svg import Box, element, rect
from review.picture.wiring import ROOT, feeds, outputs, stacks

BAR = 56  # the height of the root
TOP = 88  # where the root is
FROM = 110  # from where the outputs are listed
READ = (
    "What a stack tells the others goes to the right along its row; a stack takes what stands in its column, as"
    " parameters of the same names.",
    "It waits for nothing else. Stacks of the same number are made side by side, and deleted in the reverse order.",
    "A broken frame: the stack is only there where that is chosen.",
)
# Sign by stack; one that is not here has that of a template.
SIGNS = {
    "Keys": "key",
    "Network": "vpc",
    "Egress": "nat",
    "Edge": "balancer",
    "Data": "database",
    "Compute": "service",
    "Alerts": "topic",
    "Monitoring": "alarms",
}


def picture(templates: Mapping[str, dict], theme: str = "") -> str:
    """The SVG of the nest under the root."""
    grid = Grid(stacks(templates), feeds(templates), TOP + BAR + GAP)
    body = [
        *_head(templates, grid),
        *grid.lines(),
        *(_card(stack, grid.card(index), grid.cards[index]) for index, stack in enumerate(grid.stacks)),
        *(_cell(feed, grid.cell(feed)) for feed in grid.feeds),
        *_beside(templates, grid),
    ]
    told = "; ".join(f"{feed.target} takes {', '.join(feed.names) or WAITS} from {feed.source}" for feed in grid.feeds)
    title = f"The stacks of {PROJECT} and their wiring"
    return svg.document(grid.right + MARGIN, grid.bottom + MARGIN, title, told, body, theme)


def _head(templates, grid):
    root = templates[ROOT]
    box = Box(MARGIN, TOP, grid.right - MARGIN, BAR)
    parameters, rules = count(len(root["Parameters"]), "parameter"), count(len(root.get("Rules", {})), "rule")
    words = f"{parameters}, each for the stacks that ask for it, and {rules} that refuse what cannot work together"
    yield svg.text(MARGIN, 46, f"{PROJECT}, the nest", 30, bold=True)
    yield svg.text(MARGIN, 71, f"{count(len(grid.stacks), 'stack')} under one root", TITLE, fill="muted")
    yield element(
        "g",
        rect(box, fill="card", stroke="edge", rx=6),
        icon("root", box.x + PAD, box.y + 9, 38),
        svg.text(box.x + 60, box.y + 24, ROOT, TITLE, bold=True),
        svg.text(box.x + 60, box.y + 44, words, TEXT, fill="muted"),
        data_card=ROOT,
        data_box=svg.written(box),
    )


def _card(stack, box, lines):
    y = box.y + PAD + SIGN
    dash = "6 4" if stack.only else None
    return element(
        "g",
        rect(box, fill="card", stroke="arrow", stroke_width=1.4, stroke_dasharray=dash, rx=6),
        icon(SIGNS.get(stack.title, "root"), box.x + PAD, box.y + PAD, SIGN),
        svg.text(box.x + SIGN + 2 * PAD, box.y + PAD + SIGN / 2 + 5, stack.title, TITLE, bold=True),
        _wave(stack.wave, box.right - PAD - WAVE / 2, box.y + PAD + SIGN / 2),
        *(
            svg.text(box.x + PAD, y + 4 + LINE * (n + 1) - 4, words, TEXT, fill="muted")
            for n, words in enumerate(lines)
        ),
        data_card=stack.title,
        data_box=svg.written(box),
    )


def _wave(wave, x, y):
    circle = element("circle", cx=float(x), cy=float(y), r=WAVE / 2, fill="plain", stroke="edge")
    return circle + svg.text(x, y + 5, str(wave), TEXT, True, anchor="middle")


def _cell(feed, box):
    names = [(name, "ink") for name in feed.names] or [(WAITS, "muted")]
    return element(
        "g",
        rect(box, fill="plain", stroke="edge", rx=5),
        *(
            svg.text(box.x + PAD, box.y + 2 + LINE * (n + 1), name, TEXT, fill=fill)
            for n, (name, fill) in enumerate(names)
        ),
        data_feed=f"{feed.source} {feed.target}",
        data_box=svg.written(box),
    )


def _beside(templates, grid):
    """How to read it, and what the root hands on: where the staircase leaves room, before the last two stacks."""
    w = grid.columns[-2][0] - GAP - MARGIN
    handed = outputs(templates)
    listed = [line for source in grid.order if source in handed for line in _listed(source, handed[source], w)]
    h = 38 + LINE * len(listed)
    box = Box(MARGIN, grid.bottom - h, w, h)
    yield element(
        "g",
        rect(box, fill="plain", stroke="faint", rx=6),
        svg.text(box.x + PAD, box.y + 22, "Outputs of the root", TEXT, True, "muted"),
        *(svg.text(box.x + PAD, box.y + 42 + LINE * n, of, TEXT, bold=True) for n, (of, _) in enumerate(listed) if of),
        *(svg.text(box.x + FROM, box.y + 42 + LINE * n, words, TEXT) for n, (_, words) in enumerate(listed)),
        data_card="Outputs",
        data_box=svg.written(box),
    )
    room = grid.columns[len(grid.stacks) // 2][0] - GAP - MARGIN
    lines = [line for part in READ for line in svg.wrap(part, room, TEXT)]
    y = box.y - 14 - LINE * len(lines)
    for n, words in enumerate(lines):
        yield svg.text(MARGIN, y + LINE * (n + 1) - 5, words, TEXT, fill="muted")


def _listed(source, names, w):
    """(stack or nothing, outputs) of each line."""
    for n, words in enumerate(svg.wrap(", ".join(names), w - FROM - PAD, TEXT)):
        yield source if n == 0 else "", words
