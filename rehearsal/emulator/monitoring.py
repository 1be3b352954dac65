"""What watches: saved queries of CloudWatch Logs, alarms on a percentile, encrypted topics, e-mail to be confirmed.

The emulator refuses AWS::Logs::QueryDefinition, shows a percentile's alarm as one on the average too, drops a topic's
key and takes an e-mail address as confirmed at once. A query is remembered here, and never run.
"""

import uuid

from ministack.services import sns
from ministack.services.cloudformation import provisioners

from rehearsal.emulator.patch import ResourceType, wrap


def create_query(_logical_id, props, _stack_name):
    """Ref is the query's id; ValueError when it says nothing."""
    if not props.get("QueryString"):
        raise ValueError("QueryString is required for AWS::Logs::QueryDefinition")
    name = str(uuid.uuid4())
    return name, {"QueryDefinitionId": name}


def update_query(physical_id, _old, _new, _stack_name, _logical_id):
    """Every property changes in place."""
    return physical_id, {"QueryDefinitionId": physical_id}


def delete_query(_physical_id, _props):
    """Nothing is left of it."""


def alarm(original):
    """An alarm has a statistic or a percentile, never both."""

    def record(name, props):
        made = original(name, props)
        if made["ExtendedStatistic"]:
            del made["Statistic"]
        return made

    return record


def encrypt(arn: str, props: dict) -> None:
    """Keep the topic's key, or take it away."""
    attributes = sns._topics[arn]["attributes"]
    attributes.pop("KmsMasterKeyId", None)
    if props.get("KmsMasterKeyId"):
        attributes["KmsMasterKeyId"] = props["KmsMasterKeyId"]


def create_topic(original):
    """Create with its key."""

    def created(logical_id, props, stack_name):
        arn, attributes = original(logical_id, props, stack_name)
        encrypt(arn, props)
        return arn, attributes

    return created


def update_topic(original):
    """Update with its key."""

    def updated(physical_id, old, new, *rest):
        arn, attributes = original(physical_id, old, new, *rest)
        encrypt(arn, new)
        return arn, attributes

    return updated


def subscribe(original):
    """Whoever reads the mail has to confirm."""

    def subscribed(logical_id, props, stack_name):
        arn, attributes = original(logical_id, props, stack_name)
        found = sns._find_subscription(props["TopicArn"], arn)
        if found and props["Protocol"].startswith("email"):
            found["confirmed"] = False
        return arn, attributes

    return subscribed


def install() -> None:
    """Register the type, and mend the others' handlers."""
    ResourceType("AWS::Logs::QueryDefinition", create_query, delete_query, update_query, tags=False).register()
    wrap(provisioners._cw_metric_alarm_record, alarm)
    wrap(provisioners._sns_create, create_topic)
    wrap(provisioners._sns_update, update_topic)
    wrap(provisioners._sns_sub_create, subscribe)
