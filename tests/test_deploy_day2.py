"""The decisions of the days after the first deployment, each a table: report, logs, drift, pause, rollback."""

from datetime import UTC, datetime, timedelta

import pytest

from deploy import drift, history, journal, pausing
from deploy.answers import Answer
from deploy.events import Event
from deploy.problem import Problem
from deploy.report import Facts, Image, screen

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)

# Report

STACK = {"StackStatus": "UPDATE_COMPLETE", "CreationTime": NOW}
SERVICE = {
    "runningCount": 1,
    "desiredCount": 2,
    "pendingCount": 1,
    "deployments": [
        {"status": "PRIMARY", "rolloutState": "IN_PROGRESS", "failedTasks": 2, "runningCount": 0},
        {"status": "ACTIVE", "rolloutState": "COMPLETED", "runningCount": 1},
    ],
}
DATABASE = {"DBInstanceStatus": "available", "DBInstanceClass": "db.t3.micro", "Engine": "mysql"}


def report(**facts) -> str:
    lines = screen(Facts("flaskcrud-lab", "us-east-1", STACK, **facts))
    assert all(len(line) <= 80 or " " not in line[12:] for line in lines)
    return "\n".join(lines)


def test_an_environment_that_is_not_there_is_one_line():
    assert screen(Facts("x", "eu-west-1", None)) == ["x: there is no such stack in eu-west-1; `make deploy` makes it"]


def test_what_is_missing_is_left_out_and_the_rest_is_shown():
    text = report()
    assert "stack     UPDATE_COMPLETE, begun 2026-11-01 12:00 UTC" in text
    assert "url       none yet" in text
    assert "service" not in text


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"service": Answer(SERVICE)}, "1 of 2 tasks running, 1 pending; rollout IN_PROGRESS, 2 failed"),
        ({"service": Answer(None)}, "service   none"),
        ({"service": Answer(fault="AWS denies it")}, "service   could not look: AWS denies it"),
        ({"images": Answer([Image("app", "sha256:a", ["t"], "sha256:a")])}, "app sha256:a (t): as in this checkout"),
        ({"images": Answer([Image("app", "sha256:a", [], "sha256:b")])}, "app sha256:a: not this checkout's"),
        ({"images": Answer([Image("app", "sha256:a", [], "")])}, "this checkout's is not pushed"),
        ({"targets": Answer([])}, "targets   none registered"),
        ({"database": Answer(DATABASE)}, "available, db.t3.micro, mysql\n            no endpoint yet"),
        (
            {"database": Answer(DATABASE | {"AutomaticRestartTime": NOW, "Endpoint": {"Address": "db.test"}})},
            "AWS starts it again at 2026-11-01",
        ),
        ({"alarms": Answer([])}, "alarms    none"),
        (
            {"alarms": Answer([{"StateValue": "OK", "AlarmName": "a"}, {"StateValue": "ALARM", "AlarmName": "loud"}])},
            "1 OK, 1 ALARM\n            loud",
        ),
        ({"record": "deploys/x"}, "recorded  deploys/x"),
        ({"url": "http://" + "x" * 90}, "http://" + "x" * 90),
    ],
)
def test_each_part_of_the_screen(facts, words):
    assert words in report(**facts)


def test_unhealthy_targets_say_why():
    healthy = {"Target": {"Id": "10.0.3.1", "Port": 80}, "TargetHealth": {"State": "healthy"}}
    sick = {
        "Target": {"Id": "10.0.3.2", "Port": 80},
        "TargetHealth": {"State": "unhealthy", "Reason": "Target.Timeout"},
    }
    text = report(targets=Answer([healthy, sick]))
    assert "1 healthy, 1 unhealthy" in text
    assert "10.0.3.2:80 Target.Timeout" in text


def test_resources_are_counted_and_those_that_failed_are_named():
    def entry(path, status):
        return {"Path": path, "ResourceStatus": status}

    text = report(
        resources=[entry("A", "CREATE_COMPLETE"), entry("B", "UPDATE_COMPLETE"), entry("C/D", "CREATE_FAILED")]
    )
    assert "2 settled, 1 failed" in text
    assert "C/D CREATE_FAILED" in text


# Logs


@pytest.mark.parametrize(("text", "back"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400)])
def test_how_far_back(text, back):
    assert journal.since(text, NOW) == int((NOW - timedelta(seconds=back)).timestamp() * 1000)


@pytest.mark.parametrize("text", ["10", "m", "1w", "-1m", "9999999d"])
def test_other_spellings_are_one_line(text):
    with pytest.raises(Problem, match=f"SINCE={text}: a number and s, m, h or d"):
        journal.since(text, NOW)


def test_containers_are_interleaved_by_time():
    app = [{"timestamp": 2000, "message": "two\n"}, {"timestamp": 4000, "message": "four"}]
    web = [{"timestamp": 3000, "message": "three"}]
    assert journal.merged({"app": app, "web": web, "migrate": []}) == [
        "00:00:02 app     two",
        "00:00:03 web     three",
        "00:00:04 app     four",
    ]


# Drift


