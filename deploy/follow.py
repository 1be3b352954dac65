"""Following an operation on the nest until it has ended."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain, repeat

from deploy.aws import Aws
from deploy.events import Event, first_cause, line, nested_stacks, one_line
from deploy.problem import Problem
from deploy.states import SUCCESS, is_over

# Seconds between two looks: short things end soon; AWS throttles DescribeStackEvents when asked every second for long.
PAUSES = (0.3, 0.5, 1.0, 2.0)
LONG_PAUSE = 3.0


def last_event_time(aws: Aws, stack_id: str) -> datetime | None:
    """When the stack's newest event was; to be asked before an order is given, so that its own events stand out."""
    return next((event.time for event in aws.events(stack_id, "", None)), None)


def follow(aws: Aws, stack: dict, after: datetime | None, say: Callable[[str], None]) -> str:
    """Say each event of root and nested stacks later than `after`, until the root's operation has ended; how it ended.

    The end is read from the root's events, not from its status: just after an order that may still be the old one.
    Problem: it ended badly; the text is the first real cause with its nested path.
    """
    name, stack_id = stack["StackName"], stack["StackId"]
    seen: dict[str, Event] = {}
    for pause in chain(PAUSES, repeat(LONG_PAUSE)):
        for event in sorted(_new_events(aws, stack_id, after, seen), key=lambda event: event.time):
            say(line(event, name))
        ended = [event for event in seen.values() if event.path == "" and is_over(event.status)]
        if ended:
            break
        time.sleep(pause)
    status = ended[-1].status
    if status not in SUCCESS:
        raise Problem(failure(name, status, list(seen.values())))
    return status


def _new_events(aws, stack_id, after, seen) -> Iterator[Event]:
    """Events not seen before, of the root and of every nested stack that they lead to."""
    waiting = {stack_id: ""}
    done = set()
    while waiting:
        current, path = waiting.popitem()
        done.add(current)
        fresh = [event for event in aws.events(current, path, after) if event.id not in seen][::-1]
        seen |= {event.id: event for event in fresh}
        waiting |= {child: place for child, place in nested_stacks(seen.values()).items() if child not in done}
        # What a nested stack says of itself, its parent says of it too.
        yield from (event for event in fresh if not event.own or not path)


def failure(name: str, status: str, events: list[Event]) -> str:
    """The one line with which a failed operation ends."""
    cause = first_cause(events)
    if cause is None:
        return f"{name} ended in {status}, and no event says why: look at it in the console"
    reason = one_line(cause.reason) or "no reason given"
    return f"{name} ended in {status}. First cause: {cause.path or name} ({cause.type}): {reason}"
