"""What is done in each state of a stack, of what is in it and of its change sets: the tables, and the embedded AWS."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import botocore.session
import pytest

from deploy import states
from deploy.problem import Problem
from rehearsal import server
from tests.account import Account
from tests.nest import ROOT

CLOUDFORMATION = botocore.session.Session().get_service_model("cloudformation")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shape", "table"),
    [
        ("StackStatus", states.DECISIONS),
        ("ResourceStatus", states.RESOURCES),
        ("ChangeSetStatus", states.CHANGE_SETS),
        ("ExecutionStatus", states.EXECUTIONS),
    ],
)
def test_every_value_of_the_api_has_its_row(shape, table):
    assert set(table) == set(CLOUDFORMATION.shape_for(shape).enum)


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (None, states.CREATE),
        ("REVIEW_IN_PROGRESS", states.CREATE),
        ("DELETE_COMPLETE", states.CREATE),
        ("CREATE_COMPLETE", states.UPDATE),
        ("UPDATE_COMPLETE", states.UPDATE),
        ("UPDATE_ROLLBACK_COMPLETE", states.UPDATE),
        ("IMPORT_COMPLETE", states.UPDATE),
        ("IMPORT_ROLLBACK_COMPLETE", states.UPDATE),
        ("ROLLBACK_COMPLETE", states.REPLACE_EMPTY),
        ("ROLLBACK_FAILED", states.REPLACE_REMAINS),
        ("CREATE_FAILED", states.ROLL_BACK),
        ("UPDATE_FAILED", states.ROLL_BACK),
        ("UPDATE_ROLLBACK_FAILED", states.CONTINUE_ROLLBACK),
        ("IMPORT_ROLLBACK_FAILED", states.REFUSE),
        ("DELETE_FAILED", states.REFUSE),
        ("SOMETHING_NEW", states.REFUSE),
        *(
            (status, states.ATTACH)
            for status in states.DECISIONS
            if status.endswith("_IN_PROGRESS") and "REV" not in status
        ),
    ],
)
def test_what_a_deployment_does(status, action):
    decision = states.decide(status)
    assert decision.action == action
    assert bool(decision.advice) == (action == states.REFUSE)


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("UPDATE_IN_PROGRESS", states.ATTACH),
        ("DELETE_IN_PROGRESS", states.ATTACH),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", states.ATTACH),
        ("CREATE_IN_PROGRESS", states.DELETE),
        ("REVIEW_IN_PROGRESS", states.DELETE),
        ("UPDATE_ROLLBACK_FAILED", states.DELETE),
        ("DELETE_FAILED", states.DELETE),
        ("CREATE_COMPLETE", states.DELETE),
    ],
)
def test_what_destroying_does(status, action):
    assert states.decide_destruction(status).action == action


def test_a_resources_state_agrees_with_its_last_word():
    for status, outcome in states.RESOURCES.items():
        word = status.rpartition("_")[2]
        assert (word == "FAILED") == (outcome == states.FAILED), status
        assert (word == "PROGRESS") == (outcome == states.UNDER_WAY), status


def entry(path, status, kind="AWS::RDS::DBInstance", stack="shop-Data-1X"):
    return {
        "Path": path,
        "LogicalResourceId": path.rpartition("/")[2],
        "ResourceStatus": status,
        "ResourceType": kind,
        "StackName": stack,
    }


NESTED = "AWS::CloudFormation::Stack"
STUCK = [
    entry("Data", "UPDATE_FAILED", NESTED, "shop"),
    entry("Data/DBInstance", "UPDATE_FAILED"),
    entry("Data/Secret", "UPDATE_COMPLETE"),
    entry("Queue", "UPDATE_FAILED", "AWS::SQS::Queue", "shop"),
    entry("Compute", "DELETE_FAILED", NESTED, "shop"),
]


def test_a_nested_stack_that_failed_because_of_what_is_in_it_is_not_named():
    assert [item["Path"] for item in states.failed(STUCK)] == ["Data/DBInstance", "Queue", "Compute"]
    assert states.failed([entry("New", "SOMETHING_NEW")])


def test_what_a_rollback_skips_goes_by_its_own_stacks_name():
    stuck = states.failed(STUCK)
    assert states.resources_to_skip(["Data/DBInstance", "Queue"], stuck) == ["shop-Data-1X.DBInstance", "Queue"]
    assert states.resources_to_skip([], stuck) == []
    with pytest.raises(Problem, match="Data/Secret did not fail; those that can be skipped: Data/DBInstance, Queue"):
        states.resources_to_skip(["Data/Secret"], stuck)


@pytest.mark.parametrize(
    ("status", "execution", "hours", "left_over"),
    [
        ("FAILED", "UNAVAILABLE", 0, True),
        ("DELETE_FAILED", "UNAVAILABLE", 0, True),
        ("CREATE_COMPLETE", "OBSOLETE", 0, True),
        ("CREATE_COMPLETE", "EXECUTE_FAILED", 0, True),
        ("CREATE_COMPLETE", "AVAILABLE", 23, False),
        ("CREATE_COMPLETE", "AVAILABLE", 25, True),
        ("CREATE_COMPLETE", "EXECUTE_IN_PROGRESS", 25, False),
        ("CREATE_COMPLETE", "EXECUTE_COMPLETE", 25, False),
        ("CREATE_IN_PROGRESS", "UNAVAILABLE", 25, False),
        ("DELETE_IN_PROGRESS", "UNAVAILABLE", 25, False),
        ("SOMETHING_NEW", None, 25, False),
    ],
)
def test_change_sets_that_are_left_over(status, execution, hours, left_over):
    summary = {"Status": status, "ExecutionStatus": execution, "CreationTime": NOW - timedelta(hours=hours)}
    assert states.is_left_over(summary | {"ChangeSetName": "deploy-20261101-1"}, NOW) == left_over
    assert not states.is_left_over(summary | {"ChangeSetName": "somebody-elses"}, NOW)


# Against the embedded AWS, by the bootstrap stack: it is small.

QUEUE = {"Queue": {"Type": "AWS::SQS::Queue"}}
TAGS = [{"Key": "Application", "Value": "flaskcrud"}, {"Key": "Environment", "Value": "odd"}]
STACK = "flaskcrud-odd-bootstrap"


def waiting(seconds=1, after=None):
    """A wait condition that nobody signals, so that it fails after its time; until then something is under way."""
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"} | ({"DependsOn": after} if after else {})
    wait = {"Handle": {"Ref": "Handle"}, "Timeout": str(seconds), "Count": 1}
    return {"Handle": handle, "Wait": {"Type": "AWS::CloudFormation::WaitCondition", "Properties": wait}}


def wait_for(account, resource, status):
    """Return when an event of the stack says so."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        events = account.cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
        if (resource, status) in {(event["LogicalResourceId"], event["ResourceStatus"]) for event in events}:
            return
        time.sleep(0.02)
    raise AssertionError(f"{resource} did not come to {status}")


