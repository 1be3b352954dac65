"""ListStackResources shows the state that a resource's last event left it in, and why it failed.

The emulator shows the state before a failed rollback or deletion, and never a reason.
"""

import html

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, helpers

from rehearsal.emulator.patch import wrap


def listed(original):
    """Put the failed state and its reason in the place of the state that the record has."""

    def answer(params):
        status, headers, body = original(params)
        stack = handlers._resolve_stack(helpers._p(params, "StackName"))
        if status != 200 or not stack:
            return status, headers, body
        text = body.decode()
        last = {event["LogicalResourceId"]: event for event in cloudformation._stack_events[stack["StackId"]]}
        for name, event in last.items():
            if event["ResourceStatus"].endswith("_FAILED"):
                text = with_failure(text, name, event)
        return status, headers, text.encode()

    return answer


def with_failure(text: str, name: str, event: dict) -> str:
    """The answer with what the event says of the resource; unchanged when the resource is not listed."""
    before, mark, after = text.partition(f"<LogicalResourceId>{name}</LogicalResourceId>")
    if not mark:
        return text
    fields, _, rest = after.partition("<ResourceStatus>")
    rest = rest.partition("</ResourceStatus>")[2]
    reason = html.escape(event["ResourceStatusReason"])
    said = f"<ResourceStatus>{event['ResourceStatus']}</ResourceStatus>"
    return f"{before}{mark}{fields}{said}<ResourceStatusReason>{reason}</ResourceStatusReason>{rest}"


def install() -> None:
    """Mend the call."""
    wrap(handlers._list_stack_resources, listed)
