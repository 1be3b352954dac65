"""Nested stacks live as stacks do: they roll back, update in place, and honour their DeletionPolicy.

The emulator creates them in a loop of its own: on an update unchanged resources lose their attributes, a failure
leaves the child half made, deletion ignores Snapshot and Retain and hides what could not be deleted. Here a child runs
through the same code as a stack of its own.
"""

import asyncio
import copy
import secrets

from ministack.core.responses import get_account_id, get_region, now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import engine, handlers, helpers, provisioners, stacks

from rehearsal.emulator.lifecycle import DISABLE_ROLLBACK
from rehearsal.emulator.patch import wrap

STACK = "AWS::CloudFormation::Stack"
KEPT = ("_resources", "_template", "_template_body", "_resolved_params", "_conditions", "Parameters", "Tags", "Outputs")


def template_of(url: str | None) -> tuple[dict, str]:
    """A nested stack's template, parsed and as it was written; ValueError when there is none."""
    if not url:
        raise ValueError("Property TemplateURL cannot be empty.")
    body, error = helpers._resolve_template({"TemplateURL": [url]})
    if error or not body:
        raise ValueError(f"TemplateURL must reference a valid S3 object to which you have access: {url}")
    return engine._parse_template(body), body


def parameters_of(template: dict, props: dict) -> dict:
    """What a nested stack's parameters are; ValueError when one is missing or not as it must be."""
    given = props.get("Parameters") or {}
    if any(isinstance(value, list | dict) for value in given.values()):
        raise ValueError("Value of property Parameters must be an object with String (or simple type) properties")
    return engine._resolve_parameters(template, [{"Key": key, "Value": value} for key, value in given.items()])


def prepare(child: dict, props: dict, parent: dict) -> tuple[dict, dict]:
    """Check a nested stack's template and write it on the stack's record; returns template and parameters."""
    template, body = template_of(props.get("TemplateURL"))
    provisioners._check_nested_stack_capabilities(parent["StackName"], template)
    parameters = parameters_of(template, props)
    conditions = engine._evaluate_conditions(template, parameters)
    engine.validate_template_support(template, conditions, parameters)
    tags = provisioners._tag_map(props.get("Tags"))
    child.update(
        Description=template.get("Description", ""),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value["Value"], "NoEcho": value["NoEcho"]}
            for key, value in parameters.items()
        ],
        Tags=[{"Key": key, "Value": value} for key, value in tags.items() if not key.startswith("aws:")],
        Capabilities=parent.get("Capabilities", []),
        DisableRollback=DISABLE_ROLLBACK.get(),
        LastUpdatedTime=now_iso(),
        _template_body=body,
        _conditions=conditions,
    )
    return template, parameters


def event(stack: dict, status: str, reason: str = "") -> None:
    """Put a stack into a status, with the event that says so."""
    stack["StackStatus"] = status
    name, stack_id = stack["StackName"], stack["StackId"]
    stacks._add_event(stack_id, name, name, STACK, status, reason, stack_id)


def run(child: dict, template: dict, parameters: dict, previous: dict | None = None) -> None:
    """Create or update a nested stack to the end. The emulator calls us on a thread of our own."""
    asyncio.run(
        stacks._deploy_stack_async(
            child["StackName"],
            child["StackId"],
            template,
            parameters,
            DISABLE_ROLLBACK.get(),
            child["Tags"],
            is_update=previous is not None,
            previous_stack=previous,
        )
    )


def delete_child(child: dict) -> None:
    """Delete a nested stack with its policies; ValueError with the reason when something stayed."""
    asyncio.run(stacks._delete_stack_async(child["StackName"], child["StackId"]))
    if child["StackStatus"] != "DELETE_COMPLETE":
        raise ValueError(
            f"Embedded stack {child['StackId']} was not successfully deleted. "
            f"Currently in {child['StackStatus']} with reason: {child['StackStatusReason']}"
        )


def cause(child: dict) -> str:
    """Why a nested stack's last operation failed, as AWS says it to the parent."""
    name, since = child["StackName"], []
    for happened in reversed(cloudformation._stack_events[child["StackId"]]):
        entry = happened["LogicalResourceId"], happened["ResourceStatus"]
        if entry in ((name, "CREATE_IN_PROGRESS"), (name, "UPDATE_IN_PROGRESS")):
            break
        since.append((*entry, happened["ResourceStatusReason"]))
    for verb in ("create", "update"):
        names = sorted(key for key, status, _ in since if status == f"{verb.upper()}_FAILED" and key != name)
        if names:
            return f"The following resource(s) failed to {verb}: [{', '.join(names)}]."
    return next((reason for key, status, reason in since if key == name and status.endswith("_FAILED")), "unknown")


def answer(child: dict) -> tuple[str, dict]:
    """A nested stack's physical id and attributes."""
    return child["StackId"], {f"Outputs.{out['OutputKey']}": out["OutputValue"] for out in child["Outputs"]}