def difference(path, found, expected):
    return {"PropertyPath": path, "ActualValue": found, "ExpectedValue": expected, "DifferenceType": "NOT_EQUAL"}


def test_what_differs_is_said_once_where_it_is():
    drifts = [
        {
            "LogicalResourceId": "Service",
            "ResourceType": "AWS::ECS::Service",
            "StackResourceDriftStatus": "MODIFIED",
            "PropertyDifferences": [difference("/DesiredCount", "3", "1"), difference("/Tags/0", "", "a")],
        },
        {"LogicalResourceId": "Data", "ResourceType": drift.NESTED, "StackResourceDriftStatus": "MODIFIED"},
        {"LogicalResourceId": "Gone", "ResourceType": drift.NESTED, "StackResourceDriftStatus": "DELETED"},
    ]
    assert drift.lines("Compute", drifts) == [
        "Compute/Gone (AWS::CloudFormation::Stack) DELETED",
        "Compute/Service (AWS::ECS::Service) MODIFIED",
        "  DesiredCount: is 3, the template says 1",
        "  Tags.0: is nothing, the template says a",
    ]
    assert drift.lines("", drifts)[0].startswith("Gone ")


def test_a_secret_that_differs_is_not_shown():
    drifts = [
        {
            "LogicalResourceId": "DBInstance",
            "ResourceType": "AWS::RDS::DBInstance",
            "StackResourceDriftStatus": "MODIFIED",
            "PropertyDifferences": [difference("/MasterUserPassword", "hunter2", "hunter3")],
        }
    ]
    assert drift.lines("Data", drifts)[1] == "  MasterUserPassword: differs"


# Pause


@pytest.mark.parametrize(
    ("status", "pause", "resume"),
    [
        ("available", pausing.STOP, pausing.NOTHING),
        ("stopping", pausing.NOTHING, pausing.WAIT),
        ("stopped", pausing.NOTHING, pausing.START),
        ("starting", None, pausing.NOTHING),
        ("modifying", None, None),
        ("storage-full", None, None),
    ],
)
def test_what_is_done_with_a_database_in_each_state(status, pause, resume):
    for expected, decide in ((pause, pausing.before_pause), (resume, pausing.before_resume)):
        if expected is None:
            with pytest.raises(Problem, match=f"the database is {status}"):
                decide({"DBInstanceStatus": status})
        else:
            assert decide({"DBInstanceStatus": status}) == expected
    assert pausing.is_paused({"DBInstanceStatus": status}) == status.startswith("stop")


def test_without_a_database_there_is_nothing_to_stop():
    assert pausing.before_pause(None) == pausing.before_resume(None) == pausing.NOTHING
    assert not pausing.is_paused(None)


def test_a_database_with_replicas_is_refused_beforehand():
    with pytest.raises(Problem, match=r"has read replicas \(copy\): set ReadReplicas=0 and deploy first"):
        pausing.before_pause(DATABASE | {"ReadReplicaDBInstanceIdentifiers": ["copy"]})


def test_counts_come_from_the_parameters():
    given = {"AutoScaling": "true", "MinCapacity": "2", "MaxCapacity": "6", "DesiredCount": "9"}
    assert pausing.counts(given) == pausing.Counts(2, 6)
    assert pausing.counts(given | {"AutoScaling": "false"}) == pausing.Counts(9, None)


def test_what_still_costs_follows_from_what_is_there():
    types = {"AWS::EC2::VPCEndpoint", "AWS::EC2::NatGateway", "AWS::EC2::VPC"}
    assert pausing.still_costs(types, "nat-gateway") == "NAT gateways and their addresses"
    assert "interface endpoints" in pausing.still_costs(types, "interface-endpoints")


# Rollback


def happened(minute, status, kind=history.TASK_DEFINITION, physical_id="", own=False):
    return Event(str(minute), NOW + timedelta(minutes=minute), "Compute", kind, status, "", physical_id, own)


def ended(minute, status):
    return happened(minute, status, "AWS::CloudFormation::Stack", own=True)


def test_what_served_is_what_a_good_end_followed():
    told = [
        happened(1, "CREATE_COMPLETE", physical_id="arn:one"),
        ended(2, "CREATE_COMPLETE"),
        happened(3, "UPDATE_COMPLETE", physical_id="arn:bad"),
        happened(3.5, "UPDATE_COMPLETE", "AWS::Logs::LogGroup", physical_id="group"),
        happened(4, "UPDATE_COMPLETE", physical_id="arn:one"),
        ended(5, "UPDATE_ROLLBACK_COMPLETE"),
        happened(6, "UPDATE_IN_PROGRESS", physical_id="arn:never"),
        happened(7, "UPDATE_COMPLETE", physical_id="arn:two"),
        ended(8, "UPDATE_COMPLETE"),
        ended(9, "UPDATE_COMPLETE"),
    ]
    assert history.served(told[::-1]) == ["arn:two", "arn:one"]
    assert history.served([]) == []


def test_images_by_the_parameter_that_they_come_from():
    containers = [{"name": name, "image": f"{name}-image"} for name in ("migrate", "app", "web")]
    found = history.images({"containerDefinitions": containers})
    assert found == {"AppImage": "app-image", "WebImage": "web-image"}
