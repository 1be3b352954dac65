"""A first deployment and an update as steps: made or changed resources, and what the stacks around them take."""

from collections.abc import Callable, Iterable

from review.nest import is_nested
from review.resolve import Nest
from review.timing.durations import Durations
from review.timing.path import Schedule, Step, schedule
from review.timing.rollout import Part
from review.timing.table import TYPICAL, table
from review.timing.waits import ROOT, in_flat, in_nest, places
from review.update.change import ADD, REMOVE, REPLACED, Change
from review.update.compare import compare

CLEAN_UP = "what was replaced is deleted"
UNCHANGED = "and has nothing to do"


def begin(stack: str) -> str:
    """The step in which a stack begins; the root's title is empty."""
    return f"{stack or 'Root'} begins"


def end(stack: str) -> str:
    """The step in which a stack ends."""
    return f"{stack or 'Root'} ends"


def first(nest: Nest, case: int = TYPICAL) -> Schedule:
    """The first deployment of a nest. Problem: a resource of a type whose time is not known."""
    durations = Durations(nest.flat["Resources"], table(), case)
    waits = in_nest(nest, begin, end)
    steps = _steps(nest, waits, durations.made)
    return schedule(steps | _stacks(waits, dict.fromkeys(_all_stacks(nest), "stack"), case))


def forced(nest: Nest, case: int = TYPICAL) -> Schedule:
    """The same in one flat stack, where each resource waits for those that it needs and for nothing else."""
    durations = Durations(nest.flat["Resources"], table(), case)
    waits = {title: needed | {begin("")} for title, needed in in_flat(nest).items()}
    waits |= {begin(""): frozenset(), end(""): frozenset({begin(""), *waits})}
    steps = _steps(nest, waits, durations.made)
    return schedule(steps | _stacks(waits, {"": "stack"}, case))


def update(before: Nest, after: Nest, case: int = TYPICAL) -> Schedule:
    """The update from one nest to the other; empty if nothing changes."""
    changes = compare(before, after)
    if not changes:
        return schedule({})
    durations = Durations(after.flat["Resources"], table(), case)
    waits = in_nest(after, begin, end)
    by_title = {change.path.replace("/", ""): change for change in changes}
    steps = _steps(after, waits, lambda title: _parts(durations, by_title.get(title), title))
    touched = {change.path.rpartition("/")[0] for change in changes} | {""}
    kinds = {stack: "stack" if stack in touched else "unchanged" for stack in _all_stacks(after)}
    steps |= _stacks(waits, kinds, case)
    steps[CLEAN_UP] = _clean_up(durations, changes, case)
    return schedule(steps)


def _parts(durations: Durations, change: Change | None, title: str) -> list[Part]:
    if change is None:
        return []
    if change.action == ADD or change.verdict == REPLACED:
        return durations.made(title)
    properties = after.keys() if (after := (change.after or {}).get("Properties")) else ()
    before = (change.before or {}).get("Properties", {})
    named = {item.name for item in change.differences}
    return durations.changed(title, named & {*properties, *before})


def _steps(nest, waits, parts: Callable[[str], Iterable[Part]]) -> dict[str, Step]:
    """The steps of each resource: its parts in a row, the last one under its own name, as others wait for that."""
    steps = {}
    for title, place in places(nest).items():
        own, after = list(parts(title)) or [Part("", 0.0)], waits[title]
        for number, part in enumerate(own, 1):
            name = title if number == len(own) else f"{title}: {part.what}"
            steps[name] = Step(name, part.seconds, after, place.stack, place.body["Type"], part.what, part.mark)
            after = frozenset({name})
    return steps


def _stacks(waits, kinds: dict[str, str], case) -> dict[str, Step]:
    """The steps in which stacks begin and end."""
    rows = {"stack": ("stack begins", "stack ends"), "unchanged": ("unchanged nested stack", None)}
    steps = {}
    for stack, kind in kinds.items():
        for name, row in zip((begin(stack), end(stack)), rows[kind], strict=True):
            time = table().time(row, stack) if row else None
            seconds, mark = (time.create[case], time.mark) if time else (0.0, "")
            note = UNCHANGED if kind == "unchanged" else ""
            steps[name] = Step(name, seconds, waits[name], stack, note=note, mark=mark)
    return steps


def _clean_up(durations, changes, case) -> Step:
    """After the root: CloudFormation deletes what was replaced or is no more wanted (user guide, update behaviors)."""
    time = table().time("clean-up after an update", CLEAN_UP)
    gone = [each for each in changes if each.action == REMOVE or each.verdict == REPLACED]
    longest = max((durations.deleted(each.kind, each.path) for each in gone), default=0.0)
    return Step(CLEAN_UP, time.create[case] + longest if gone else 0.0, frozenset({end("")}), mark=time.mark)


def _all_stacks(nest) -> list[str]:
    return ["", *(title for title, body in nest.stacks[ROOT]["Resources"].items() if is_nested(body))]