@pytest.fixture(scope="module")
def account():
    with server.start() as running:
        yield Account(running)


@pytest.fixture
def bootstrap(account, tmp_path):
    """A function that runs `bootstrap` for an environment whose stack is odd; afterwards the stack is gone."""
    (tmp_path / "odd.env").write_text("")

    def run(**environment):
        settings = {
            "PATH": os.environ["PATH"],
            "YES": "1",
            "CONFIG": str(tmp_path),
            "DEPLOYS": str(tmp_path / "deploys"),
        }
        settings |= account.server.environment()
        return subprocess.run(
            [sys.executable, "-m", "deploy", "bootstrap", "odd"],
            cwd=ROOT,
            env=settings | environment,
            stdin=subprocess.DEVNULL,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    yield run
    account.delete(account.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0])


def succeeded(result) -> list[str]:
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.splitlines()


@pytest.mark.slow
def test_a_creation_that_failed_and_was_left_is_rolled_back_and_begun_anew(account, bootstrap):
    created = account.create(QUEUE | waiting(), STACK, Tags=TAGS, DisableRollback=True)
    assert created["StackStatus"] == "CREATE_FAILED"
    told = succeeded(bootstrap())
    assert f"{STACK}: it failed and was left as it was (CREATE_FAILED):" in told
    assert told[-1] == f"{STACK}: CREATE_COMPLETE"


@pytest.mark.slow
def test_an_update_that_failed_and_was_left_is_rolled_back_first(account, bootstrap):
    stack = account.create(QUEUE, STACK, Tags=TAGS)
    failed = account.update(stack, QUEUE | waiting(), Tags=TAGS, DisableRollback=True)
    assert failed["StackStatus"] == "UPDATE_FAILED"
    told = succeeded(bootstrap())
    assert any("UPDATE_ROLLBACK_COMPLETE" in line for line in told)
    assert told[-1] == f"{STACK}: UPDATE_COMPLETE"


def target(most):
    """Scaling of a service that is not the stack's own, up to so many tasks."""
    properties = {"MinCapacity": 0, "MaxCapacity": most, "ResourceId": "service/odd/odd"}
    kind = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
    return {"Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": properties | kind}}


