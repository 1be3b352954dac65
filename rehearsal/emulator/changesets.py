"""Change sets look into nested stacks, accept a stack by its ARN, and refuse what AWS refuses.

The emulator ignores IncludeNestedStacks, conditions and capabilities, finds a change set by the stack's name only, and
takes one for a stack in any status.
"""

import contextlib
import copy
import re

from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, engine, handlers, helpers

from rehearsal.emulator.nest_changes import Foreseen, include_nested
from rehearsal.emulator.patch import wrap

UPDATABLE = {
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "IMPORT_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
}


def create(original):
    """Refuse a stack that cannot be changed now, and look into the nest when asked to."""

    def created(params):
        kind = helpers._p(params, "ChangeSetType", "UPDATE")
        stack = handlers._resolve_stack(helpers._p(params, "StackName"))
        status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
        refused = {"CREATE": status == "ROLLBACK_COMPLETE", "UPDATE": status not in UPDATABLE | {"DELETE_COMPLETE"}}
        if refused.get(kind):
            reason = f"Stack:{stack['StackId']} is in {status} state and can not be updated."
            return helpers._error("ValidationError", reason)
        answer = original(params)
        if stack and status == "REVIEW_IN_PROGRESS" and kind == "CREATE":
            answer = same_shell(stack, answer)
        found = re.search(rb"<Id>(.*?)</Id>", answer[2])
        if found and helpers._p(params, "IncludeNestedStacks") == "true":
            include_nested(cloudformation._change_sets[found[1].decode()])
        return answer

    return created


def same_shell(shell, answer):
    """A second change set for a stack of which there is nothing but a shell is one of the same stack, not of another
    one with its name.
    """
    new, old = cloudformation._stacks[shell["StackName"]], shell["StackId"]
    if (other := new["StackId"]) == old:
        return answer
    new["StackId"] = old
    cloudformation._stack_events[old] = cloudformation._stack_events.pop(other)
    for change_set in cloudformation._change_sets.values():
        if change_set["StackId"] == other:
            change_set["StackId"] = old
    return answer[0], answer[1], answer[2].replace(other.encode(), old.encode())


def describe(original):
    """Show each nested stack's change set beside its change."""

    def described(params):
        status, headers, body = original(params)
        _, change_set = changesets._find_change_set(
            helpers._p(params, "ChangeSetName"), helpers._p(params, "StackName")
        )
        if status == 200 and change_set.get("IncludeNestedStacks"):
            text = body.decode()
            fields = {key: change_set.get(key) for key in ("ParentChangeSetId", "RootChangeSetId")}
            extra = "".join(f"<{key}>{value}</{key}>" for key, value in fields.items() if value)
            start = "<DescribeChangeSetResult>"
            text = text.replace(start, f"{start}<IncludeNestedStacks>true</IncludeNestedStacks>{extra}", 1)
            for change in [entry["ResourceChange"] for entry in change_set["Changes"]]:
                if "ChangeSetId" in change:
                    mark = f"<LogicalResourceId>{change['LogicalResourceId']}</LogicalResourceId>"
                    text = text.replace(mark, f"{mark}<ChangeSetId>{change['ChangeSetId']}</ChangeSetId>", 1)
            body = text.encode()
        return status, headers, body

    return described


def delete(original):
    """With a change set go those of its nested stacks, as DeleteChangeSet says in the API's reference."""

    def deleted(params):
        stack = handlers._resolve_stack(helpers._p(params, "StackName"))
        name = stack["StackName"] if stack else helpers._p(params, "StackName")
        root, _ = changesets._find_change_set(helpers._p(params, "ChangeSetName"), name)
        answer = original(params)
        for child in [
            key for key, value in cloudformation._change_sets.items() if root == value.get("RootChangeSetId", "")
        ]:
            del cloudformation._change_sets[child]
        return answer

    return deleted


def find(original):
    """Take a stack's ARN where its name is meant."""

    def found(name, stack_name=""):
        stack = handlers._resolve_stack(stack_name) if stack_name.startswith("arn:") else None
        return original(name, stack["StackName"] if stack else stack_name)

    return found


def listed(original):
    """Take a stack's ARN where its name is meant."""

    def answer(params):
        stack = handlers._resolve_stack(helpers._p(params, "StackName"))
        return original(params | ({"StackName": [stack["StackName"]]} if stack else {}))

    return answer


def under_conditions(original):
    """A resource whose condition does not hold is none, and an attribute is not the same as nothing; so a condition
    that flips is a change."""

    def resolved(template, values, stack_name, stack_id):
        if not template:
            return original(template, values, stack_name, stack_id)
        conditions, mappings = engine._evaluate_conditions(template, values), template.get("Mappings", {})
        kept = {}
        for key, resource in template["Resources"].items():
            if conditions.get(resource.get("Condition"), True):
                properties = copy.deepcopy(resource.get("Properties", {}))
                # Resolved where that is possible now.
                with contextlib.suppress(ValueError, LookupError, TypeError):
                    properties = engine._resolve_refs(
                        properties, Foreseen(), values, conditions, mappings, stack_name, stack_id
                    )
                kept[key] = resource | {"Properties": properties}
        return {"Resources": kept}

    return resolved


def describe_stacks(original):
    """Nested stacks name their parent and their root."""

    def described(params):
        status, headers, body = original(params)
        text = body.decode()
        for stack in cloudformation._stacks.values():
            if "RootId" in stack:
                mark = f"<StackId>{stack['StackId']}</StackId>"
                family = f"<ParentId>{stack['ParentId']}</ParentId><RootId>{stack['RootId']}</RootId>"
                text = text.replace(mark, mark + family)
        return status, headers, text.encode()

    return described


def install() -> None:
    """Mend the calls, and have capabilities checked."""
    wrap(handlers._capabilities_enforced, lambda _: lambda: True)
    wrap(changesets._find_change_set, find)
    wrap(changesets._resolve_props_for_diff, under_conditions)
    wrap(changesets._create_change_set, create)
    wrap(changesets._describe_change_set, describe)
    wrap(changesets._delete_change_set, delete)
    wrap(changesets._list_change_sets, listed)
    wrap(handlers._describe_stacks, describe_stacks)
    wrap(handlers._list_stacks, describe_stacks)
