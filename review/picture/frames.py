"""Region, VPC, zones, subnets and what spans them, in the lines that AWS's diagrams have."""

from collections.abc import Iterator

from review.picture import cards, svg, tiles
from review.picture import plan as planning
from review.picture.glyphs import icon
from review.picture.lanes import SERVICE_PAD, SUBNET, TASK, subnet_zone, zones_of
from review.picture.plan import Plan, gutter
from review.picture.svg import Box, element, rect
from review.reach.network import Network
from review.reach.parties import TASKS

SIGN = 20
HOST = 200  # of the internet's bar, what is not for the host's name
CALL = 22  # from a container to the next


def draw(network: Network, drawn: Plan, region: Box, name: str) -> Iterator[str]:
    """What stands behind: frames and their names."""
    yield _frame(region, "region", [f"Region {name}"], dash="2 4")
    for title, properties in network.of_type("AWS::EC2::VPC"):
        yield _frame(drawn.vpc, "vpc", ["VPC", properties["CidrBlock"]], holds=title)
    for number, zone in enumerate(drawn.zones):
        yield element(
            "g",
            rect(zone, fill_="none", stroke="zone", stroke_width=1.4, stroke_dasharray="7 5", rx=4),
            _inner(zone, f"Availability Zone {number + 1}", "zone", number == 0, bold=True),
            data_frame="zone",
            data_box=svg.written(zone),
        )
    for tier in drawn.tiers:
        yield from _tier(network, drawn, tier)


def _frame(box, role, name, dash=None, holds=None):
    """A frame whose sign and name, of one line or two, stand in its corner."""
    first, *more = name
    return element(
        "g",
        rect(box, fill_="none", stroke=role, stroke_width=1.6, stroke_dasharray=dash),
        icon(role, box.x, box.y, SIGN + 6),
        svg.text(box.x + SIGN + 14, box.y + 19, first, 15, bold=True, fill=role),
        *(svg.text(box.x + 8, box.y + 45, words, 14, fill=role) for words in more),
        data_frame=role,
        data_holds=holds,
        data_box=svg.written(box),
    )


def _inner(box, name, role, first, bold=False):
    """The name of a frame where the zones meet, out of the way of what comes down."""
    x = box.right - 10 if first else box.x + 10
    return svg.text(x, box.y + 20, name, 14, bold, role, "end" if first else "start")


def _tier(network, drawn, tier):
    order = zones_of(network)
    role = "public" if network.has_gateway(tier.subnets[0]) else "private"
    for title in tier.subnets:
        zone = drawn.zones[order.index(subnet_zone(network, title))]
        box, first = planning.subnet(tier, zone), zone == drawn.zones[0]
        yield element(
            "g",
            rect(box, fill=f"{role}-field", stroke=role, stroke_width=1.2),
            icon("open" if role == "public" else "closed", box.x if first else box.right - SIGN, box.y, SIGN),
            _inner(box, str(network.block(title)), role, first),
            data_frame=role,
            data_holds=title,
            data_box=svg.written(box),
        )
    y = tier.y + 2
    for row in gutter(tier):
        size = tiles.TITLE if row.bold else tiles.TEXT
        x = drawn.zones[0].x - 12
        yield svg.text(x, y + size, row.words, size, row.bold, role if row.bold else "muted", "end")
        y += row.height


def over(network: Network, drawn: Plan) -> Iterator[str]:
    """What stands in front of the ways: the internet, its gateway, and all cards in the VPC."""
    yield from _internet(network, drawn)
    for tier in drawn.tiers:
        for lane in tier.lanes:
            for place in lane.places:
                yield from (_service if lane.kind == TASKS else _card)(network, drawn, place)
    for place in drawn.endpoints:
        yield from _card(network, drawn, place)


def _card(network, drawn, place):
    yield tiles.draw(place.card, place.box, place.upright)


def _internet(network, drawn):
    box = drawn.internet
    found = dict(cards.names(network))
    host = next(iter(found.values()), "")
    yield element(
        "g",
        rect(box, fill="card", stroke="edge", rx=6),
        icon("internet", box.x + 10, box.y + 7, 38),
        svg.text(box.x + 60, box.middle[1] + 5, "Internet", 16, bold=True),
        data_card="Internet",
        data_holds="internet",
        data_box=svg.written(box),
    )
    if host:
        words = svg.shortened(f"{host} leads to the load balancer", box.w - HOST, 14)
        x = box.right - 14 - svg.width(words, 14)
        yield element(
            "g",
            icon("names", x - 34, box.middle[1] - 13, 26),
            svg.text(x, box.middle[1] + 5, words, 14, fill="muted"),
            data_holds=" ".join(found),
        )
    for title, _ in network.of_type("AWS::EC2::InternetGateway"):
        yield _gateway(drawn.gateway, title)


def _gateway(box, title):
    return element(
        "g",
        rect(box, fill="card", stroke="vpc", rx=6),
        icon("gateway", box.x + 5, box.y + 4, 22),
        svg.text(box.x + 36, box.middle[1] + 5, "Internet gateway", 14, bold=True),
        data_card="Internet gateway",
        data_holds=title,
        data_box=svg.written(box),
    )


def _service(network, drawn, place):
    """A service over the zones, with a task in each; with one task, it may run in any."""
    box = place.box
    yield element(
        "g",
        rect(box, fill="card", stroke="compute", stroke_width=1.4, rx=6),
        tiles.draw(place.card, box, framed=False),
    )
    least = cards.tasks_at_least(network, place.party)
    names = cards.containers(network, place.party)
    for number, zone in enumerate(drawn.zones):
        x = box.x + SERVICE_PAD if number == 0 else zone.x + SUBNET
        right = box.right - SERVICE_PAD if number == len(drawn.zones) - 1 else zone.right - SUBNET
        tile = Box(x, box.bottom - SERVICE_PAD - TASK, right - x, TASK)
        yield from (_task(tile, names) if number < least else _maybe(tile))


def _task(box, names):
    """A task: what runs in it, in the order of a request."""
    yield element(
        "g",
        rect(box, fill="plain", stroke="edge", rx=5),
        icon("task", box.x + 8, box.y + 8, SIGN + 2),
        svg.text(box.x + 38, box.y + 24, "Task", 14, bold=True),
        *_containers(box, names),
        data_card="Task",
        data_box=svg.written(box),
    )


def _containers(box, names):
    widths = [svg.width(name, 14) + 14 for name in names]
    x = box.x + (box.w - sum(widths) - CALL * (len(names) - 1)) / 2
    for number, (name, w) in enumerate(zip(names, widths, strict=True)):
        chip = Box(x, box.bottom - 40, w, 28)
        tip, y = chip.x - 3, chip.middle[1]
        if number:
            line = f"M{svg.number(tip - 16)} {svg.number(y)}h10"
            yield element("path", d=line, stroke="arrow", stroke_width=1.6)
            yield element("path", d=f"M{svg.number(tip)} {svg.number(y)}l-7 -4v8z", fill="arrow")
        yield element(
            "g",
            rect(chip, fill="card", stroke="compute", rx=4),
            svg.text(chip.middle[0], y + 5, name, 14, anchor="middle"),
            data_card=name,
            data_box=svg.written(chip),
        )
        x += w + CALL


def _maybe(box):
    yield rect(box, fill_="none", stroke="edge", stroke_dasharray="5 4", rx=5)
    lines = ["The one task runs", "in either zone"]
    for number, words in enumerate(lines):
        yield svg.text(box.middle[0], box.middle[1] - 4 + 19 * number, words, 14, fill="muted", anchor="middle")
