"""Where the lines of the ways run."""

from collections.abc import Iterator

from review.picture import svg
from review.picture.beside import Beside
from review.picture.lanes import SUBNET
from review.picture.plan import GAP, Plan
from review.picture.ways import HEAD, Cell, Way, between, short
from review.reach.matrix import Matrix
from review.reach.network import INTERNET
from review.reach.parties import BALANCER, DATABASE, ENDPOINT, TASKS
from review.reach.promises import SERVICES, SHELL

HTTPS = "443"  # by which AWS's services are called
PAST = 16  # from a subnet's frame over its name's ends, and some air


def lines(matrix: Matrix, cells: list[Cell], plan: Plan, side: Beside) -> Iterator[Way]:
    """Every way with a line of its own."""
    boxes = {place.party.title: place.box for kind in (BALANCER, TASKS) for place in plan.places(kind) if place.party}
    gateways = tuple(title for title, _ in matrix.network.of_type("AWS::EC2::InternetGateway"))
    for _, balancer, ports in between(cells, INTERNET, BALANCER):
        box = boxes[balancer.title]
        x = box.middle[0]
        yield _down(plan, INTERNET, balancer.title, ports, x, plan.internet.bottom, box.y, gateways)
    for balancer, tasks, ports in between(cells, BALANCER, TASKS):
        x = boxes[balancer.title].middle[0]
        yield _down(plan, balancer.title, tasks.title, ports, x, boxes[balancer.title].bottom, boxes[tasks.title].y)
    for tasks, instance, ports in between(cells, TASKS, DATABASE):
        box = next(place.box for place in plan.places(DATABASE) if place.party.title == instance.title)
        x = _past_names(matrix.network, plan, box)
        yield _down(plan, tasks.title, instance.title, ports, x, boxes[tasks.title].bottom, box.y)
    for tasks, _, ports in between(cells, TASKS, INTERNET):
        yield from _out(plan, tasks, ports, boxes[tasks.title], gateways)
    if side.called:
        for tasks in matrix.of_kind(TASKS):
            yield from _to_services(matrix, cells, plan, side.called, tasks, boxes[tasks.title])


def _down(plan, source, target, ports, x, y, end, via=()):
    """A line straight down or up; its label stands in the first gap on its way."""
    low, high = sorted((y, end))
    gaps = sorted(((top + bottom) / 2 for top, bottom in plan.gaps), reverse=end < y)
    middle = next((gap for gap in gaps if low + 8 < gap < high - 8), (low + high) / 2)
    return Way(source, (target,), short(ports), [(x, y), (x, end)], (x, middle), via)


def _past_names(network, plan, box):
    """The x at which a line comes down on a box: its middle, or beside the subnets' names where zones meet."""
    zone = next(zone for zone in plan.zones if zone.x <= box.middle[0] <= zone.right)
    name = max(svg.width(str(network.block(title)), 14) for tier in plan.tiers for title in tier.subnets)
    if zone is plan.zones[0]:
        return min(box.middle[0], zone.right - SUBNET - PAST - name)
    return max(box.middle[0], zone.x + SUBNET + PAST + name)


def _out(plan, tasks, ports, box, gateways):
    """Up to the internet: through each NAT gateway, or straight."""
    nats = [place for place in plan.places(BALANCER) if place.party is None]
    for place in nats:
        x = place.box.middle[0]
        yield _down(plan, tasks.title, INTERNET, ports, x, box.y, plan.internet.bottom, (*place.card.holds, *gateways))
    if not nats:
        yield _down(plan, tasks.title, INTERNET, ports, box.x + 60, box.y, plan.internet.bottom, gateways)


def _to_services(matrix, cells, plan, called, tasks, box):
    """To AWS's services: through the endpoints beside the tasks, or by the internet."""
    names = SERVICES + SHELL * bool(matrix.network.resources[tasks.title]["Properties"].get("EnableExecuteCommand"))
    found = matrix.services(tasks, names)
    inside = {
        target.title: short(ports) for source, target, ports in between(cells, TASKS, ENDPOINT) if source == tasks
    }
    for place in plan.endpoints:
        low = max(box.y, place.box.y, called.y) + 8
        high = min(box.bottom, place.box.bottom, called.bottom) - 8
        y = min(max(place.box.middle[1], low), high)
        served = tuple(name for name in place.card.lines if found.get(name) == "endpoint")
        yield from _into(plan, tasks, box, place, served, inside, y)
        if served:
            end = (called.x, y)
            yield Way(place.card.holds[0], served, "", [(place.box.right, y), end], end)
    outside = tuple(name for name, way in found.items() if way == "internet")
    if outside:
        x, y = called.x - GAP / 2, called.y + 14
        points = [(x, plan.internet.bottom), (x, y), (called.x, y)]
        yield Way(INTERNET, outside, HTTPS, points, (x, sum(plan.gaps[0]) / 2))


def _into(plan, tasks, box, place, served, inside, y):
    """From the tasks into endpoints: interfaces by the matrix, gateways, which have no address, if they serve."""
    reached = [title for title in place.card.holds if title in inside]
    ports = inside[reached[0]] if reached else HTTPS
    targets = tuple(title for title in reached if inside[title] == ports) or place.card.holds
    if reached or served:
        middle = (plan.zones[-1].right + place.box.x - HEAD) / 2, y
        yield Way(tasks.title, targets, ports, [(box.right, y), (place.box.x, y)], middle)
