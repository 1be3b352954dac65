"""deploy.sh killed, or asked to stop, at each of its steps, and run again, against the embedded AWS.

A step is a question to AWS, a request to the registry, or the beginning or end of an engine's command (steps.py). They
are those of a run in peace. It is looked at after each: where neither AWS nor the machine is any different from before,
a kill leaves the same, and one is enough (moments.py). How a signal is answered hangs on the step: each has its own.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from drills.deployments.accounts import counted
from drills.deployments.killing import Place, faults_of_second, faults_of_signal, place
from drills.deployments.lanes import LANES, shared_out
from drills.deployments.moments import Moment
from drills.deployments.steps import AFTER, BEFORE
from drills.parts.layout import Edit
from drills.result import Bound, Result
from drills.stage import DEPLOYMENT, Drill, Guard, Stage

WITHOUT = {
    "deploy-killed-first": Edit(
        "deploy/states.py",
        '"REVIEW_IN_PROGRESS": Decision(CREATE),',
        '"REVIEW_IN_PROGRESS": Decision(REFUSE, "somebody has begun"),',
    ),
    "deploy-killed-update": Edit(
        "deploy/stacks.py", "if states.is_left_over(change_set, datetime.now(UTC)):", "if change_set is None:"
    ),
    "deploy-stopped": Edit("deploy.sh", "trap 'stopped 143' TERM", ":"),
}
ORDER, EXECUTE, FORGET = (Moment(f"cloudformation {name}ChangeSet") for name in ("Create", "Execute", "Delete"))
SIGNALS = {signal.SIGINT: Moment("engine push"), signal.SIGTERM: Moment("engine build")}


class Outcome(NamedTuple):
    """What came of a deployment that was to be struck at a moment."""

    moment: Moment
    struck: bool
    faults: list[str]


def killed_first(stage: Stage) -> Result:
    """A first deployment is killed when AWS has done a step, and nobody knows it yet."""
    with new_place(stage, edited=False) as where:
        found = recorded(stage, where, ORDER)
        wanted = counted(where.account.holdings())

    def kill(where: Place, moment: Moment) -> Outcome:
        where.renew()
        if not where.deploy(moment).struck:
            return Outcome(moment, False, [])
        return Outcome(moment, True, ended(where, where.account.holdings(), wanted))

    return judged(stage, in_lanes(stage, kill, found))


def killed_update(stage: Stage) -> Result:
    """The same for updates of one environment, with a change each, and without one."""
    with new_place(stage, edited=False) as where:
        where.in_peace()
        wanted = counted(where.account.holdings())
        where.change(0)
        work = [(moment, AFTER) for moment in recorded(stage, where, EXECUTE)]
        work += [(moment, BEFORE) for moment in recorded(stage, where, FORGET, BEFORE)]

    def kill(where: Place, piece: tuple[int, tuple[Moment, str]]) -> Outcome:
        number, (moment, when) = piece
        if when == AFTER:
            where.change(number)
        before = where.account.holdings()
        if not where.deploy(moment, when).struck:
            return Outcome(moment, False, [])
        return Outcome(moment, True, ended(where, before, wanted))

    return judged(stage, in_lanes(stage, kill, list(enumerate(work, 1)), prepared=Place.in_peace))


def stopped(stage: Stage) -> Result:
    """Ctrl-C and SIGTERM before each step of a first deployment: one line, what to do, and the code of the signal."""
    steps: Sequence[int] = ()
    if not (stage.short or stage.unguarded):
        with new_place(stage) as where:
            steps = range(1, len(where.in_peace().steps) + 1)
    work = [(number, at) for number, moment in SIGNALS.items() for at in steps or (moment,)]

    def stop(where: Place, piece: tuple[signal.Signals, int | Moment]) -> list[str] | None:
        number, at = piece
        where.renew()
        run = where.deploy(at, BEFORE, number)
        if not run.struck:
            return None  # another run may have fewer questions
        return [f"{number.name} before {run.struck}: {fault}" for fault in faults_of_signal(run, number)]

    found = [faults for faults in in_lanes(stage, stop, work) if faults is not None]
    faults = [fault for each in found for fault in each]
    says = "each says in one line what to do next, and ends with the code of its signal"
    return stage.result(Bound(says, bool(found) and not faults, "; ".join(faults[:5]) or f"{len(found)} runs"))


def recorded(stage: Stage, where: Place, one: Moment, when: str = AFTER) -> list[Moment]:
    """Deploy in peace: all moments of that; the one for CI, or to see the drill fail."""
    if stage.short or stage.unguarded:
        where.in_peace()
        return [one]
    return where.recorded(when)


@contextmanager
def new_place(stage: Stage, edited: bool = True) -> Iterator[Place]:
    """A new account and a machine, whose programs lack what is to be taken away."""
    edits = (WITHOUT[stage.drill.name],) if stage.unguarded and edited else ()
    with place(stage.place("account"), edits) as where:
        yield where


def in_lanes(stage: Stage, do: Callable, work: list, prepared: Callable[[Place], object] = lambda _: None) -> list:
    """What came of each piece of work, done in places that were prepared."""

    @contextmanager
    def lane():
        with new_place(stage) as where:
            prepared(where)
            yield lambda piece: do(where, piece)

    return shared_out(work, lane, LANES)


def ended(where: Place, before: dict[str, set], wanted: dict[str, int]) -> list[str]:
    """Run it again: what is wrong then, said of the step that was struck."""
    struck = where.proxy.plan.struck
    return [f"{struck}: {fault}" for fault in faults_of_second(where.deploy(), where, before, wanted)]


def judged(stage: Stage, outcomes: list[Outcome]) -> Result:
    """One bound for each promise."""
    struck = [outcome for outcome in outcomes if outcome.struck]
    missed = [outcome.moment for outcome in outcomes if not outcome.struck]
    faults = [fault for outcome in outcomes for fault in outcome.faults]
    doubled = [fault for fault in faults if " instead of " in fault or "left over" in fault]
    gone = [fault for fault in faults if " gone: " in fault]
    others = [fault for fault in faults if fault not in doubled + gone]
    others += [f"{moment}: another run had no such step" for moment in missed if not moment.may_be_missed]
    steps = sum(outcome.moment.alike for outcome in outcomes)
    seen = f"killed in {len(struck)} of the {len(outcomes)} states that {steps} steps leave"
    return stage.result(
        Bound("run again, it is done", bool(struck) and not others, "; ".join(others[:5]) or seen),
        Bound("nothing is there twice or left over", bool(struck) and not doubled, "; ".join(doubled[:5])),
        Bound("no data is gone", bool(struck) and not gone, "; ".join(gone[:5])),
    )


DRILLS = (
    Drill(
        "deploy-killed-first",
        killed_first,
        "a first deployment killed (-9) after every step",
        Guard("a stack of which there is only a shell is taken for a new one"),
        in_short=True,
        tries=DEPLOYMENT,
    ),
    Drill(
        "deploy-killed-update",
        killed_update,
        "an update, and a deployment without changes, killed (-9) at every step",
        Guard("change sets that nobody will execute are removed"),
        tries=DEPLOYMENT,
    ),
    Drill(
        "deploy-stopped",
        stopped,
        "Ctrl-C and SIGTERM before every step of a first deployment",
        Guard("deploy.sh answers SIGTERM"),
        in_short=True,
        tries=DEPLOYMENT,
    ),
)
