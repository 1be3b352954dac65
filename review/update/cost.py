"""What a change costs: the list prices of a nest before and after it."""

from review.price.bill import changes, monthly
from review.price.report import cents, money
from review.problem import Problem
from review.resolve import Nest
from review.update.compare import path_of

SHOWN = 3  # resources; the others make less of a difference


def line(before: Nest, after: Nest, region: str) -> str:
    """The price a month before and after, and which resources make most of the difference.

    A price that is not in the table, or a region without one, is said: a plan is not held up by it.
    """
    try:
        old, new = monthly(before, region), monthly(after, region)
    except Problem as problem:
        return f"price not known: {problem}"
    differences = changes(old, new)
    if not differences:
        return f"list price: {money(new.month)} a month, as before"
    most = sorted(differences, key=lambda title: -abs(differences[title]))[:SHOWN]
    old_price = money(old.month) if old.charges else "nothing"
    told = ", ".join(
        f"{path_of(title, after if title in after.origin else before)} {_signed(differences[title])}" for title in most
    )
    rest = f", {len(differences) - SHOWN} more" if len(differences) > SHOWN else ""
    return f"list price: {old_price} -> {money(new.month)} a month ({told}{rest})"


def _signed(usd):
    return ("-" if usd < 0 else "+") + cents(abs(usd))
