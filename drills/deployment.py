"""deploy.sh killed, or asked to stop, at each of its steps, and run again, against the embedded AWS.

A step is a question to AWS, a request to the registry, or the beginning or end of an engine's command (steps.py). The
steps are enumerated by the runs themselves: the next one is struck until a run comes to its end.
"""

import signal
from collections.abc import Iterable, Iterator

from drills.accounts import counted
from drills.killing import Place, faults_of_second, faults_of_signal, place
from drills.layout import Edit
from drills.result import Bound, Result
from drills.stage import Drill, Guard, Stage
from drills.steps import AFTER, BEFORE

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
ORDER, EXECUTE, FORGET = (f"cloudformation {name}ChangeSet" for name in ("Create", "Execute", "Delete"))
MANY = 400  # more steps than any deployment has


def edits(stage: Stage) -> tuple[Edit, ...]:
    """What is taken away from the programs."""
    return (WITHOUT[stage.drill.name],) if stage.unguarded else ()


def points(stage: Stage, few: Iterable[int | str]) -> Iterator[int | str]:
    """Every step, until the caller has seen the last one; a few of them for CI, or to see the drill fail."""
    return iter(few) if stage.short or stage.unguarded else iter(range(1, MANY))


def killed_first(stage: Stage) -> Result:
    """A first deployment is killed when AWS has done a step, and nobody knows it yet."""
    wanted = in_peace(stage)
    count, faults = 0, []
    for at in points(stage, (ORDER,)):
        with place(stage.place("account"), edits(stage)) as where:
            if not where.deploy(at).struck:
                break
            before = where.account.holdings()
            faults += [f"{where.proxy.plan.struck}: {fault}" for fault in ended(where, before, wanted)]
        count += 1
    return judged(stage, count, faults)


def killed_update(stage: Stage) -> Result:
    """The same for updates of one environment, first with a change each, then without one."""
    count, faults = 0, []
    with place(stage.place("account"), edits(stage)) as where:
        wanted = counted_after(where)
        for changing, few in ((True, (EXECUTE,)), (False, (FORGET,))):
            for at in points(stage, few):
                if changing:
                    where.change(count)
                before = where.account.holdings()
                if not where.deploy(at, AFTER if changing else BEFORE).struck:
                    break
                faults += [f"{where.proxy.plan.struck}: {fault}" for fault in ended(where, before, wanted)]
                count += 1
    return judged(stage, count, faults)


def stopped(stage: Stage) -> Result:
    """Ctrl-C and SIGTERM before each step of a first deployment: one line, what to do, and the code of the signal."""
    count, faults = 0, []
    for number, few in ((signal.SIGINT, ("engine push",)), (signal.SIGTERM, ("engine build",))):
        for at in points(stage, few):
            with place(stage.place("account"), edits(stage)) as where:
                run = where.deploy(at, BEFORE, number)
            if not run.struck:
                break
            faults += [f"{number.name} before {run.struck}: {fault}" for fault in faults_of_signal(run, number)]
            count += 1
    says = "each says in one line what to do next, and ends with the code of its signal"
    return stage.result(Bound(says, count > 0 and not faults, "; ".join(faults[:5]) or f"{count} runs"))


def in_peace(stage: Stage) -> dict[str, int]:
    """How much of each kind a deployment leaves that nobody disturbs."""
    with place(stage.place("account")) as where:
        return counted_after(where)


def counted_after(where: Place) -> dict[str, int]:
    run = where.deploy()
    if run.code:
        raise AssertionError(f"a deployment fails in peace: {' '.join(run.said)}")
    return counted(where.account.holdings())


def ended(where: Place, before: dict[str, set], wanted: dict[str, int]) -> list[str]:
    """Run it again: what is wrong then. What is said must be about the step that was struck."""
    struck = where.proxy.plan
    again = where.deploy()
    where.proxy.plan = struck
    return faults_of_second(again, where, before, wanted)


def judged(stage: Stage, count: int, faults: list[str]) -> Result:
    """One bound for each promise."""
    doubled = [fault for fault in faults if " instead of " in fault or "left over" in fault]
    gone = [fault for fault in faults if " gone: " in fault]
    others = [fault for fault in faults if fault not in doubled + gone]
    return stage.result(
        Bound("run again, it is done", count > 0 and not others, "; ".join(others[:5]) or f"{count} of {count}"),
        Bound("nothing is there twice or left over", count > 0 and not doubled, "; ".join(doubled[:5])),
        Bound("no data is gone", count > 0 and not gone, "; ".join(gone[:5])),
    )


DRILLS = (
    Drill(
        "deploy-killed-first",
        killed_first,
        "a first deployment killed (-9) after every step",
        Guard("a stack of which there is only a shell is taken for a new one"),
        in_short=True,
    ),
    Drill(
        "deploy-killed-update",
        killed_update,
        "an update, and a deployment without changes, killed (-9) at every step",
        Guard("change sets that nobody will execute are removed"),
    ),
    Drill(
        "deploy-stopped",
        stopped,
        "Ctrl-C and SIGTERM before every step of a first deployment",
        Guard("deploy.sh answers SIGTERM"),
        in_short=True,
    ),
)
