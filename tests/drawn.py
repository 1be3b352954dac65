"""A picture as a reader of its elements has it: where words, cards, labels and lines are."""

import re
from itertools import combinations, pairwise
from typing import NamedTuple
from xml.etree import ElementTree


class Area(NamedTuple):
    """A rectangle by its corners."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other, by=0.6):
        apart = self.right <= other.left + by or other.right <= self.left + by
        return not apart and self.bottom > other.top + by and other.bottom > self.top + by

    def holds(self, other, by=0.6):
        inside = self.left <= other.left + by and other.right <= self.right + by
        return inside and self.top <= other.top + by and other.bottom <= self.bottom + by


class Seen:
    """A picture as a reader of its elements has it."""

    def __init__(self, text):
        self.root = ElementTree.fromstring(re.sub(r'\sxmlns="[^"]*"', "", text))
        *_, w, h = map(float, self.root.get("viewBox").split())
        self.canvas = Area(0, 0, w, h)
        self.words = [(area(each), each.text) for each in self.root.iter("text")]
        self.cards = self.boxes("data-card")
        self.labels = self.boxes("data-label")
        self.ways = [Line(each) for each in self.root.iter("g") if each.get("data-way")]
        held = [each.get("data-holds", "").split() for each in self.root.iter("g")]
        self.held = {title for titles in held for title in titles}

    def boxes(self, kind):
        return [(box(each), each) for each in self.root.iter("g") if each.get(kind) and each.get("data-box")]

    def text(self):
        return [words for _, words in self.words]


class Line:
    """A way as it is drawn."""

    def __init__(self, element):
        self.source, *self.targets = element.get("data-way").split()
        self.ports = element.get("data-ports")
        self.via = element.get("data-via", "").split()
        points = [tuple(map(float, each.split(","))) for each in element.get("data-points").split()]
        self.points = points
        self.parts = [
            Area(min(a[0], b[0]) - 1, min(a[1], b[1]) - 1, max(a[0], b[0]) + 1, max(a[1], b[1]) + 1)
            for a, b in pairwise(points)
        ]


def box(element):
    x, y, w, h = map(float, element.get("data-box").split())
    return Area(x, y, x + w, y + h)


def area(text):
    """Where a line of text stands: as wide as it is told to be, from its ascenders to its descenders."""
    x, y, size, w = (float(text.get(key)) for key in ("x", "y", "font-size", "textLength"))
    left = x - {"start": 0, "middle": w / 2, "end": w}[text.get("text-anchor", "start")]
    return Area(left, y - 0.76 * size, left + w, y + 0.2 * size)


def overlaps(found):
    """What is in the way of what: words on words or under cards, words beyond what they are on, cards on cards."""
    for (one, first), (other, second) in combinations(found.words, 2):
        if one.meets(other):
            yield f"{first} on {second}"
    for where, words in found.words:
        for card, element in found.cards:
            if card.meets(where) and not card.holds(where):
                yield f"{words} under {element.get('data-card')}"
    for element in found.root.iter("g"):
        if element.get("data-box"):
            yield from (text.text for text in element.iter("text") if not box(element).holds(area(text)))
    for (one, first), (other, second) in combinations(found.cards, 2):
        if one.meets(other) and not (one.holds(other) or other.holds(one)):
            yield f"{first.get('data-card')} and {second.get('data-card')}"


def outside(found):
    """What is not wholly on the paper."""
    kinds = ("data-card", "data-label", "data-frame", "data-feed", "data-group", "data-fact")
    areas = [where for kind in kinds for where, _ in found.boxes(kind)] + [where for where, _ in found.words]
    areas += [part for way in found.ways for part in way.parts]
    return [where for where in areas if not found.canvas.holds(where)]
