"""Alerts: who is told. The topic that every alarm is sent to, and what RDS itself tells of the database.

Nothing here waits for the service, so it is made beside it, and the alarms, which need it, find the topic there.
"""

from awacs import sns as actions
from awacs.aws import Allow, Bool, Condition, Deny, PolicyDocument, Principal, Statement, StringEquals
from troposphere import AccountId, Ref, Template, sns

from templates.database_events import add_event_subscriptions
from templates.keys import ALARMING_SERVICES
from templates.parts import (
    accepted,
    add_conditions,
    add_outputs,
    add_parameters,
    given,
    name_tag,
    new_template,
    note,
    only_if,
)

DESCRIPTION = "Alerts: topic of the alarms, who hears of them, events of the database"

WIRING = ["NamePrefix", "DatabaseInstanceId", "Replica1InstanceId", "Replica2InstanceId", "KeyArn"]


def build() -> Template:
    """The alerts stack."""
    t = new_template(DESCRIPTION)
    add_parameters(t, ["AlarmEmail", *WIRING])
    add_conditions(
        t,
        {
            "HasKey": given("KeyArn"),
            "HasEmail": given("AlarmEmail"),
            "HasReplica1": given("Replica1InstanceId"),
            "HasReplica2": given("Replica2InstanceId"),
        },
    )
    add_topic(t)
    add_event_subscriptions(t)
    add_outputs(t, {"AlarmTopicArn": Ref("AlarmTopic")})
    return t


def add_topic(t: Template) -> None:
    """Add the topic that every alarm is sent to, and the address that hears of it."""
    note(t, "AlarmTopic", "Every alarm is sent here, and sent again when it is over.")
    t.add_resource(
        sns.Topic(
            "AlarmTopic",
            Metadata=accepted(
                {"CKV_AWS_26": ("HasKey", "Alarms cannot use SNS's own key; a choice: CustomerManagedKey")}
            ),
            # SNS's own key cannot be used by alarms; then the topic, which holds nothing secret, is without one.
            KmsMasterKeyId=only_if("HasKey", Ref("KeyArn")),
            Tags=name_tag("alarms"),
        )
    )
    t.add_resource(
        sns.TopicPolicy("AlarmTopicPolicy", Topics=[Ref("AlarmTopic")], PolicyDocument=_topic_policy()),
    )
    t.add_resource(
        sns.SubscriptionResource(
            "AlarmSubscription",
            Condition="HasEmail",
            TopicArn=Ref("AlarmTopic"),
            Protocol="email",
            Endpoint=Ref("AlarmEmail"),
        )
    )


def _topic_policy():
    return PolicyDocument(
        Version="2012-10-17",
        Statement=[
            Statement(
                Sid="AlarmsOfThisAccount",
                Effect=Allow,
                Principal=Principal("Service", ALARMING_SERVICES),
                Action=[actions.Publish],
                Resource=[Ref("AlarmTopic")],
                Condition=Condition(StringEquals({"aws:SourceAccount": AccountId})),
            ),
            Statement(
                Sid="TlsOnly",
                Effect=Deny,
                Principal=Principal("*"),
                Action=[actions.Publish],
                Resource=[Ref("AlarmTopic")],
                Condition=Condition(Bool({"aws:SecureTransport": "false"})),
            ),
        ],
    )
