"""Where everything of an environment's picture stands, by rules: a row for each tier, a column for each zone.

The internet is a bar above the region, what is called by the tasks is at the right; so nearly every way is a straight
line. Ways run in the gaps between tiers and past the names of subnets, which stand where zones meet.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from review.picture import cards, svg, tiles
from review.picture.lanes import SUBNET, Lane, Place, lanes_of, zones_of
from review.picture.svg import Box
from review.reach.matrix import Matrix
from review.reach.parties import DATABASE, TASKS

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
    gaps: list[tuple[float, float]] = field(default_factory=list)  # (top, bottom) of where labels of ways stand

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


def tiers_of(matrix: Matrix, zones: list[Box]) -> Iterator[Tier]:
    """The tiers from the internet inwards, with what stands in them."""
    network = matrix.network
    alike: dict[str, list[str]] = {}
    for title, _ in network.of_type("AWS::EC2::Subnet"):
        alike.setdefault(title.rstrip("0123456789"), []).append(title)
    for subnets in alike.values():
        lanes = [Lane(kind, places) for kind, places in lanes_of(matrix, set(subnets), zones) if places]
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
