"""The logs of the containers."""

import time
from datetime import UTC, datetime

from deploy import journal
from deploy.aws import Aws
from deploy.commands.environment import load
from deploy.problem import Problem
from deploy.stacks import described, outputs
from deploy.terminal import say

JUST_NOW = "10m"

# Seconds between two looks, and how long CloudWatch may take to show an event after a later one.
PAUSE = 2.0
DELAY = 30_000


def logs(env: str, since: str, filter: str, follow: bool) -> None:
    """Print what migrate, app and web have written, interleaved by time; follow until Ctrl-C when asked to."""
    wanted, _ = load(env)
    aws = Aws()
    start = journal.since(since or JUST_NOW, datetime.now(UTC))
    values = outputs(described(aws, wanted.stack))
    groups = {name: values[output] for name, output in journal.GROUPS.items() if output in values}
    if not groups:
        raise Problem(f"{wanted.stack} has no logs yet: its deployment has not ended well once")
    seen: set[str] = set()
    while True:
        found = {name: _fresh(aws, group, start, filter, seen) for name, group in groups.items()}
        for line in journal.merged(found):
            say(line)
        if not follow:
            if not seen:
                matching = " that matches" if filter else ""
                say(f"nothing was written in the last {since or JUST_NOW}{matching}; SINCE=1d looks further back")
            return
        latest = max((event["timestamp"] for events in found.values() for event in events), default=start)
        start = max(start, latest - DELAY)
        time.sleep(PAUSE)


def _fresh(aws, group, start, pattern, seen):
    """The events of a group that were not shown yet."""
    fresh = [event for event in aws.log_events(group, start, pattern) if event["eventId"] not in seen]
    seen |= {event["eventId"] for event in fresh}
    return fresh
