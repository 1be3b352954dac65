"""How fast others are served while something is going on, held against how fast they are otherwise: pure functions."""

from collections.abc import Sequence

from drills.result import Bound
from drills.visitors.visitor import Request

TIMES = 2.0
# Seconds below which nobody is called slow: two processors that others use as well stall for some tenths.
FLOOR = 0.3
ENOUGH = 50  # requests; a 99th percentile of fewer is no measure


def percentile(values: Sequence[float], share: float) -> float:
    """The value that share (0 to 1) of the values do not exceed; ValueError if there are none."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def as_fast_as_usual(requests: Sequence[Request], begun: float, gone: float) -> Bound:
    """Requests that began between begun and gone against those before: the 99th percentile of how long they took."""
    before = [request.seconds for request in requests if request.at < begun]
    during = [request.seconds for request in requests if begun <= request.at < gone]
    says = f"others are served within {TIMES:g} times their usual 99th percentile, or {FLOOR * 1000:.0f} ms"
    if min(len(before), len(during)) < ENOUGH:
        return Bound(says, False, f"too few to say so: {len(before)} before, {len(during)} meanwhile")
    usual, now = percentile(before, 0.99), percentile(during, 0.99)
    seen = f"{usual * 1000:.0f} ms usually, {now * 1000:.0f} ms meanwhile"
    return Bound(says, now <= max(TIMES * usual, FLOOR), seen)
