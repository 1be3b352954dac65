"""The Gantt charts: nothing is missing, overlaps or runs out of the picture, and all of it can be read."""

import xml.etree.ElementTree as ET
from itertools import combinations

import pytest

from review import workspace
from review.picture import svg
from review.timing import deployment, documents, gantt, report
from tests.nest import ENVIRONMENTS

LEGIBLE = 11.0  # pixels of the font where the picture is 800 wide
SPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module", params=[(env, what) for env in ENVIRONMENTS for what in ("first", "image")], ids=str)
def drawn(request):
    """(schedule, picture) of a first deployment or of other images."""
    env, what = request.param
    loaded = workspace.load(env)
    if what == "first":
        return deployment.first(loaded.nest), ET.fromstring(documents.first_chart(loaded))
    return report.image_update(loaded, "us-east-1"), ET.fromstring(documents.image_chart(loaded, "us-east-1"))


def bars(picture):
    """(what its hint says, its class, its box) of each bar."""
    for group in picture.iter(f"{SPACE}g"):
        box = group.find(f"{SPACE}rect")
        values = [float(box.get(name)) for name in ("x", "y", "width", "height")]
        yield group.find(f"{SPACE}title").text, box.get("class"), svg.Box(*values)


def texts(picture):
    """The box of each line of text, and the line."""
    for line in picture.iter(f"{SPACE}text"):
        size, room = float(line.get("font-size")), float(line.get("textLength"))
        x = float(line.get("x")) - (room / 2 if line.get("text-anchor") == "middle" else 0)
        yield svg.Box(x, float(line.get("y")) - 0.75 * size, room, 0.9 * size), line.text


def overlap(one, other):
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom


def test_everything_that_takes_more_than_seconds_is_there(drawn):
    schedule, picture = drawn
    hints = " ".join(hint for hint, _, _ in bars(picture))
    for placed in schedule.placed.values():
        if placed.step.kind and placed.step.seconds > gantt.SHOWN:
            assert f"{report.title(placed)} {placed.step.note}" in hints, placed.step.name


def test_the_critical_path_is_told_apart(drawn):
    schedule, picture = drawn
    critical = {
        f"{report.title(link)} {link.step.note}" for link in schedule.chain if link.step.kind and link.step.seconds
    }
    filled = {hint.partition(":")[0] for hint, fill, _ in bars(picture) if fill == "f-compute"}
    assert critical == filled


def test_bars_stand_where_their_seconds_are(drawn):
    schedule, picture = drawn
    scale = (gantt.WIDTH - gantt.LABELS - gantt.MARGIN) / schedule.total
    by_hint = {f"{report.title(each)} {each.step.note}": each for each in schedule.placed.values()}
    for hint, _, box in bars(picture):
        placed = by_hint[hint.partition(":")[0].partition(";")[0]]
        assert box.x == pytest.approx(gantt.LABELS + placed.begin * scale, abs=0.1)
        assert box.w == pytest.approx(max(2, placed.step.seconds * scale), abs=0.1)


def test_nothing_overlaps_or_leaves_the_picture(drawn):
    _, picture = drawn
    wide, high = (float(picture.get(name)) for name in ("width", "height"))
    boxes = [box for box, _ in texts(picture)] + [box for _, _, box in bars(picture)]
    for one, other in combinations(boxes, 2):
        assert not overlap(one, other), (one, other)
    for box in boxes:
        assert box.x >= 0
        assert box.right <= wide
        assert box.bottom <= high


def test_every_line_can_be_read_at_800_pixels(drawn):
    _, picture = drawn
    for line in picture.iter(f"{SPACE}text"):
        assert float(line.get("font-size")) * 800 / gantt.WIDTH >= LEGIBLE, line.text


def test_it_follows_the_readers_theme_unless_one_is_asked_for():
    loaded = workspace.load("lab")
    assert "prefers-color-scheme: dark" in documents.first_chart(loaded)
    fixed = [documents.first_chart(loaded, theme) for theme in ("light", "dark")]
    assert "prefers-color-scheme" not in "".join(fixed)
    assert fixed[0] != fixed[1]
