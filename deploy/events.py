"""Stack events: what happens to the nest, a line each, and which failures only follow from others."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

NESTED = "AWS::CloudFormation::Stack"

# Failures that only follow from another one.
_CONSEQUENCES = (
    "Resource creation cancelled",
    "Resource update cancelled",
    "Resource deletion cancelled",
    "The following resource(s) failed",
    "Embedded stack",
    "Nested stack",
    "Nested change set",
)


@dataclass(frozen=True)
class Event:
    """One event of the nest; `path` leads from the root, as in Compute/Service, and is empty for the root itself."""

    id: str
    time: datetime
    path: str
    type: str
    status: str
    reason: str
    physical_id: str
    own: bool  # a stack speaks of itself

    @property
    def failed(self) -> bool:
        return self.status.endswith("_FAILED")


def from_api(raw: dict, prefix: str) -> Event:
    """An event of DescribeStackEvents; `prefix` is the path of its stack, empty for the root."""
    own = raw.get("PhysicalResourceId") == raw["StackId"]
    path = prefix if own else "/".join(part for part in (prefix, raw["LogicalResourceId"]) if part)
    return Event(
        raw["EventId"],
        raw["Timestamp"],
        path,
        raw["ResourceType"],
        raw["ResourceStatus"],
        raw.get("ResourceStatusReason", ""),
        raw.get("PhysicalResourceId", ""),
        own,
    )


def line(event: Event, name: str) -> str:
    """One event for a person; `name` stands for the root."""
    words = [f"{event.time:%H:%M:%S}", f"{event.status:<28}", event.path or name]
    if event.reason and event.failed:
        words.append(f"- {one_line(event.reason)}")
    return " ".join(words)


def nested_stacks(events: Iterable[Event]) -> dict[str, str]:
    """Path by stack id of the nested stacks that the events speak of."""
    return {
        event.physical_id: event.path
        for event in events
        if event.type == NESTED and event.path and event.physical_id.startswith("arn:")
    }


def is_consequence(reason: str) -> bool:
    """Whether a failure only follows from another one: a cancelled sibling, the stack around it."""
    return one_line(reason).startswith(_CONSEQUENCES)


def one_line(text: str) -> str:
    """The text without line breaks and runs of spaces."""
    return " ".join(text.split())
