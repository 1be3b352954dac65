"""AWS::RDS::OptionGroup and AWS::RDS::EventSubscription, which the emulator refuses.

An option group is one of the emulator's own, with its options; no option does anything. A subscription is remembered:
no event is ever sent.
"""

import uuid

from ministack.services import rds, sns
from ministack.services.cloudformation import provisioners

from rehearsal.emulator.patch import ResourceType

OPTION_GROUP = "AWS::RDS::OptionGroup"
# What RDS tells of (API reference, DescribeEventCategories), as far as a template here asks for it.
SOURCES = {"db-instance", "db-parameter-group", "db-security-group", "db-snapshot", "db-cluster", "db-cluster-snapshot"}


def create_group(logical_id, props, stack_name):
    """Ref is the group's name, in lower case as on RDS; ValueError for what RDS refuses."""
    name = f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:12]}".lower()
    asked = {key: props.get(key, "") for key in ("EngineName", "MajorEngineVersion", "OptionGroupDescription")}
    missing = [key for key, value in asked.items() if not value]
    if missing:
        raise ValueError(f"{OPTION_GROUP}: {', '.join(missing)} is required")
    provisioners._rds_call(rds._create_option_group, {"OptionGroupName": name, **asked}, OPTION_GROUP, "create")
    return name, configure(name, props)


def update_group(physical_id, _old, new, _stack_name, _logical_id):
    """Options change in place."""
    return physical_id, configure(physical_id, new)


def configure(name: str, props: dict) -> dict:
    """Give the group its options; the attributes of the resource."""
    rds._option_groups[name]["Options"] = [
        {"OptionName": option["OptionName"], "OptionSettings": option.get("OptionSettings", [])}
        for option in props.get("OptionConfigurations", [])
    ]
    return {"OptionGroupName": name}


def delete_group(physical_id, _props):
    """Delete it; one that is gone already is no fault."""
    rds._option_groups.pop(physical_id, None)


def subscribe(logical_id, props, stack_name):
    """Ref is the subscription's name; ValueError when the topic, or the kind of source, does not exist."""
    if props.get("SnsTopicArn") not in sns._topics:
        raise ValueError(f"SNSTopicArnNotFound: {props.get('SnsTopicArn')}")
    if props.get("SourceType", "db-instance") not in SOURCES:
        raise ValueError(f"SourceType {props['SourceType']} is not valid")
    return f"{stack_name}-{logical_id}".lower(), {}


def change_subscription(physical_id, _old, new, stack_name, logical_id):
    """Everything but the topic changes in place."""
    subscribe(logical_id, new, stack_name)
    return physical_id, {}


def unsubscribe(_physical_id, _props):
    """Nothing is left of it."""


ADDED = (
    ResourceType(
        OPTION_GROUP,
        create_group,
        delete_group,
        update_group,
        replacing=("EngineName", "MajorEngineVersion", "OptionGroupDescription", "OptionGroupName"),
    ),
    ResourceType(
        "AWS::RDS::EventSubscription",
        subscribe,
        unsubscribe,
        change_subscription,
        replacing=("SnsTopicArn", "SubscriptionName"),
    ),
)


def install() -> None:
    """Register the types."""
    for added in ADDED:
        added.register()