def new_child(logical_id: str, parent: dict) -> dict:
    """The record of a nested stack that is about to be created."""
    name = f"{parent['StackName']}-{logical_id}-{secrets.token_hex(6).upper()}"
    return {
        "StackName": name,
        "StackId": f"arn:aws:cloudformation:{get_region()}:{get_account_id()}:stack/{name}/{provisioners.new_uuid()}",
        "StackStatusReason": "",
        "CreationTime": now_iso(),
        "Outputs": [],
        "ParentId": parent["StackId"],
        "RootId": parent.get("RootId") or parent["StackId"],
        "_parent_stack_name": parent["StackName"],
        "_region": get_region(),
        "_resources": {},
        "_template": {},
        "_resolved_params": {},
    }


def create(logical_id: str, props: dict, parent_name: str) -> tuple[str, dict]:
    """Create a nested stack. When it fails it is deleted again, or kept when the nest is not rolled back."""
    parent = cloudformation._stacks[parent_name]
    child = new_child(logical_id, parent)
    template, parameters = prepare(child, props, parent)
    cloudformation._stacks[child["StackName"]] = child
    cloudformation._stack_events[child["StackId"]] = []
    stacks._add_event(
        parent["StackId"],
        parent_name,
        logical_id,
        STACK,
        "CREATE_IN_PROGRESS",
        "Resource creation Initiated",
        child["StackId"],
    )
    event(child, "CREATE_IN_PROGRESS")
    run(child, template, parameters)
    if child["StackStatus"] == "CREATE_COMPLETE":
        return answer(child)
    reason = cause(child)
    if DISABLE_ROLLBACK.get():
        record = {"ResourceType": STACK, "ResourceStatus": "CREATE_FAILED", "LogicalResourceId": logical_id}
        record |= {
            "PhysicalResourceId": child["StackId"],
            "Properties": props,
            "Attributes": {},
            "Timestamp": now_iso(),
        }
        parent["_resources"][logical_id] = record
    else:
        delete_child(child)
    raise ValueError(f"Embedded stack {child['StackId']} was not successfully created: {reason}")


def update(physical_id: str, _old: dict, new: dict, parent_name: str, *_rest: object) -> tuple[str, dict]:
    """Update a nested stack, or take it back when its parent is rolling back."""
    parent = cloudformation._stacks[parent_name]
    child = handlers._resolve_stack(physical_id)
    if parent["StackStatus"] == "UPDATE_ROLLBACK_IN_PROGRESS":
        return take_back(child)
    child.pop("_before", None)
    before = copy.deepcopy({key: child[key] for key in KEPT})
    template, parameters = prepare(child, new, parent)
    child["_before"] = before
    event(child, "UPDATE_IN_PROGRESS")
    run(child, template, parameters, before)
    if child["StackStatus"] == "UPDATE_COMPLETE":
        return answer(child)
    # AWS tells the parent as soon as the child begins to roll back.
    status = child["StackStatus"].replace("ROLLBACK_COMPLETE", "ROLLBACK_IN_PROGRESS")
    raise ValueError(
        f"Embedded stack {child['StackId']} was not successfully updated. "
        f"Currently in {status} with reason: {cause(child)}"
    )


def take_back(child: dict) -> tuple[str, dict]:
    """Roll back a nested stack whose own update has succeeded, because another part of the nest has failed."""
    # One that failed has rolled itself back; one whose template was refused has not begun.
    before = child.pop("_before", None)
    if before is None or child["StackStatus"] != "UPDATE_COMPLETE":
        return answer(child)
    template = child["_template"]
    operation = {
        "is_update": True,
        "previous_stack": before,
        "created": engine._topological_sort(template["Resources"], child["_conditions"]),
        "template": template,
        "param_values": child["_resolved_params"],
        "stack_tags": child["Tags"],
        "previous_tags": before["Tags"],
    }
    asyncio.run(stacks._roll_back_operation(child["StackName"], child["StackId"], child, operation))
    if child["StackStatus"] != "UPDATE_ROLLBACK_COMPLETE":
        raise ValueError(f"Embedded stack {child['StackId']} could not be rolled back: {child['StackStatusReason']}")
    return answer(child)


def delete(physical_id: str, _props: dict) -> None:
    """Delete a nested stack, if it is still there."""
    child = handlers._resolve_stack(physical_id)
    if child and child["StackStatus"] != "DELETE_COMPLETE":
        delete_child(child)


def install() -> None:
    """Put the nested stack's handlers in the place of the emulator's."""
    wrap(provisioners._cfn_nested_stack_create, lambda _: create)
    wrap(provisioners._cfn_nested_stack_update, lambda _: update)
    wrap(provisioners._cfn_nested_stack_delete, lambda _: delete)
