"""The picture of an environment: its architecture with zones, tiers and price, and who reaches whom."""

from review.environment import PROJECT
from review.picture import frames, svg, ways
from review.picture.beside import beside
from review.picture.cards import count
from review.picture.facts import facts
from review.picture.lines import lines
from review.picture.plan import MARGIN, WIDTH, plan
from review.picture.svg import Box, element, rect
from review.price.bill import monthly
from review.price.report import money
from review.price.table import table
from review.reach.matrix import Matrix
from review.resolve import Nest

FACT = 15  # size of type
HEAD = 150  # where the head ends


def picture(env: str, nest: Nest, region: str, theme: str = "") -> str:
    """The SVG of a resolved environment."""
    matrix = Matrix(nest.flat["Resources"])
    top = list(_head(env, nest, region, matrix))
    drawn = plan(matrix, HEAD)
    side = beside(matrix, drawn)
    cells = ways.reached(matrix)
    found = list(lines(matrix, cells, drawn, side))
    h = max(drawn.vpc.bottom, side.bottom) + 16
    frame = Box(MARGIN, drawn.region_y, WIDTH - 2 * MARGIN, h - drawn.region_y)
    foot = list(_foot(ways.others(cells, found), region, frame.bottom + 26))
    body = [
        *top,
        *frames.draw(matrix.network, drawn, frame, region),
        *side.fields(),
        *(ways.draw(way) for way in found),
        *frames.over(matrix.network, drawn),
        *side.cards(),
        *(ways.label(way) for way in found),
        *foot,
    ]
    height = frame.bottom + 26 + 20 * len(foot)
    return svg.document(WIDTH, height, f"Architecture of {env}", _description(env, matrix), body, theme)


def _head(env, nest, region, matrix):
    """Name, price, and the answers to what is asked first."""
    bill = monthly(nest, region)
    zones = len({str(each.get("AvailabilityZone")) for _, each in matrix.network.of_type("AWS::EC2::Subnet")})
    yield svg.text(MARGIN, 46, f"{PROJECT}, {env}", 30, bold=True)
    made = f"{count(len(nest.flat['Resources']), 'resource')} in {region}, {count(zones, 'Availability Zone')}"
    yield svg.text(MARGIN, 71, made, FACT, fill="muted")
    yield svg.text(WIDTH - MARGIN, 46, f"{money(bill.month)} a month", 30, bold=True, anchor="end")
    most = monthly(nest, region, most=True)
    grows = f" at the fewest tasks, {money(most.month)} at the most" if most.month != bill.month else ""
    yield svg.text(WIDTH - MARGIN, 71, f"list price{grows}", FACT, fill="muted", anchor="end")
    yield from _facts(facts(matrix))


def _facts(asked):
    """A field for each, as wide as its words and an equal share of what is left."""
    needed = [
        max(svg.width(question, 14), svg.width(answer, FACT, bold=True)) + 20 for question, answer in asked.items()
    ]
    share = (WIDTH - 2 * MARGIN - sum(needed) - 10 * (len(needed) - 1)) / len(needed)
    x = MARGIN
    for (question, answer), w in zip(asked.items(), needed, strict=True):
        box = Box(x, 88, w + share, 48)
        yield element(
            "g",
            rect(box, fill="plain", rx=6),
            svg.text(x + 10, 107, question, 14, fill="muted"),
            svg.text(x + 10, 126, answer, FACT, bold=True),
            data_fact=question,
            data_box=svg.written(box),
        )
        x = box.right + 10


def _description(env, matrix):
    asked = "; ".join(f"{question}: {answer}" for question, answer in facts(matrix).items())
    return f"Drawn from the templates for {env}. {asked}."


def _foot(beside, region, y):
    """How to read it, and what is reached beside the lines."""
    read = table(region).read
    told = [
        "Arrows: who opens connections to whom, on these TCP ports, as routes, security groups and network ACLs allow.",
        *(f"Also: {words}." for words in beside),
        f"AWS chooses the zones of database and tasks. Drawn from the templates; prices of {read}.",
    ]
    for number, words in enumerate(told):
        yield svg.text(MARGIN, y + 20 * number, words, 14, fill="muted")
