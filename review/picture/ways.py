"""The ways of the picture: who opens a connection to whom, by the matrix of review.reach, and where the lines run."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from review.picture import svg
from review.picture.svg import Box, element, number, rect
from review.reach.matrix import Matrix
from review.reach.parties import THE_INTERNET, Party
from review.reach.ports import Ports

HEAD = 9  # length of an arrow's head
LABEL = 14  # size of type
PILL = 22


class Way(NamedTuple):
    """One party reaches others on some ports, along a line."""

    source: str
    targets: tuple[str, ...]
    ports: str
    points: list[tuple[float, float]]
    label: tuple[float, float]  # the middle of the ports' label
    via: tuple[str, ...] = ()  # what the line runs through, as a NAT gateway


Cell = tuple[Party, Party, Ports]


def reached(matrix: Matrix) -> list[Cell]:
    """Who reaches whom on which ports: the matrix without its empty cells."""
    everyone = [THE_INTERNET, *matrix.parties]
    pairs = [(source, target) for source in everyone for target in everyone]
    return [(*pair, ports) for pair in pairs if (ports := matrix.way(*pair).some)]


def between(cells: Iterable[Cell], source: str, target: str) -> list[Cell]:
    """Those from one kind of party to another."""
    return [cell for cell in cells if (cell[0].kind, cell[1].kind) == (source, target)]


def others(cells: list[Cell], drawn: list[Way]) -> Iterator[str]:
    """What is reached beside the lines, in words: whatever no line says exactly."""
    said = {(way.source, target, way.ports) for way in drawn for target in way.targets}
    for source, target, ports in cells:
        if (source.title, target.title, short(ports)) not in said:
            yield f"{source.title} reaches {target.title} on {ports}"


def short(ports: Ports) -> str:
    """80, 443 for tcp 80, 443."""
    return str(ports).removeprefix("tcp ")


def draw(way: Way) -> str:
    """The line with its head."""
    *_, before, end = way.points
    dx, dy = (end[0] > before[0]) - (end[0] < before[0]), (end[1] > before[1]) - (end[1] < before[1])
    neck = end[0] - dx * HEAD, end[1] - dy * HEAD
    wings = [(neck[0] - dy * 5, neck[1] - dx * 5), (neck[0] + dy * 5, neck[1] + dx * 5)]
    return element(
        "g",
        element("path", d=_line([*way.points[:-1], neck]), fill_="none", stroke="arrow", stroke_width=1.8),
        element("path", d=f"{_line([end, *wings])}Z", fill="arrow"),
        data_way=f"{way.source} {' '.join(way.targets)}",
        data_ports=way.ports,
        data_via=" ".join(way.via) or None,
        data_points=" ".join(f"{number(x)},{number(y)}" for x, y in way.points),
    )


def _line(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def label(way: Way) -> str:
    """The ports on the line."""
    if not way.ports:
        return ""
    x, y = way.label
    w = svg.width(way.ports, LABEL, bold=True) + 14
    box = Box(x - w / 2, y - PILL / 2, w, PILL)
    return element(
        "g",
        rect(box, fill="paper", stroke="arrow", rx=PILL / 2),
        svg.text(x, y + LABEL * 0.36, way.ports, LABEL, True, "ink", "middle"),
        data_label=way.ports,
        data_box=svg.written(box),
    )
