"""The longest way through steps that wait for each other."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from review.problem import Problem


@dataclass(frozen=True)
class Step:
    """Something that takes time, and what must have ended before it begins."""

    name: str  # unique
    seconds: float
    after: frozenset[str] = frozenset()
    stack: str = ""  # the nested stack that it belongs to; the root's is empty
    kind: str = ""  # resource type; what belongs to a stack itself has none
    note: str = ""  # what is done with it, as in changed; and ~ or * as in the table
    mark: str = ""


@dataclass(frozen=True)
class Placed:
    """A step in its time; all in seconds after the begin."""

    step: Step
    begin: float
    end: float
    slack: float  # by so much it may end later without the whole doing so
    waited_for: str  # the step whose end it waited for last; empty: it began at once


@dataclass(frozen=True)
class Schedule:
    """When each step begins and ends, if each begins as soon as it can. CloudFormation works so."""

    placed: dict[str, Placed]

    @property
    def total(self) -> float:
        """Seconds until the last step has ended."""
        return max((each.end for each in self.placed.values()), default=0.0)

    @property
    def chain(self) -> list[Placed]:
        """The critical path, first step first: each link waited for the one before it."""
        if not self.placed:
            return []
        links = [max(self.placed.values(), key=lambda each: (each.end, each.step.name))]
        while links[-1].waited_for:
            links.append(self.placed[links[-1].waited_for])
        return links[::-1]


def schedule(steps: Mapping[str, Step]) -> Schedule:
    """Place the steps. Problem: they wait for each other in a circle."""
    known = {name: replace(step, after=frozenset(step.after & steps.keys())) for name, step in steps.items()}
    try:
        order = list(TopologicalSorter({name: sorted(step.after) for name, step in known.items()}).static_order())
    except CycleError as error:
        raise Problem(f"these wait for each other: {' -> '.join(error.args[1])}") from None
    begins, ends, last = {}, {}, {}
    for name in order:
        step = known[name]
        last[name] = max(sorted(step.after), key=lambda other: ends[other], default="")
        begins[name] = ends.get(last[name], 0.0)
        ends[name] = begins[name] + step.seconds
    latest = dict.fromkeys(order, max(ends.values(), default=0.0))
    for name in reversed(order):
        for other in known[name].after:
            latest[other] = min(latest[other], latest[name] - known[name].seconds)
    return Schedule(
        {name: Placed(steps[name], begins[name], ends[name], latest[name] - ends[name], last[name]) for name in order}
    )
