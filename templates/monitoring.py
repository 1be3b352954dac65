"""Monitoring: alarms that say what to do first, events of the database, dashboard, metrics from the logs, queries."""

from awacs import sns as actions
from awacs.aws import Allow, Bool, Condition, Deny, PolicyDocument, Principal, Statement, StringEquals
from troposphere import AccountId, Not, Ref, Template, sns

from templates.alarms import add_alarms
from templates.dashboard import add_dashboard
from templates.database_events import add_event_subscriptions
from templates.keys import ALARMING_SERVICES
from templates.log_insights import add_metric_filters, add_queries
from templates.parts import (
    accepted,
    add_conditions,
    add_outputs,
    add_parameters,
    chosen,
    given,
    name_tag,
    new_template,
    note,
    only_if,
)

DESCRIPTION = "Monitoring: dashboard, alarms with what to do first, log metrics and saved queries"

WIRING = [
    "NamePrefix",
    "LoadBalancerFullName",
    "TargetGroupFullName",
    "ClusterName",
    "ServiceName",
    "DatabaseInstanceId",
    "Replica1InstanceId",
    "Replica2InstanceId",
    "AppLogGroupName",
    "WebLogGroupName",
    "MigrateLogGroupName",
    "KeyArn",
]
CHOICES = ["AlarmEmail", "ContainerInsights", "PerformanceInsights"]


def build() -> Template:
    """The monitoring stack."""
    t = new_template(DESCRIPTION)
    add_parameters(t, [*CHOICES, *WIRING])
    add_conditions(
        t,
        {
            "HasKey": given("KeyArn"),
            "HasEmail": given("AlarmEmail"),
            "HasReplica1": given("Replica1InstanceId"),
            "HasReplica2": given("Replica2InstanceId"),
            "HasContainerInsights": Not(chosen("ContainerInsights", "disabled")),
            "IsInsightful": chosen("PerformanceInsights"),
        },
    )
    add_topic(t)
    add_metric_filters(t)
    add_alarms(t)
    add_event_subscriptions(t)
    add_queries(t)
    add_dashboard(t)
    add_outputs(t, {"AlarmTopicArn": Ref("AlarmTopic"), "DashboardName": Ref("Dashboard")})
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
