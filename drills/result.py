"""What a drill has shown: pure functions from what was seen to bounds that held or not, and to text."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from drills.parts.watch import Check
from drills.visitors.ledger import Audit
from drills.visitors.visitor import Request

LONGEST_ANSWER = 6.0  # seconds: the longest waits of app/engine_options.py together, with a replica that hangs
SOONEST_AGAIN = 3.0  # seconds after the fault is gone
ALIVE_WITHIN = 1.0  # seconds
# On a machine with other work each answer may take that long by itself: what it took before the fault is the measure
# then, so many times. Never more than docker/health.py waits.
TIMES_USUAL, LONGEST_ALIVE = 3.0, 4.0


@dataclass(frozen=True)
class Bound:
    """Something that must hold, whether it did, and what was seen."""

    says: str
    held: bool
    seen: str = ""

    def __str__(self) -> str:
        return f"{self.says}: {self.seen}" if self.seen else self.says


@dataclass(frozen=True)
class Result:
    """What came of one drill."""

    drill: str
    injected: str
    bounds: tuple[Bound, ...]
    requests: int = 0
    failed: dict[str, int] = field(default_factory=dict)  # kind of fault: how often
    back: float | None = None  # seconds to full service after the fault was gone
    acknowledged: int = 0  # writes
    lost: int = 0  # of them
    broke: bool = False  # the drill itself: it shows nothing

    @property
    def holds(self) -> bool:
        return bool(self.bounds) and all(bound.held for bound in self.bounds)

    @property
    def broken(self) -> tuple[Bound, ...]:
        return tuple(bound for bound in self.bounds if not bound.held)


def faults(requests: Iterable[Request]) -> dict[str, int]:
    """How many requests failed, by kind, the most frequent first."""
    return dict(Counter(request.fault for request in requests if request.fault).most_common())


def seconds_to_service(requests: Sequence[Request], gone: float) -> float | None:
    """Seconds from the moment at which the fault was gone until the first request after which none failed any more.

    None if there was no such request. requests are in the order of their beginning.
    """
    failed = [request.at for request in requests if request.fault]
    after = max([gone, *failed])
    good = [request.ended for request in requests if request.at > after]
    return max(0.0, min(good) - gone) if good else None


def comes_back(requests: Sequence[Request], gone: float, within: float = SOONEST_AGAIN) -> Bound:
    seconds = seconds_to_service(requests, gone)
    seen = "it did not" if seconds is None else f"{seconds:.1f} s"
    held = seconds is not None and seconds <= within
    return Bound(f"full service within {within:g} s of the fault's end", held, seen)


def waits_are_bounded(requests: Sequence[Request], longest: float = LONGEST_ANSWER) -> Bound:
    slowest = max((request.seconds for request in requests), default=0.0)
    return Bound(f"every answer within {longest:g} s", 0 < slowest <= longest, f"the slowest took {slowest:.1f} s")


def faults_are_only(requests: Sequence[Request], *allowed: str) -> Bound:
    """Nothing failed but in the ways allowed: "503" is one that says when to come again."""
    others = {kind: count for kind, count in faults(requests).items() if kind not in allowed}
    says = f"failures are only {', '.join(allowed)}" if allowed else "nothing fails"
    return Bound(says, bool(requests) and not others, told(others) if others else "")


def fails_at_all(requests: Sequence[Request]) -> Bound:
    """The fault was felt: else the drill shows nothing."""
    count = sum(faults(requests).values())
    return Bound("the fault is felt", count > 0, f"{count} requests failed")


def liveness_stays(checks: Sequence[Check], begun: float) -> Bound:
    """begun is when the fault began: how long answers took before it is what they usually take."""
    live = [check for check in checks if check.path == "/healthz"]
    bad = [check for check in live if check.status != 200]
    slowest = max((check.seconds for check in live), default=0.0)
    usual = max((check.seconds for check in live if check.at < begun), default=0.0)
    within = min(LONGEST_ALIVE, max(ALIVE_WITHIN, TIMES_USUAL * usual))
    seen = f"{len(bad)} of {len(live)} were not, the slowest took {slowest:.2f} s, {usual:.2f} s before the fault"
    held = bool(live) and not bad and slowest <= within
    return Bound(f"/healthz is 200 within {within:.3g} s all the time", held, seen)


def readiness_follows(
    checks: Sequence[Check], begun: float, ending: float, gone: float, within: float = SOONEST_AGAIN
) -> Bound:
    """/readyz says no while the fault lasts (but for its beginning), and yes again soon after it is gone."""
    ready = [check for check in checks if check.path == "/readyz"]
    grace = within + 1.0  # it remembers an answer for a second, and a frozen server takes its time-out to be noticed
    during = [check for check in ready if begun + grace < check.at + check.seconds < ending]
    wrong = [check for check in during if check.status == 200]
    after = [check for check in ready if check.at >= gone + within]
    late = [check for check in after if check.status != 200]
    said_no = any(check.status == 503 for check in ready if begun < check.at + check.seconds)
    seen = f"{len(wrong)} of {len(during)} said yes meanwhile, {len(late)} of {len(after)} no afterwards"
    return Bound("/readyz says no meanwhile and yes afterwards", said_no and bool(after) and not wrong + late, seen)


def all_ready(checks: Sequence[Check]) -> Bound:
    ready = [check for check in checks if check.path == "/readyz"]
    bad = [check for check in ready if check.status != 200]
    return Bound("/readyz says yes all the time", bool(ready) and not bad, f"{len(bad)} of {len(ready)} said no")


def nothing_is_lost(audit: Audit) -> Bound:
    seen = f"{len(audit.lost)} of {audit.acknowledged}"
    return Bound("no acknowledged write is lost", audit.acknowledged > 0 and not audit.lost, seen)


def nothing_is_doubled(audit: Audit) -> Bound:
    return Bound("nothing is stored twice", not audit.doubled, f"{len(audit.doubled)} entries")


def nothing_is_unasked(audit: Audit) -> Bound:
    return Bound("nothing is stored that was refused", not audit.unasked, f"{len(audit.unasked)} entries")


def connections_are_given_back(before: int, after: int, most: int) -> Bound:
    """before and after are the server's connections; most is what the pools of all workers may keep."""
    return Bound(f"no connection leaks: at most {most} are kept", after <= most, f"{before} before, {after} after")


def workers_live(before: Sequence[int], after: Sequence[int]) -> Bound:
    return Bound("no worker hangs or dies", list(before) == list(after) and bool(before))


def workers_are_replaced(before: Sequence[int], after: Sequence[int]) -> Bound:
    held = bool(before) and len(before) == len(after) and set(before) != set(after)
    return Bound("workers that end are replaced", held, f"{len(before)} before, {len(after)} after")


def told(failed: dict[str, int]) -> str:
    return ", ".join(f"{count} x {kind}" for kind, count in failed.items()) or "none"


def line(result: Result) -> str:
    """The drill in one line."""
    parts = [f"{result.drill}: {result.injected}"]
    if result.requests:
        parts.append(f"{result.requests} requests, failed: {told(result.failed)}")
    if result.back is not None:
        parts.append(f"full service after {result.back:.1f} s")
    if result.acknowledged:
        parts.append(f"{result.lost} of {result.acknowledged} acknowledged writes lost")
    verdict = "holds" if result.holds else "DOES NOT HOLD: " + "; ".join(map(str, result.broken))
    return "; ".join([*parts, verdict])
