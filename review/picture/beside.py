"""What stands beside the VPC: the services of the region that are called, that watch, and that keep."""

from collections.abc import Iterator
from dataclasses import dataclass

from review.picture import cards, svg, tiles
from review.picture.lanes import Place
from review.picture.plan import MARGIN, PANEL, WIDTH, Plan
from review.picture.svg import Box, element, rect
from review.reach.matrix import Matrix

TITLE = 28  # the height of a group's title
CALLED = "Called by the tasks"


@dataclass
class Group:
    """Services of one purpose."""

    title: str
    box: Box
    places: list[Place]


@dataclass
class Beside:
    """The groups from top to bottom."""

    groups: list[Group]

    @property
    def bottom(self) -> float:
        return max((group.box.bottom for group in self.groups), default=0)

    @property
    def called(self) -> Box | None:
        """Where ways lead to."""
        return next((group.box for group in self.groups if group.title == CALLED), None)

    def fields(self) -> Iterator[str]:
        """The fields of the groups with their titles."""
        for group in self.groups:
            yield element(
                "g",
                rect(group.box, fill="plain", stroke="faint", rx=6),
                svg.text(group.box.x + 10, group.box.y + 20, group.title, 14, bold=True, fill="muted"),
                data_group=group.title,
                data_box=svg.written(group.box),
            )

    def cards(self) -> Iterator[str]:
        """What is in them."""
        for group in self.groups:
            yield from (tiles.draw(place.card, place.box, framed=False) for place in group.places)


def beside(matrix: Matrix, plan: Plan) -> Beside:
    """The groups; that which is called stands beside the endpoints, so that ways to it are straight."""
    network = matrix.network
    groups = [
        _group("Watching", cards.watching(network)),
        _group(CALLED, cards.called(network)),
        _group("Keys, buckets, roles", cards.kept(network)),
    ]
    placed, y = [], plan.region_y + 14
    ends = [place.box for place in plan.endpoints]
    for group in (group for group in groups if group.places):
        if group.title == CALLED and ends:
            middle = (ends[0].y + ends[-1].bottom) / 2
            y = max(y, middle - group.box.h / 2)
        moved = Group(group.title, group.box._replace(y=y), list(_moved(group.places, y)))
        if group.title == CALLED and ends:
            low = max(ends[-1].middle[1] + 16, moved.box.bottom)
            moved.box = moved.box._replace(h=low - y)
        placed.append(moved)
        y = moved.box.bottom + 14
    return Beside(placed)


def _moved(places, y):
    for place in places:
        yield Place(place.card, place.box._replace(y=place.box.y + y))


def _group(title, found):
    x = WIDTH - MARGIN - 14 - PANEL
    places, y = [], TITLE
    for card in found:
        h = tiles.height(card, PANEL - 8)
        places.append(Place(card, Box(x + 4, y, PANEL - 8, h)))
        y += h
    return Group(title, Box(x, 0, PANEL, y + 4), places)
