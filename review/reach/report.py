"""The matrix of an environment as lines of text."""

from collections.abc import Iterator

from review.reach.matrix import Matrix
from review.reach.network import INTERNET
from review.reach.parties import TASKS, THE_INTERNET
from review.reach.promises import SERVICES, SHELL, broken
from review.resolve import Nest


def lines(env: str, nest: Nest) -> Iterator[str]:
    """Who opens a connection to whom on which ports, which rules of security groups say so, and what does not hold."""
    matrix = Matrix(nest.flat["Resources"])
    faults = broken(matrix)
    yield f"{env}: who opens a connection to whom, on which ports"
    yield ""
    yield from table(rows(matrix))
    yield ""
    yield from (f"  {line}" for line in services(matrix, nest))
    yield ""
    yield from rules(matrix)
    yield ""
    if not faults:
        yield "  The promise holds: internet -> load balancer -> tasks -> database, and the database reaches nothing."
    yield from (f"  BROKEN: {fault}" for fault in faults)


def services(matrix: Matrix, nest: Nest) -> Iterator[str]:
    """Which services of AWS the tasks reach, and by which way."""
    for tasks in matrix.of_kind(TASKS):
        names = SERVICES + SHELL * bool(nest.flat["Resources"][tasks.title]["Properties"].get("EnableExecuteCommand"))
        ways = matrix.services(tasks, names)
        reached = ", ".join(f"{service} ({way or 'not at all'})" for service, way in ways.items())
        yield f"{tasks.title} reaches AWS's services by HTTPS: {reached}"


def rows(matrix: Matrix) -> list[list[str]]:
    """The matrix: a head, then a row for each source with a cell for each target."""
    everyone = [THE_INTERNET, *matrix.parties]
    head = ["from \\ to", *(party.title for party in everyone)]
    return [head, *([source.title, *(_cell(matrix, source, target) for target in everyone)] for source in everyone)]


def table(found: list[list[str]]) -> Iterator[str]:
    """Rows as lines, in columns."""
    widths = [max(len(row[column]) for row in found) for column in range(len(found[0]))]
    for row in found:
        yield "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _cell(matrix, source, target):
    if source.title == target.title == INTERNET:
        return ""
    way = matrix.way(source, target)
    return str(way.some) + " (not all)" * (way.some != way.every)


def rules(matrix: Matrix) -> Iterator[str]:
    """The inbound rules of each security group, as a table of the architecture has them."""
    for group, _ in matrix.network.of_type("AWS::EC2::SecurityGroup"):
        for rule in matrix.network.rules(group, "Ingress"):
            yield f"  {group:<30} {rule.ports!s:<12} from {rule.cidr or rule.group}"