def make_service(account):
    account.ecs.create_cluster(clusterName="odd")
    task = {"family": "odd", "containerDefinitions": [{"name": "odd", "image": "odd", "memory": 8}]}
    account.ecs.register_task_definition(**task)
    account.ecs.create_service(cluster="odd", serviceName="odd", taskDefinition="odd", desiredCount=0)


def stuck_in_its_rollback(account):
    """An update changes a limit and fails; meanwhile the service is deleted, so the limit cannot be changed back."""
    make_service(account)
    account.create(target(2), STACK, Tags=TAGS)
    slow = target(3) | waiting(3, after="Target")
    account.cloudformation.update_stack(StackName=STACK, TemplateBody=json.dumps({"Resources": slow}), Tags=TAGS)
    wait_for(account, "Target", "UPDATE_COMPLETE")
    account.ecs.delete_service(cluster="odd", service="odd", force=True)
    assert account.wait(STACK)["StackStatus"] == "UPDATE_ROLLBACK_FAILED"


@pytest.mark.slow
def test_a_rollback_that_failed_is_continued_once_its_cause_is_gone(account, bootstrap):
    stuck_in_its_rollback(account)
    again = bootstrap()
    assert again.returncode == 1
    assert "is in UPDATE_ROLLBACK_FAILED again" in again.stderr
    wrong = bootstrap(SKIP="Queue")
    assert "SKIP: the rollback of Queue did not fail" in wrong.stderr
    make_service(account)
    told = succeeded(bootstrap())
    assert f"{STACK}: an update failed, and so did its rollback:" in told
    assert told[-1] == f"{STACK}: UPDATE_COMPLETE"
    account.ecs.delete_service(cluster="odd", service="odd", force=True)


@pytest.mark.slow
def test_what_is_under_way_is_followed_then_the_deployment_goes_on(account, bootstrap):
    body = json.dumps({"Resources": QUEUE | waiting(5)})
    account.cloudformation.create_stack(StackName=STACK, TemplateBody=body, Tags=TAGS)
    told = succeeded(bootstrap())
    assert told[0] == f"{STACK}: CREATE_IN_PROGRESS: following what is under way"
    assert any("Wait" in line and "CREATE_FAILED" in line for line in told)
    assert any(line.startswith(f"{STACK} ended in ROLLBACK_COMPLETE") for line in told)
    assert f"{STACK}: its creation failed and was rolled back; deleting the empty stack" in told
    assert told[-1] == f"{STACK}: CREATE_COMPLETE"


@pytest.mark.slow
def test_left_over_change_sets_are_removed_others_are_not(account, bootstrap):
    account.create(QUEUE, STACK, Tags=TAGS)
    body = json.dumps({"Resources": QUEUE})
    for name in ("deploy-left", "somebody-elses"):
        account.cloudformation.create_change_set(StackName=STACK, ChangeSetName=name, TemplateBody=body)
    told = succeeded(bootstrap())
    assert f"{STACK}: removed the left-over change set deploy-left" in told
    left = account.cloudformation.list_change_sets(StackName=STACK)["Summaries"]
    assert "deploy-left" not in {change_set["ChangeSetName"] for change_set in left}


@pytest.mark.slow
def test_a_resource_named_by_skip_is_left_as_it_is(account, bootstrap):
    stuck_in_its_rollback(account)
    told = succeeded(bootstrap(SKIP="Target"))
    assert any(line.startswith("  Target UPDATE_FAILED: ECS service doesn't exist") for line in told)
    assert told[-1] == f"{STACK}: UPDATE_COMPLETE"


@pytest.mark.slow
def test_what_a_failed_creation_left_is_deleted_first(account, bootstrap):
    bucket = {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "in-the-way"}}}
    slow = bucket | waiting(3, after="Bucket")
    account.cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps({"Resources": slow}), Tags=TAGS)
    wait_for(account, "Bucket", "CREATE_COMPLETE")
    account.s3.put_object(Bucket="in-the-way", Key="x", Body=b"x")
    assert account.wait(STACK)["StackStatus"] == "ROLLBACK_FAILED"
    account.s3.delete_object(Bucket="in-the-way", Key="x")
    told = succeeded(bootstrap())
    assert f"{STACK}: its creation failed, and not all of it could be removed:" in told
    assert told[-1] == f"{STACK}: CREATE_COMPLETE"


@pytest.mark.slow
def test_what_is_not_ours_is_neither_deleted_nor_rolled_back(account, bootstrap):
    account.create(QUEUE | waiting(), STACK, DisableRollback=True)
    result = bootstrap()
    assert result.returncode == 1
    assert "does not carry the tags" in result.stderr
    assert account.wait(STACK)["StackStatus"] == "CREATE_FAILED"
