"""Alarms, dashboard, log metrics, queries."""

import json
import re

import pytest

from tests.nest import flat, of_type

ON = {"EnableMonitoring": "true", "ReadReplicas": "2"}
RESOURCES = flat(**ON)
ALARMS = of_type(RESOURCES, "AWS::CloudWatch::Alarm")

# Metrics of the recommended alarms (CloudWatch user guide) that need no option to be on.
RECOMMENDED = {
    "AWS/ApplicationELB": {
        "HTTPCode_ELB_5XX_Count",
        "HTTPCode_Target_5XX_Count",
        "TargetResponseTime",
        "UnHealthyHostCount",
        "HealthyHostCount",
        "RejectedConnectionCount",
    },
    "AWS/ECS": {"CPUUtilization", "MemoryUtilization"},
    "AWS/RDS": {
        "CPUUtilization",
        "DatabaseConnections",
        "EBSByteBalance%",
        "EBSIOBalance%",
        "FreeableMemory",
        "FreeStorageSpace",
        "ReadLatency",
        "WriteLatency",
        "ReplicaLag",
    },
}


def test_nothing_of_it_unless_asked():
    kinds = {body["Type"] for body in flat(AlarmRollback="false").values()}
    assert not kinds & {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::SNS::Topic"}


@pytest.mark.parametrize("namespace", RECOMMENDED)
def test_recommended_metrics_have_alarms(namespace):
    watched = {item["MetricName"] for item in ALARMS.values() if item["Namespace"] == namespace}
    assert watched >= RECOMMENDED[namespace]


def test_alarms_of_what_must_be_switched_on():
    def metrics(**parameters):
        return {item["MetricName"] for item in of_type(flat(**ON, **parameters), "AWS::CloudWatch::Alarm").values()}

    assert "RunningTaskCount" in metrics(ContainerInsights="enabled")
    assert "DBLoad" in metrics(PerformanceInsights="true", DBInstanceClass="db.m7g.large")
    assert not {"RunningTaskCount", "DBLoad"} & metrics()


def monitoring_alarms() -> dict:
    return {title: item for title, item in ALARMS.items() if title.startswith("Monitoring")}


@pytest.mark.parametrize("title", monitoring_alarms())
def test_each_alarm_says_what_to_do_first_and_is_heard(title):
    alarm = ALARMS[title]
    assert " First: " in alarm["AlarmDescription"]
    assert len(alarm["AlarmDescription"]) <= 1024
    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlertsAlarmTopic"}]
    assert alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"]


def test_counts_of_requests_do_not_alarm_when_there_are_none():
    """The load balancer reports nothing without requests."""
    for title, alarm in ALARMS.items():
        if alarm["Namespace"] == "AWS/ApplicationELB" and alarm["MetricName"] != "HealthyHostCount":
            assert alarm["TreatMissingData"] == "notBreaching", title


def test_e_mail_only_with_an_address():
    assert of_type(RESOURCES, "AWS::SNS::Subscription") == {}
    (subscription,) = of_type(flat(**ON, AlarmEmail="ops@shop.test"), "AWS::SNS::Subscription").values()
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@shop.test")


@pytest.mark.parametrize("replicas", ["0", "1", "2"])
def test_dashboard_is_json_and_every_name_in_it_is_filled(replicas):
    (dashboard,) = of_type(flat(EnableMonitoring="true", ReadReplicas=replicas), "AWS::CloudWatch::Dashboard").values()
    body = dashboard["DashboardBody"]
    text = body if isinstance(body, str) else json.dumps(body["Fn::Sub"])
    text = json.loads(text) if not isinstance(body, str) else text
    text = text if isinstance(text, str) else text[0]
    widgets = json.loads(re.sub(r"\$\{[^}]+\}", "x", text))["widgets"]
    assert len(widgets) == 12
    for widget in widgets:
        for line in widget["properties"]["metrics"]:
            assert all(line[:-1]), "an empty dimension is refused"
    places = [(widget["x"], widget["y"]) for widget in widgets]
    assert len(set(places)) == len(places)
    assert max(widget["x"] + widget["width"] for widget in widgets) <= 24


@pytest.mark.parametrize(("replicas", "count"), [("0", 1), ("2", 3)])
def test_events_of_every_instance_are_told_where_alarms_are(replicas, count):
    resources = flat(EnableMonitoring="true", ReadReplicas=replicas)
    subscriptions = of_type(resources, "AWS::RDS::EventSubscription")
    assert {item["SnsTopicArn"]["Ref"] for item in subscriptions.values()} == {"AlertsAlarmTopic"}
    (sources,) = [item["SourceIds"] for item in subscriptions.values() if item["SourceType"] == "db-instance"]
    assert len(sources) == count


def test_the_topic_has_no_key_that_its_writers_cannot_use():
    """SNS's own key cannot be used by alarms (CloudWatch user guide); lint sees only one stack."""
    (topic,) = of_type(RESOURCES, "AWS::SNS::Topic").values()
    assert "KmsMasterKeyId" not in topic
    (topic,) = of_type(flat("production"), "AWS::SNS::Topic").values()
    assert topic["KmsMasterKeyId"] == {"Fn::GetAtt": ["KeysKey", "Arn"]}


def test_whoever_writes_to_the_topic_may_use_its_key():
    """Else nothing arrives, and nobody hears of that either (SNS developer guide, key management)."""
    resources = flat("production", EnableMonitoring="true")
    policies = of_type(resources, "AWS::SNS::TopicPolicy")["AlertsAlarmTopicPolicy"]["PolicyDocument"]["Statement"]
    writers = {name for item in policies if item["Effect"] == "Allow" for name in item["Principal"]["Service"]}
    users = resources["KeysKey"]["Properties"]["KeyPolicy"]["Statement"]
    allowed = {name for item in users for name in item["Principal"].get("Service", []) if item["Effect"] == "Allow"}
    assert {"cloudwatch.amazonaws.com", "events.rds.amazonaws.com"} <= writers <= allowed
