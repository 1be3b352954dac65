"""What a change set says of the stacks in a nest: each that it adds or changes has a change set of its own.

What only the run of the nest can tell, as an output of a stack that is about to change, is UNKNOWN there.
"""

import secrets

from ministack.core.responses import get_account_id, get_region, now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, engine, handlers

from rehearsal.emulator import stacks

# What AWS says where a value is not known before the stack that makes it has run.
UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"
NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


class Outputs(dict):
    """Attributes of a resource that is about to change: those that are empty now may not stay so."""

    def __contains__(self, _name):
        return True

    def __getitem__(self, name):
        return self.get(name) or UNKNOWN


class Foreseen(dict):
    """The resources of a stack before it changes; attributes of what is not there yet are UNKNOWN."""

    def __init__(self, resources: dict | None = None, changing: set[str] = frozenset()):
        super().__init__(resources or {})
        self.changing = changing

    def get(self, logical_id, default=None):
        record = super().get(logical_id)
        if record and logical_id not in self.changing:
            return record
        return {"Attributes": Outputs(record["Attributes"] if record else {})}


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

    changing = {entry["ResourceChange"]["LogicalResourceId"] for entry in parent["Changes"]}
    resources = Foreseen(stack["_resources"], changing)

    def resolve(value):
        try:
            return engine._resolve_refs(
                value, resources, values, conditions, mappings, parent["StackName"], parent["StackId"]
            )
        except ValueError:
            return UNKNOWN

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
    given = props.get("Parameters") or {}
    known = {key: value for key, value in given.items() if UNKNOWN not in str(value)}
    declared = template.get("Parameters") or {}
    unknown = [key for key in given if key not in known]
    checked = {key: value for key, value in declared.items() if key not in unknown}
    values = stacks.parameters_of({"Parameters": checked}, {"Parameters": known})
    types = {key: declared.get(key, {}).get("Type", "String") for key in unknown}
    return values | {key: {"Value": UNKNOWN, "NoEcho": False, "Type": kind} for key, kind in types.items()}
