"""Which task definitions served before, from the events of the stack that holds them."""

from collections.abc import Iterable

from deploy.events import Event

TASK_DEFINITION = "AWS::ECS::TaskDefinition"
_GOOD = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}

# Container of the task definition: the parameter of the root stack that its image comes from.
IMAGES = {"app": "AppImage", "web": "WebImage"}


def served(events: Iterable[Event]) -> list[str]:
    """ARNs of the task definitions with which the stack's operations ended well, newest first, each once.

    The events come newest first, as the API gives them, several of them with the same time.

    Without a family's name in the template each change makes a new family, so its revisions are no history; the events
    are (AWS keeps them for 90 days).
    """
    good, current = [], ""
    for event in reversed(list(events)):
        if event.type == TASK_DEFINITION and event.physical_id.startswith("arn:") and event.status in _GOOD:
            current = event.physical_id
        elif event.own and event.status in _GOOD and current:
            good = [arn for arn in good if arn != current] + [current]
    return good[::-1]


def images(task_definition: dict) -> dict[str, str]:
    """The images of a task definition, by the parameter that they come from."""
    named = {container["name"]: container["image"] for container in task_definition["containerDefinitions"]}
    return {parameter: named[name] for name, parameter in IMAGES.items() if name in named}
