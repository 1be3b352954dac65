"""Following an operation on the nest until it has ended, from its beginning or from the middle."""

import time
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from botocore.exceptions import BotoCoreError, ClientError

from deploy import faults, recorder, verdict
from deploy.aws import Aws
from deploy.events import Event, nested_stacks
from deploy.problem import Problem
from deploy.progress.display import Lines, display
from deploy.progress.durations import recorded
from deploy.progress.panel import View
from deploy.progress.tree import Nest
from deploy.recorder import Recorder
from deploy.states import SUCCESS, is_over
from deploy.terminal import say
from deploy.verdict import Verdict
from deploy.watch import Watch

# Seconds between two looks: short things end soon; AWS throttles DescribeStackEvents when asked every second for long.
PAUSES = (0.3, 0.5, 1.0, 2.0)
LONG_PAUSE = 3.0
# Calls of DescribeStackEvents a second over a longer time, at most; each stack that is worked on is one call a look.
CALLS_A_SECOND = 2.0
# How long AWS may be silent or refuse for its rate before following ends, and the longest pause meanwhile.
PATIENCE, LONGEST_PAUSE = 300.0, 30.0

# What to do when AWS answers no more and what was begun goes on there.
AGAIN = "run this again"

# Own events of a stack with which an operation begins.
BEGINNINGS = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS"}


def pause(look: int, stacks: int, failures: int = 0) -> float:
    """Seconds to wait after the look of this number at so many stacks, the last `failures` looks without an answer."""
    if failures:
        return min(LONGEST_PAUSE, LONG_PAUSE * 2**failures)
    short = PAUSES[look] if look < len(PAUSES) else LONG_PAUSE
    return max(short, stacks / CALLS_A_SECOND if look >= len(PAUSES) else 0)


def last_event_time(aws: Aws, stack_id: str) -> datetime | None:
    """When the stack's newest event was; to be asked before an order is given, so that its own events stand out."""
    return next((event.time for event in aws.events(stack_id, "", None)), None)


def began(aws: Aws, stack_id: str) -> datetime | None:
    """The moment just before the operation that is under way began; None if no event says so."""
    for event in aws.events(stack_id, "", None):
        if event.own and event.status in BEGINNINGS:
            return event.time - timedelta(microseconds=1)
    return None


def follow(
    aws: Aws, stack: dict, after: datetime | None, again: str = AGAIN, outputs: dict[str, str] | None = None
) -> str:
    """Follow what happens to the stack later than `after` until it has ended: shown, recorded, judged; how it ended.

    The end is read from the root's events, not from its status: just after an order that may still be the old one.
    `outputs` lead to the service, which is looked at too unless they are None. Problem: it ended badly.
    """
    start = datetime.now(UTC)
    record = Recorder(recorder.new_folder(stack["StackName"], start), say)
    flight = Flight(aws, stack, after, display(say), record, again)
    flight.view.nest.known = recorded(recorder.base(), stack["StackName"])
    if outputs is not None:
        flight.observe_service(after or stack.get("CreationTime", start), outputs)
    record.write("note", text=f"following {stack['StackId']}")
    try:
        return flight.run()
    finally:
        if record.folder:
            say(f"recorded in {recorder.shown(record.folder)}")


