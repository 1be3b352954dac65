"""Events of the database: what RDS itself tells of failures, maintenance and changes, sent where the alarms go."""

from troposphere import If, NoValue, Ref, Template, rds

from templates.parts import name_tag, note

# Subscription: (kind of source, categories of events). Those that AWS's own catalogue calls critical (Security Hub,
# RDS.20 to RDS.22). Of groups those of the whole account and region: a change of one by hand is worth a message.
SUBSCRIPTIONS = {
    "InstanceEventSubscription": ("db-instance", ["availability", "configuration change", "failure", "maintenance"]),
    "ParameterGroupEventSubscription": ("db-parameter-group", ["configuration change"]),
    "SecurityGroupEventSubscription": ("db-security-group", ["configuration change", "failure"]),
}
INSTANCES = [
    Ref("DatabaseInstanceId"),
    If("HasReplica1", Ref("Replica1InstanceId"), NoValue),
    If("HasReplica2", Ref("Replica2InstanceId"), NoValue),
]


def add_event_subscriptions(t: Template) -> None:
    """Add the subscriptions to RDS's events."""
    note(t, "InstanceEventSubscription", "What RDS tells of the database: failures, maintenance, changes.")
    for title, (source, categories) in SUBSCRIPTIONS.items():
        only = {"SourceIds": INSTANCES} if source == "db-instance" else {}
        t.add_resource(
            rds.EventSubscription(
                title,
                DependsOn="AlarmTopicPolicy",
                SnsTopicArn=Ref("AlarmTopic"),
                SourceType=source,
                **only,
                EventCategories=categories,
                Enabled=True,
                Tags=name_tag("database-events"),
            )
        )
