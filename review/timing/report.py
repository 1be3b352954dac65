"""What a first deployment and each kind of update take, as lines of text."""

from collections.abc import Iterator

from review import workspace
from review.timing.deployment import first, forced, update
from review.timing.path import Placed, Schedule
from review.timing.table import CASES, table
from review.timing.updates import IMAGE, KINDS, after, schedules
from review.timing.waits import SERVICE

AIM = 1.15  # of what AWS forces
SHORT = 5  # seconds; steps that take less are told together


def lines(env: workspace.Environment, region: str) -> Iterator[str]:
    """The critical path of a first deployment and of other images, then the other updates."""
    made, least, most = (first(env.nest, case) for case in CASES)
    flat = forced(env.nest)
    yield f"{env.name}: first deployment {clock(made.total)} ({clock(least.total)} to {clock(most.total)})"
    yield f"  Times read {table().read}; ~ estimated, * one source only: review/timing/times.toml"
    yield ""
    yield from _chain(made)
    yield from _others(made)
    yield ""
    yield f"  The longest chain that AWS forces: {clock(flat.total)}; the nest takes {_ratio(made.total, flat.total)}"
    yield f"    {' -> '.join(resources(flat))}"
    yield ""
    pushed = image_update(env, region)
    own = rollout(pushed)
    yield f"  Other images: {clock(pushed.total)}"
    yield from _chain(pushed)
    yield f"  The service's own rollout: {clock(own)}; the update takes {_ratio(pushed.total, own)}"
    yield ""
    yield "  Other updates"
    for kind, found in schedules(env, KINDS, region):
        yield _update(kind.name, found)


def image_update(env: workspace.Environment, region: str) -> Schedule:
    """The update in which only the images differ."""
    return update(env.nest, after(env, IMAGE, region))


def rollout(schedule: Schedule) -> float:
    """Seconds that the service itself takes in it."""
    return sum(placed.end - placed.begin for placed in schedule.placed.values() if placed.step.kind == SERVICE)


def resources(schedule: Schedule) -> list[str]:
    """The resources of the critical path, each once."""
    return list(dict.fromkeys(title(each) for each in schedule.chain if each.step.kind))


def title(placed: Placed) -> str:
    """Data/DBInstance, of any part of it."""
    name = placed.step.name.partition(": ")[0]
    stack = placed.step.stack
    return f"{stack}/{name.removeprefix(stack)}" if stack and placed.step.kind else name


def clock(seconds: float) -> str:
    """9:05 of 545 seconds."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def _ratio(seconds, floor):
    times = seconds / floor if floor else 1.0
    return f"{times:.2f} times that" + (f", more than the {AIM} aimed at" if times > AIM else "")


def _chain(schedule) -> Iterator[str]:
    for each in schedule.chain:
        if each.step.seconds:
            yield _row(clock(each.begin), each.step.seconds, each.step.mark, f"{title(each)} {each.step.note}".strip())


def _others(schedule) -> Iterator[str]:
    """What is not on the critical path, the tightest first."""
    critical = {each.step.name for each in schedule.chain}
    rest = [each for each in schedule.placed.values() if each.step.name not in critical and each.step.kind]
    told = sorted((each for each in rest if each.step.seconds > SHORT), key=lambda each: (each.slack, each.begin))
    yield "  Beside it, with the time that it could take longer"
    for each in told:
        words = f"{title(each)} {each.step.note}, {clock(each.slack)} to spare"
        yield _row(clock(each.begin), each.step.seconds, each.step.mark, words)
    yield f"    and {len(rest) - len(told)} that take up to {SHORT} s each"


def _row(at, seconds, mark, words):
    return f"    {at:>6} {seconds:>6.0f} s{mark or ' '} {words}"


def _update(name, found) -> str:
    if isinstance(found, str):
        return f"    {'-':>6}          {name}: refused, {found}"
    if not found.placed:
        return f"    {'0:00':>6}          {name}: nothing changes"
    longest = max((each for each in found.chain if each.step.kind), key=lambda each: each.step.seconds)
    return f"    {clock(found.total):>6}          {name}: most of it {title(longest)} {longest.step.note}"
