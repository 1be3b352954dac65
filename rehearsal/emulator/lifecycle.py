"""What happens to any stack, nested or not: events, reasons, snapshots.

The emulator writes events for resources that an update does not touch, calls what it adds updated, names no physical id
in FAILED events; a failed create rolls back without a reason, a replaced database leaves no snapshot, and what a nested
stack replaces or drops is gone before the nest's update has succeeded.
"""

import itertools
from contextvars import ContextVar

from ministack.services import cloudformation
from ministack.services.cloudformation import provisioners, stacks

from rehearsal.emulator.patch import wrap

# Whether the operation that is running leaves a failed stack as it is: DisableRollback holds for the whole nest.
DISABLE_ROLLBACK: ContextVar[bool] = ContextVar("disable_rollback", default=False)
# Resources, as (stack id, logical id), of which is not known yet whether the running update changes them.
HELD: set[tuple[str, str]] = set()
# Resources that the running update adds.
ADDED: set[tuple[str, str]] = set()
# Root stack's id -> name of a nested stack -> its deletions, which wait until the whole update has succeeded.
WAITING: dict[str, dict[str, list[tuple]]] = {}


def deploy_stack(original):
    """DisableRollback holds for the whole nest, and the nest is cleaned up once all of it has succeeded."""

    async def deploy(name, stack_id, template, parameters, disable_rollback, *args, **options):
        token = DISABLE_ROLLBACK.set(disable_rollback)
        try:
            await original(name, stack_id, template, parameters, disable_rollback, *args, **options)
        finally:
            DISABLE_ROLLBACK.reset(token)
            # A nested stack's id is never in here.
            waiting = WAITING.pop(stack_id, {})
        if cloudformation._stacks[name]["StackStatus"] == "UPDATE_COMPLETE":
            # Each stack's are in the order of their dependencies; a stack that came later needs those before it.
            for order in itertools.chain.from_iterable(reversed(waiting.values())):
                clean_up(*order)

    return deploy


def clean_up(kind: str, physical_id: str, props: dict, stack_name: str, logical_id: str) -> None:
    """Delete what an update has left behind; it succeeds even if that fails."""
    try:
        provisioners._delete_resource(kind, physical_id, props, stack_name, logical_id)
    except ValueError as error:
        stack_id = cloudformation._stacks[stack_name]["StackId"]
        stacks._add_event(stack_id, stack_name, logical_id, kind, "DELETE_FAILED", str(error), physical_id)


def delete_resource(original):
    """A replaced database leaves its snapshot; in a nested stack, cleaning up after an update waits."""

    def delete(kind, physical_id, props, stack_name=None, logical_id=None):
        stack = cloudformation._stacks.get(stack_name) or {}
        if stack.get("StackStatus") != "UPDATE_IN_PROGRESS":
            return original(kind, physical_id, props, stack_name, logical_id)
        replaced = (
            logical_id in stack["_resources"] and stack["_resources"][logical_id]["PhysicalResourceId"] != physical_id
        )
        definition = stack["_template"].get("Resources", {}).get(logical_id, {})
        if replaced and definition.get("UpdateReplacePolicy") == "Snapshot":
            provisioners._snapshot_resource(kind, physical_id, props)
        if "RootId" in stack and kind != "AWS::CloudFormation::Stack":
            waiting = WAITING.setdefault(stack["RootId"], {}).setdefault(stack_name, [])
            return waiting.append((kind, physical_id, props, stack_name, logical_id))
        return original(kind, physical_id, props, stack_name, logical_id)

    return delete


def complete_rollback(original):
    """A rollback says why it began, and brings the old conditions back with the old template."""

    async def roll_back(name, stack_id, stack, operation, reason_override=""):
        resource = operation.get("failed_logical_id")
        if resource and not operation.get("is_update") and not reason_override:
            reason_override = f"The following resource(s) failed to create: [{resource}]. Rollback requested by user."
        await original(name, stack_id, stack, operation, reason_override)
        if operation.get("is_update"):
            stack["_conditions"] = (operation.get("previous_stack") or {}).get("_conditions", {})

    return roll_back


def update_resource(original):
    """Say that a resource is updated once it is known that it changes."""

    def update(kind, physical_id, old, new, stack_name, logical_id=None, attributes=None):
        stack_id = cloudformation._stacks[stack_name]["StackId"]
        if old != new and (stack_id, logical_id) in HELD:
            HELD.remove((stack_id, logical_id))
            stacks._add_event(stack_id, stack_name, logical_id, kind, "UPDATE_IN_PROGRESS", physical_id=physical_id)
        return original(kind, physical_id, old, new, stack_name, logical_id, attributes)

    return update


def add_event(original):
    """Each event carries the physical id once it is known; unchanged resources have none, added ones are created."""

    def added(stack_id, name, logical_id, kind, status, reason="", physical_id="", detailed_status=""):
        key = (stack_id, logical_id)
        if status == "UPDATE_IN_PROGRESS" and not physical_id:
            if logical_id in cloudformation._stacks[name]["_resources"]:
                HELD.add(key)
                return
            ADDED.add(key)
        elif key in HELD:
            HELD.remove(key)
            if status == "UPDATE_COMPLETE":
                return
            original(stack_id, name, logical_id, kind, "UPDATE_IN_PROGRESS", physical_id=known_id(*key))
        if key in ADDED:
            status = status.replace("UPDATE_", "CREATE_")
            if not status.endswith("IN_PROGRESS"):
                ADDED.remove(key)
        if not status.startswith("CREATE_IN"):
            physical_id = physical_id or known_id(*key)
        original(stack_id, name, logical_id, kind, status, reason, physical_id, detailed_status)

    return added


def known_id(stack_id: str, logical_id: str) -> str:
    """The physical id in the latest event of a resource that has one."""
    earlier = cloudformation._stack_events.get(stack_id, [])
    ids = (e["PhysicalResourceId"] for e in reversed(earlier) if e["LogicalResourceId"] == logical_id)
    return next((value for value in ids if value), "")


def install() -> None:
    """Mend the functions that every stack's operation runs through."""
    wrap(stacks._deploy_stack_async, deploy_stack)
    wrap(stacks._roll_back_operation, complete_rollback)
    wrap(stacks._update_resource, update_resource)
    wrap(stacks._delete_resource, delete_resource)
    wrap(stacks._add_event, add_event)
