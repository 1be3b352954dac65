"""Change sets look into nested stacks, accept a stack by its ARN, and refuse what AWS refuses.

The emulator ignores IncludeNestedStacks, conditions and capabilities, finds a change set by the stack's name only, and
takes one for a stack in any status.
"""

import re
import secrets

from ministack.core.responses import get_account_id, get_region, now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, engine, handlers, helpers

from rehearsal.emulator import stacks
from rehearsal.emulator.patch import wrap

# What AWS says where a value is not known before the stack that makes it has run.
UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"
UPDATABLE = {
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "IMPORT_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
}
NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


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
        found = re.search(rb"<Id>(.*?)</Id>", answer[2])
        if found and helpers._p(params, "IncludeNestedStacks") == "true":
            include_nested(cloudformation._change_sets[found[1].decode()])
        return answer

    return created


def include_nested(change_set: dict) -> None:
    """Give each nested stack that a change set adds or modifies a change set of its own; it fails when one fails."""
    change_set["IncludeNestedStacks"] = True
    root = change_set.get("RootChangeSetId") or change_set["ChangeSetId"]
    for change in [entry["ResourceChange"] for entry in change_set["Changes"]]:
        if change["ResourceType"] != stacks.STACK or change["Action"] not in ("Add", "Modify"):
            continue
        child = nested_change_set(change_set, change["LogicalResourceId"])
        child |= {"ParentChangeSetId": change_set["ChangeSetId"], "RootChangeSetId": root}
        cloudformation._change_sets[child["ChangeSetId"]] = child
        change["ChangeSetId"] = child["ChangeSetId"]
        include_nested(child)
        if child["Status"] == "FAILED" and child["StatusReason"] != NO_CHANGES:
            reason = f"Nested change set {child['ChangeSetId']} was not successfully created: Currently in FAILED."
            change_set.update(Status="FAILED", ExecutionStatus="UNAVAILABLE", StatusReason=reason)


def nested_change_set(parent: dict, logical_id: str) -> dict:
    """The change set of one nested stack, as the parent's change set would make it."""
    stack = handlers._resolve_stack(parent["StackId"]) or {"_resources": {}}
    record = stack["_resources"].get(logical_id)
    child = handlers._resolve_stack(record["PhysicalResourceId"]) if record else None
    child = child or stacks.new_child(logical_id, parent)
    name = f"{parent['ChangeSetName']}-{logical_id}-{secrets.token_hex(6).upper()}"
    arn = f"arn:aws:cloudformation:{get_region()}:{get_account_id()}:changeSet/{name}/{secrets.token_hex(16)}"
    change_set = {
        "ChangeSetId": arn,
        "ChangeSetName": name,
        "StackId": child["StackId"],
        "StackName": child["StackName"],
        "Status": "CREATE_COMPLETE",
        # It is executed with the root's, never alone.
        "ExecutionStatus": "UNAVAILABLE",
        "StatusReason": "",
        "CreationTime": now_iso(),
        "ChangeSetType": "UPDATE" if record else "CREATE",
        "Changes": [],
        "Parameters": [],
        "Tags": [],
        "Capabilities": parent["Capabilities"],
    }
    try:
        compare(change_set, child, properties_of(parent, stack, logical_id))
    except ValueError as error:
        change_set.update(Status="FAILED", StatusReason=str(error))
    return change_set


def properties_of(parent: dict, stack: dict, logical_id: str) -> dict:
    """The nested stack's properties as far as they are known before the parent runs."""
    template, values = parent["_template"], parent["_resolved_params"]
    conditions, mappings = engine._evaluate_conditions(template, values), template.get("Mappings", {})

    def resolve(value):
        try:
            return engine._resolve_refs(
                value, stack["_resources"], values, conditions, mappings, parent["StackName"], parent["StackId"]
            )
        except ValueError:
            # An output that its stack does not have yet.
            return ""

    raw = template["Resources"][logical_id]["Properties"]
    given = {key: resolve(value) for key, value in (raw.get("Parameters") or {}).items()}
    known = {key: value for key, value in given.items() if value is not engine._NO_VALUE}
    return {"TemplateURL": resolve(raw.get("TemplateURL")), "Parameters": known}


def compare(change_set: dict, child: dict, props: dict) -> None:
    """Write on a nested change set what changes in its stack; ValueError when AWS would refuse its template."""
    template, _ = stacks.template_of(props.get("TemplateURL"))
    missing = handlers._missing_capabilities(
        set(change_set["Capabilities"]), handlers._required_iam_capabilities(template)
    )
    if missing:
        raise ValueError(handlers._insufficient_capabilities_message(missing))
    values = parameters_of(template, props)
    engine.validate_template_support(template, engine._evaluate_conditions(template, values))
    old_values = child["_resolved_params"]
    name, stack_id = child["StackName"], child["StackId"]
    changes = changesets._diff_resources(
        changesets._resolve_props_for_diff(child["_template"], old_values, name, stack_id),
        changesets._resolve_props_for_diff(template, values, name, stack_id),
        child["_resources"],
        template,
        {key for key, value in values.items() if old_values.get(key, {}).get("Value") != value["Value"]},
    )
    change_set.update(
        Changes=changes,
        Parameters=[{"ParameterKey": key, "ParameterValue": value["Value"]} for key, value in values.items()],
        _template=template,
        _resolved_params=values,
    )
    if not changes:
        change_set.update(Status="FAILED", StatusReason=NO_CHANGES)


def parameters_of(template: dict, props: dict) -> dict:
    """The nested stack's parameters; what only the run of the parent can tell is UNKNOWN and not checked."""
    given = {key: value if value != "" else None for key, value in (props.get("Parameters") or {}).items()}
    known = {key: value for key, value in given.items() if value is not None}
    declared = template.get("Parameters") or {}
    unknown = [key for key in given if key not in known and declared.get(key, {}).get("Default") != ""]
    checked = {key: value for key, value in declared.items() if key not in unknown}
    values = stacks.parameters_of({"Parameters": checked}, {"Parameters": known})
    types = {key: declared.get(key, {}).get("Type", "String") for key in unknown}
    return values | {key: {"Value": UNKNOWN, "NoEcho": False, "Type": kind} for key, kind in types.items()}


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
    """A resource whose condition does not hold is none; so a condition that flips is a change."""

    def resolved(template, values, stack_name, stack_id):
        answer = original(template, values, stack_name, stack_id)
        if not template:
            return answer
        conditions = engine._evaluate_conditions(template, values)
        kept = {
            key: resource
            for key, resource in answer["Resources"].items()
            if conditions.get(resource.get("Condition"), True)
        }
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
    wrap(changesets._list_change_sets, listed)
    wrap(handlers._describe_stacks, describe_stacks)
    wrap(handlers._list_stacks, describe_stacks)
