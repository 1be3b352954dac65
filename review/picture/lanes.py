"""What stands in the subnets of a tier, in lanes from top to bottom; how high, and at which x."""

from collections.abc import Iterator
from dataclasses import dataclass

from review.picture import cards, svg, tiles
from review.picture.cards import Card
from review.picture.svg import Box
from review.reach.matrix import Matrix
from review.reach.network import Network
from review.reach.parties import BALANCER, DATABASE, TASKS, Party

SUBNET = 8  # from a zone's frame to its subnets'
NAT = 112
TASK = 84  # the height of a task
SERVICE_PAD = 12
_KINDS = (BALANCER, TASKS, DATABASE)


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


def subnet_zone(network: Network, subnet: str) -> str:
    """Which zone a subnet is in, as text to compare by."""
    return str(network.resources[subnet]["Properties"].get("AvailabilityZone"))


def zones_of(network: Network) -> list[str]:
    """The zones in the order of the subnets."""
    return list(dict.fromkeys(subnet_zone(network, title) for title, _ in network.of_type("AWS::EC2::Subnet")))


def lanes_of(matrix: Matrix, subnets: set[str], zones: list[Box]) -> Iterator[tuple[str, list[Place]]]:
    """(kind, places) from top to bottom; only x and sizes are decided yet."""
    network = matrix.network
    here = {kind: [party for party in matrix.of_kind(kind) if set(party.subnets) & subnets] for kind in _KINDS}
    edge = [*_balancers(network, here[BALANCER], zones), *_nats(network, subnets, zones)]
    yield BALANCER, edge
    for party in here[TASKS]:
        yield TASKS, [_service(network, party, zones)]
    yield DATABASE, list(_databases(network, here[DATABASE], zones))


def middle_of(zones: list[Box]) -> float:
    """The x where zones meet."""
    return (zones[0].x + zones[-1].right) / 2


def _balancers(network, parties, zones):
    for party in parties:
        card = cards.balancer(network, party)
        w = svg.width(card.title, tiles.TITLE, bold=True) + tiles.SIGN + 3 * tiles.PAD + 4
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
