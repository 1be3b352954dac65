"""The price of an environment as lines of text."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby

from review import workspace
from review.price.bill import Bill, monthly, remaining
from review.price.choices import alternatives
from review.price.table import table
from review.price.traffic import Traffic, inputs

# What is left out: no template and no assumption says how much of it there will be, or it is not this stack's.
LEFT_OUT = [
    "the free tier of new accounts, savings plans, reservations, taxes",
    "CPU credits of burstable database classes that are busy for long, $0.075 a vCPU-hour",
    "requests to keys and secrets, e-mails, saved queries when somebody runs them: cents",
    "the hosted zone of a domain name, which exists beforehand: $0.50 a month",
]


def lines(env: str, region: str, traffic: Traffic) -> Iterator[str]:
    """The price of an environment: its sum, each resource, what else it could be, what was assumed."""
    nest = workspace.load(env, region).nest
    least, most = (monthly(nest, region, traffic, most) for most in (False, True))
    before = monthly(workspace.bootstrap(env, region), region, traffic)
    after = remaining(nest, region, traffic)
    yield f"{env}: {money(least.month)} a month, {cents(least.hour)} an hour, {cents(least.lab)} a lab of four hours"
    yield f"  List prices of {region}, read {table(region).read}. At the most tasks: {money(most.month)} a month."
    yield f"  {cents(least.by_use)} of it hangs on traffic; destroyed, {cents(after.month)} a month goes on."
    yield ""
    yield from _resources(nest, least)
    yield _row("  Bootstrap, beside it: repositories and a bucket", "", "", before.month)
    yield ""
    yield from _alternatives(alternatives(env, region, traffic, least))
    yield ""
    yield '  Assumed; TRAFFIC="requests=5000000" changes it:'
    for name, (attribute, meaning) in inputs().items():
        yield f"    {name:<20} {getattr(traffic, attribute):>10f}  {meaning}"
    yield "  Not counted:"
    yield from (f"    {text}" for text in LEFT_OUT)
    yield f"  * one source only; the sources of every price stand in review/prices/{region}.toml"


def money(usd: Decimal) -> str:
    """Whole dollars from ten up, else with cents."""
    return f"${usd.quantize(Decimal(1), ROUND_HALF_UP)}" if abs(usd) >= 10 else cents(usd)


def cents(usd: Decimal) -> str:
    """With cents."""
    return f"${usd.quantize(Decimal('0.01'), ROUND_HALF_UP)}"


def _row(label, amount, each, usd):
    return f"{label[:64]:<64} {amount:>22} {each:>11} {cents(usd)[1:]:>9}"


def _resources(nest, bill: Bill):
    """Each line of the bill by stack; lines that are alike are one."""
    yield f"{'':<64} {'a month':>22} {'at $':>11} {'$':>9}"
    for file, charges in groupby(bill.charges, lambda charge: nest.origin[charge.resource][0]):
        of_stack = list(charges)
        yield _row(f"  {file.removesuffix('.yaml').capitalize()}", "", "", sum(charge.usd for charge in of_stack))
        alike = {}
        for charge in of_stack:
            alike.setdefault((charge.what, charge.price.name), []).append(charge)
        yield from (_line(nest, same) for same in alike.values())


def _line(nest, charges):
    price, what = charges[0].price, charges[0].what
    titles = list(dict.fromkeys(nest.origin[charge.resource][1] for charge in charges))
    label = f"    {titles[0] if len(titles) == 1 else f'{len(titles)} times'}: {what}"
    each = f"{price.usd.normalize():f}{' ' if price.checked else '*'}"
    return _row(
        label, _amount(sum(charge.quantity for charge in charges), price.per), each, sum(c.usd for c in charges)
    )


def _amount(quantity, per):
    """730 hours; 21 of what is charged by the month."""
    number = f"{quantity:.0f}" if quantity == quantity.to_integral_value() else f"{quantity:.3f}"
    unit = "" if per == "month" else f" {per}{'s' if per.endswith(('hour', 'request')) else ''}"
    return number + unit


def _alternatives(found):
    yield "  Instead (a month, against what is chosen):"
    for _, group in groupby(found, lambda each: each.parameter):
        options = list(group)
        yield f"    {options[0].parameter}={options[0].chosen}"
        for each in options:
            changed = ", ".join(
                value if name == each.parameter else f"{name}={value}" for name, value in each.changes.items()
            )
            price = f"{each.usd:>+9.2f}" if each.usd is not None else f"{'-':>9}"
            yield f"      {changed:<38} {price}  {each.meaning if each.usd is not None else 'refused: ' + each.refused}"
