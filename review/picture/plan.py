"""Where everything of an environment's picture stands, by rules: a row for each tier, a column for each zone.

The internet is a bar above the region, what is called by the tasks is at the right; so nearly every way is a straight
line. Ways run in the gaps between tiers and past the names of subnets, which stand where zones meet.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from review.picture import cards, svg, tiles
from review.picture.cards import Card
from review.picture.svg import Box
from review.reach.matrix import Matrix
from review.reach.network import Network
from review.reach.parties import BALANCER, DATABASE, TASKS, Party

WIDTH = 1200
MARGIN = 20
PANEL = 232  # of services beside the VPC
ENDPOINT = 120
GUTTER = 104  # where the tiers are named
ZONE_GAP, TIER_GAP, LANE_GAP = 16, 30, 54
GAP = 40  # where ways run between what is large
BESIDE = 60  # between the zones and the endpoints: room for a label
BAR = 52  # the height of the internet
GATEWAY = 30  # of the internet gateway
NAME = 28  # the height of a frame's name
SUBNET = 8  # from a zone's frame to its subnets'
NAT = 112


@dataclass
class Place:
    """A card and where it stands."""

    card: Card
    box: Box
    upright: bool = False
    party: Party | None = None


@dataclass
class Lane:
    """What stands beside each other in a tier."""

    kind: str
    places: list[Place]

    @property
    def height(self) -> float:
        return max(place.box.h for place in self.places)


@dataclass
class Tier:
    """The subnets of one kind, one in each zone."""

    title: str
    note: str
    subnets: list[str]
    lanes: list[Lane]
    y: float = 0
    bottom: float = 0


@dataclass
class Plan:
    """What is where."""

    internet: Box
    region_y: float
    vpc: Box
    gateway: Box  # the internet gateway, on the edge of the VPC
    zones: list[Box]
    tiers: list[Tier]
    endpoints: list[Place]
    gaps: list[tuple[float, float]] = field(
        default_factory=list
    )  # (top, bottom) of the rows where labels of ways stand

    def places(self, kind: str) -> list[Place]:
        """What stands in the lanes of a kind."""
        return [place for tier in self.tiers for lane in tier.lanes if lane.kind == kind for place in lane.places]


def plan(matrix: Matrix, y: float) -> Plan:
    """Where everything stands of an environment, from y on."""
    internet = Box(MARGIN, y, WIDTH - 2 * MARGIN, BAR)
    region_y = internet.bottom + GAP
    x, vpc_y = MARGIN + 14, region_y + 48
    right = WIDTH - MARGIN - 14 - PANEL - GAP - ENDPOINT / 2
    zones = list(_columns(matrix.network, x + 12 + GUTTER, right - ENDPOINT / 2 - BESIDE, vpc_y + GATEWAY / 2 + 14))
    gateway = Box(zones[0].x, vpc_y - GATEWAY / 2, zones[-1].right - zones[0].x, GATEWAY)
    drawn = Plan(internet, region_y, Box(x, vpc_y, right - x, 0), gateway, zones, list(tiers_of(matrix, zones)), [])
    drawn.gaps.append((internet.bottom, region_y))
    bottom = _stack(drawn, zones[0].y + NAME) + SUBNET
    drawn.zones = [zone._replace(h=bottom - zone.y) for zone in zones]
    drawn.endpoints = list(_endpoints(matrix.network, drawn, right))
    bottom = max([bottom, *(place.box.bottom for place in drawn.endpoints)])
    drawn.vpc = drawn.vpc._replace(h=bottom + 14 - vpc_y)
    return drawn


def _columns(network, x, right, y):
    names = zones_of(network)
    w = (right - x - ZONE_GAP * (len(names) - 1)) / len(names)
    for number in range(len(names)):
        yield Box(x + number * (w + ZONE_GAP), y, w, 0)


def _endpoints(network, drawn, x):
    """On the edge of the VPC, beside the tasks."""
    found = cards.endpoints(network)
    heights = [tiles.height(card, ENDPOINT, upright=True) for card in found]
    beside = drawn.places(TASKS)[0].box if drawn.places(TASKS) else drawn.zones[0]
    y = max(beside.middle[1] - (sum(heights) + 12 * (len(found) - 1)) / 2, drawn.vpc.y + 24)
    for card, h in zip(found, heights, strict=True):
        yield Place(card, Box(x - ENDPOINT / 2, y, ENDPOINT, h), upright=True)
        y += h + 12


def subnet_zone(network: Network, subnet: str) -> str:
    """Which zone a subnet is in, as text to compare by."""
    return str(network.resources[subnet]["Properties"].get("AvailabilityZone"))


def zones_of(network: Network) -> list[str]:
    """The zones in the order of the subnets."""
    return list(dict.fromkeys(subnet_zone(network, title) for title, _ in network.of_type("AWS::EC2::Subnet")))


def tiers_of(matrix: Matrix, zones: list[Box]) -> Iterator[Tier]:
    """The tiers from the internet inwards, with what stands in them."""
    network = matrix.network
    alike: dict[str, list[str]] = {}
    for title, _ in network.of_type("AWS::EC2::Subnet"):
        alike.setdefault(title.rstrip("0123456789"), []).append(title)
    for subnets in alike.values():
        lanes = [Lane(kind, places) for kind, places in _lanes(matrix, set(subnets), zones) if places]
        only = {lane.kind for lane in lanes}
        public = network.has_gateway(subnets[0])
        title = "Public subnets" if public else "Database subnets" if only == {DATABASE} else "Private subnets"
        yield Tier(title, _way_out(network, subnets, bool(lanes)), subnets, lanes)


def _way_out(network, subnets, used):
    """How connections leave these subnets."""
    if network.has_gateway(subnets[0]):
        return "straight to the internet"
    if network.has_nat(subnets[0]):
        return "out by a NAT gateway"
    inside = [
        network.meant(each)
        for _, point in network.of_type("AWS::EC2::VPCEndpoint")
        for each in point.get("SubnetIds", [])
    ]
    way = "out to S3 only" if network.gateway_endpoints(subnets[0]) else "no way out"
    way = "out to AWS's services only" if subnets[0] in inside else way
    return way if used else f"empty, {way}"


def _lanes(matrix, subnets, zones):
    """(kind, places) from top to bottom; only x and sizes are decided yet."""
    network = matrix.network
    here = {kind: [party for party in matrix.of_kind(kind) if set(party.subnets) & subnets] for kind in _KINDS}
    edge = [*_balancers(network, here[BALANCER], zones), *_nats(network, subnets, zones)]
    yield BALANCER, edge
    for party in here[TASKS]:
        yield TASKS, [_service(network, party, zones)]
    yield DATABASE, list(_databases(network, here[DATABASE], zones))


_KINDS = (BALANCER, TASKS, DATABASE)


def middle_of(zones: list[Box]) -> float:
    """The x where zones meet."""
    return (zones[0].x + zones[-1].right) / 2


def _balancers(network, parties, zones):
    for party in parties:
        card = cards.balancer(network, party)
        room = max(svg.width(words, tiles.TITLE, bold=True) for words in [card.title])
        w = room + tiles.SIGN + 3 * tiles.PAD + 4
        yield Place(card, Box(middle_of(zones) - w / 2, 0, w, tiles.height(card, w)), party=party)


def _nats(network, subnets, zones):
    order = zones_of(network)
    for title, properties in network.of_type("AWS::EC2::NatGateway"):
        subnet = network.meant(properties["SubnetId"])
        if subnet in subnets:
            zone = zones[order.index(subnet_zone(network, subnet))]
            card = Card((title,), "nat", "NAT gateway")
            x = zone.x + SUBNET + 10 if zone.x < middle_of(zones) else zone.right - SUBNET - 10 - NAT
            yield Place(card, Box(x, 0, NAT, tiles.height(card, NAT, upright=True)), upright=True)


TASK = 84  # the height of a task
SERVICE_PAD = 12


def _service(network, party, zones):
    card = cards.service(network, party)
    x, right = zones[0].x + SUBNET + 10, zones[-1].right - SUBNET - 10
    head = tiles.height(card, right - x)
    return Place(card, Box(x, 0, right - x, head + TASK + SERVICE_PAD), party=party)


def _databases(network, parties, zones):
    """The first instance in the first zone, the next card in the next zone, and so on."""
    found = [(party, card) for party in parties for card in cards.database(network, party)]
    found.sort(key=lambda each: ("database", "standby", "replica").index(each[1].glyph))
    turn = [*range(len(zones)), *reversed(range(len(zones)))]
    by_zone: dict[int, list] = {}
    for number, each in enumerate(found):
        by_zone.setdefault(turn[number % len(turn)], []).append(each)
    upright = max(map(len, by_zone.values()), default=0) > 1
    for index, here in sorted(by_zone.items()):
        inner = zones[index].inset(SUBNET + 10)
        w = (inner.w - 10 * (len(here) - 1)) / len(here)
        for number, (party, card) in enumerate(here):
            box = Box(inner.x + number * (w + 10), 0, w, tiles.height(card, w, upright))
            yield Place(card, box, upright, party)


def _stack(plan, y):
    """Give every tier and what is in it its y, from y on; returns where the last one ends."""
    for tier in plan.tiers:
        tier.y, y = y, y + NAME
        for number, lane in enumerate(tier.lanes):
            if number:
                plan.gaps.append((y, y + LANE_GAP))
                y += LANE_GAP
            tallest = lane.height
            for place in lane.places:
                h = tallest if lane.kind == DATABASE else place.box.h
                place.box = place.box._replace(y=y + (tallest - h) / 2, h=h)
            y += tallest
        y = max(y + 14, tier.y + gutter_height(tier) + 8)
        tier.bottom = y
        y += TIER_GAP
    plan.gaps += [(upper.bottom, lower.y) for upper, lower in pairwise(plan.tiers)]
    return y - TIER_GAP


def subnet(tier: Tier, zone: Box) -> Box:
    """Where a tier's subnet in a zone is."""
    return Box(zone.x + SUBNET, tier.y, zone.w - 2 * SUBNET, tier.bottom - tier.y)


def gutter_height(tier: Tier) -> float:
    """How high the words beside a tier are."""
    return sum(tile.height for tile in gutter(tier))


def gutter(tier: Tier) -> list[tiles.Row]:
    """The words beside a tier."""
    title = [tiles.Row(words, bold=True) for words in svg.wrap(tier.title, GUTTER - 12, tiles.TITLE, bold=True)]
    return title + [tiles.Row(words) for words in svg.wrap(tier.note, GUTTER - 12, tiles.TEXT)]