class Flight:
    """One operation on a nest, followed: `display` shows it, `recorder` keeps it, `watch` looks at the service."""

    def __init__(
        self,
        aws: Aws,
        stack: dict,
        after: datetime | None,
        display: Lines,
        recorder: Recorder | None = None,
        attach: str = AGAIN,
    ):
        self.aws, self.stack, self.after, self.display, self.attach = aws, stack, after, display, attach
        self.recorder = recorder or Recorder()
        self.view = display.view = View(Nest(stack["StackName"]))
        self.watch: Watch | None = None
        self.seen: dict[str, Event] = {}
        self.given_up: Verdict | None = None

    def observe_service(self, began: datetime, outputs: dict[str, str]) -> None:
        """Look at the service too."""
        self.watch = Watch(self.aws, began, outputs, self.recorder, self._tell)

    def run(self) -> str:
        """Follow to the end; the status in which the root ended. Problem: it ended badly, or can be seen no more."""
        try:
            self._watch_to_the_end()
            status = self._ended()
            if status not in SUCCESS:
                raise Problem(self._failure(status))
            return status
        finally:
            self.recorder.close()

    def _watch_to_the_end(self):
        try:
            self._follow()
        except (ClientError, BotoCoreError) as error:
            self._lose_sight(error)
        finally:
            self.display.close()

    def _follow(self):
        look, failures, silent_since = 0, 0, None
        while True:
            try:
                self._look()
            except (ClientError, BotoCoreError) as error:
                silent_since = silent_since or time.monotonic()
                if not is_patient(error, time.monotonic() - silent_since):
                    raise
                failures += 1
                self.display.note(f"{datetime.now(UTC):%H:%M:%S} {faults.explain(error)}; trying again")
            else:
                failures, silent_since = 0, None
                if self._ended():
                    return
            self.display.wait(pause(look, len(self._worked_on()), failures))
            look += 1

    def _look(self):
        for event in sorted(self._new_events(), key=lambda event: event.time):
            self.view.nest.add(event)
            self.recorder.write(
                "event",
                event.time,
                path=event.path,
                type=event.type,
                status=event.status,
                reason=event.reason,
                physical=event.physical_id,
            )
            self.display.event(event)
        if self.watch:
            self.watch.look(list(self.seen.values()), at_once=bool(self._ended()))
            self._give_up()

    def _tell(self, record):
        self.view.take(record)
        self.display.record(record)

    def _ended(self) -> str | None:
        own = [event for event in self.seen.values() if event.path == "" and is_over(event.status)]
        return max(own, key=lambda event: event.time).status if own else None

    def _worked_on(self) -> dict[str, str]:
        """Path by id of the stacks that can have new events: the root, and the nested ones that it works on."""
        nodes = self.view.nest.nodes
        nested = nested_stacks(self.seen.values())
        busy = {id_: path for id_, path in nested.items() if path not in nodes or nodes[path].state == "working"}
        return {self.stack["StackId"]: ""} | busy

    def _new_events(self) -> list[Event]:
        """Events not seen before, of the root and of every nested stack that has or had something to do.

        They count as seen once all stacks have answered: a refusal half-way loses none.
        """
        waiting, done, found = self._worked_on(), set(), []
        while waiting:
            current, path = waiting.popitem()
            done.add(current)
            fresh = list(takewhile(lambda event: event.id not in self.seen, self.aws.events(current, path, self.after)))
            # One that has begun and ended since the last look is looked at once, for what came before its end.
            waiting |= {child: place for child, place in nested_stacks(fresh).items() if child not in done}
            found.append((path, fresh[::-1]))
        self.seen |= {event.id: event for _, events in found for event in events}
        # What a nested stack says of itself, its parent says of it too.
        return [event for path, events in found for event in events if not event.own or not path]

    def _give_up(self):
        """Cancel an update when the first three stopped tasks agree on a cause; a creation can only be waited for."""
        if self.given_up or self._ended():
            return
        agreed = verdict.agreed(self.recorder.records)
        if agreed is None:
            return
        self.given_up = agreed
        root = self.view.nest.nodes.get("")
        status = root.status if root else ""
        what = "waiting for the rollback"
        if status == "CREATE_IN_PROGRESS":
            what += ", a creation cannot be cancelled"
        elif status == "UPDATE_IN_PROGRESS" and self.aws.cancel_update(self.stack["StackName"]):
            what = "the update is cancelled"
        cause = self._verdict().cause
        self.display.note(f"three tasks have stopped for one cause: {cause.name}; {what}")
        self.recorder.write("note", text=f"given up: {cause.id}; {what}")

    def _verdict(self) -> Verdict:
        """The verdict on all that was seen; what three tasks agreed on, if that says more."""
        found = verdict.judge(self.recorder.records)
        says_little = found.cause.general or found.cause is verdict.UNKNOWN
        return self.given_up if self.given_up and says_little else found

    def _failure(self, status):
        """The one line with which a failed operation ends; the verdict is told before it."""
        name = self.stack["StackName"]
        found = self._verdict()
        self._record_verdict(found)
        for text in found.lines():
            self.display.say(text)
        return f"{name} ended in {status}: {found.cause.name} ({found.where or 'no evidence'})"

    def _record_verdict(self, found):
        said = {"evidence": found.said, "where": found.where}
        self.recorder.write("verdict", cause=found.cause.id, name=found.cause.name, **said)

    def _lose_sight(self, error):
        """The end of following when AWS answers no more; what was begun goes on there."""
        code = error.response["Error"].get("Code", "") if isinstance(error, ClientError) else type(error).__name__
        found = verdict.judge([self.recorder.write("error", text=f"{code}: {error}")])
        self._record_verdict(found)
        root = self.view.nest.nodes.get("")
        state = root.status if root else self.stack["StackStatus"]
        raise Problem(
            f"{faults.explain(error)}. {self.stack['StackName']} was {state} when it was last seen, and goes on at AWS:"
            f" then {self.attach}"
        ) from None


def is_patient(error: Exception, seconds: float) -> bool:
    """Whether to go on after an error that has lasted so long: a throttled or unreachable AWS comes back."""
    return faults.kind(error) in {faults.THROTTLED, faults.UNREACHABLE} and seconds < PATIENCE
