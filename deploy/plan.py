"""A change set over the nest, and the plan that is read from it."""

import contextlib
import os
import shutil
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, repeat

from botocore.exceptions import BotoCoreError, ClientError

from deploy import changes, deployed, verdict
from deploy.aws import Aws
from deploy.events import NESTED, one_line
from deploy.problem import Problem
from deploy.recorder import Recorder
from deploy.settings import Settings
from deploy.states import CHANGE_SET_PREFIX
from deploy.terminal import say
from review import workspace
from review.resolve import Nest
from review.update import cost, lines
from review.update.change import Change
from review.update.compare import EMPTY, compare

# Seconds between two looks at a change set that is being made.
PAUSES = (0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True)
class Versions:
    """The nest as it is and as it is to be, both resolved; None where that cannot be done here."""

    before: Nest | None
    after: Nest | None
    region: str
    hidden: frozenset[str] = frozenset()  # values that are never shown

    def known(self) -> list[Change] | None:
        """What differs between them; None if one of them is not known."""
        return None if None in (self.before, self.after) else compare(self.before, self.after, self.region)


@dataclass(frozen=True)
class Plan:
    """What a change set would do, judged, between two versions of the nest."""

    changes: list[Change]
    versions: Versions
    repeats: int = 0  # resources of which CloudFormation speaks although nothing of them changes

    def show(self, say: Callable[[str], None]) -> None:
        """Say it, a line a resource, as wide as the terminal is."""
        width = min(max(shutil.get_terminal_size((lines.WIDTH, 24)).columns, 60), 160)
        for line in lines.text(self.changes, width - 2, self.versions.hidden):
            say(f"  {line}")
        if self.repeats:
            say(f"  {self.repeats} more refer to what changes, and stay as they are")
        if self.changes and None not in (self.versions.before, self.versions.after):
            told = cost.line(self.versions.before, self.versions.after, self.versions.region)
            for line in textwrap.wrap(told, width - 2, **lines.HANGING):
                say(f"  {line}")


def versions(aws: Aws, wanted: Settings, stack: dict | None, images: dict[str, str]) -> Versions:
    """What lies between the stack that is there, or nothing, and the templates and the environment here."""
    environment = workspace.load(wanted.env, aws.region, images=images)
    before = deployed.nest(aws, stack) if stack else EMPTY
    return Versions(before, environment.nest, aws.region, frozenset(environment.secrets()))


def draw(aws: Aws, change_set: dict, between: Versions) -> Plan:
    """The plan of a change set."""
    known = between.known()
    nesting = changes.Nesting(lambda nested: aws.change_set(nested)["Changes"], aws.nest)
    by_path = None if known is None else {change.path: change for change in known}
    found = changes.read(change_set["Changes"], nesting, by_path)
    # The templates' order tells the story; CloudFormation's is that of the alphabet.
    places = {path: number for number, path in enumerate(by_path or [])}
    own = sorted(
        (change for change in found if not changes.is_repeat(change)),
        key=lambda change: places.get(change.path, len(places)),
    )
    return Plan(own, between, len(found) - len(own))


@contextmanager
def change_set(
    aws: Aws, wanted: Settings, order: Callable[[str], str], prefix: str = CHANGE_SET_PREFIX
) -> Iterator[dict]:
    """A change set of the root stack, ready, or empty (see changes.is_empty); `order` takes a name and gives its id.

    If the block fails, by Ctrl-C too, it is deleted again, and with it the empty stack that a first one makes.
    Problem: CloudFormation refuses it.
    """
    name = f"{prefix}{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    there = aws.stack(wanted.stack) is not None
    try:
        yield _ready(aws, wanted, order(name))
    except BaseException:
        # What went wrong is more interesting than that it cannot be cleaned up, as when credentials have expired.
        with contextlib.suppress(ClientError, BotoCoreError):
            discard(aws, wanted, name, with_stack=not there)
        raise


def _ready(aws, wanted, change_set_id):
    pauses = chain(PAUSES, repeat(PAUSES[-1]))
    while (found := aws.change_set(change_set_id, wanted.stack))["Status"].endswith(("_PENDING", "_IN_PROGRESS")):
        time.sleep(next(pauses))
    if found["Status"] == "FAILED" and not changes.is_empty(found):
        raise Problem(f"{wanted.stack}: CloudFormation refuses the change: {_refusal(aws, found)}")
    return found


def _refusal(aws, change_set) -> str:
    """Why a change set failed, in one line; a known cause with its evidence and the next step is said before."""
    reason = _innermost_reason(aws, change_set)
    error = Recorder().write("error", text=reason)
    cause = verdict.cause_of(error) or verdict.cause_of(
        {"kind": "event", "type": NESTED, "status": "CREATE_FAILED", "reason": reason}
    )
    if cause is None or cause.general:
        return reason
    for line in verdict.Verdict(cause, error).lines():
        say(line)
    return cause.name


def _innermost_reason(aws, change_set) -> str:
    """The reason that is given; where that is only a nested change set, the one that this gives."""
    reason = one_line(change_set.get("StatusReason", "")) or "no reason given"
    nested = changes.failed_nested(reason)
    if not nested or nested == change_set.get("ChangeSetId"):
        return reason
    try:
        return _innermost_reason(aws, aws.change_set(nested))
    except (ClientError, BotoCoreError):
        return reason


def discard(aws: Aws, wanted: Settings, name: str, with_stack: bool) -> None:
    """Delete a change set, by its name or id; `with_stack`: and the empty stack that it was the first one of."""
    aws.delete_change_set(name, wanted.stack)
    stack = aws.stack(wanted.stack)
    if with_stack and stack and stack["StackStatus"] == "REVIEW_IN_PROGRESS":
        aws.delete_stack(wanted.stack)
