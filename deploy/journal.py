"""What the containers have written, as one stream."""

import re
from datetime import UTC, datetime, timedelta

from deploy.problem import Problem

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

# Container: the output of the root stack that names its log group.
GROUPS = {"migrate": "MigrateLogGroupName", "app": "AppLogGroupName", "web": "WebLogGroupName"}


def since(text: str, now: datetime) -> int:
    """The moment that 10m, 2h or 1d ago was, in milliseconds since 1970. Problem: another spelling."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if not match:
        raise Problem(f"SINCE={text}: a number and s, m, h or d, as in 10m or 2h")
    return int((now - timedelta(**{_UNITS[match[2]]: int(match[1])})).timestamp() * 1000)


def merged(events: dict[str, list[dict]]) -> list[str]:
    """The events of the containers (FilterLogEvents, by container) as lines, in the order of time."""
    rows = [(event["timestamp"], name, event["message"]) for name, found in events.items() for event in found]
    return [f"{_moment(time)} {name:<7} {text.rstrip()}" for time, name, text in sorted(rows, key=lambda row: row[0])]


def _moment(milliseconds):
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%H:%M:%S}"
