"""The verbs of the days after the first deployment, against the embedded AWS: what a person types and what they see."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import boto3
import pytest
from botocore.stub import Stubber

from deploy import pausing
from deploy.aws import Aws
from deploy.commands import pause, shell
from deploy.problem import Problem
from rehearsal import server
from tests.account import Account
from tests.deploying import QUIET, call, machine, refused, told
from tests.nest import ROOT

pytestmark = pytest.mark.slow

STACK = "flaskcrud-lab"
DESTROYED = "there is no stack flaskcrud-nowhere in us-east-1: run `make deploy` with its ENV first"


@pytest.fixture(scope="module")
def aws():
    with server.start() as running:
        yield running


@pytest.fixture(scope="module")
def account(aws):
    return Account(aws)


@pytest.fixture(scope="module")
def place(aws, tmp_path_factory):
    """A machine from which the lab's environment was deployed."""
    environment = machine(aws, tmp_path_factory.mktemp("place"))
    told(call("./deploy.sh", "lab", **environment))
    return environment


@pytest.fixture
def verb(place):
    """A function that runs python -m deploy VERB lab."""

    def run(name, *options, **environment):
        return call("python", "-m", "deploy", name, "lab", *options, **place | environment)

    return run


def outputs(account):
    (stack,) = account.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    return {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}


def parameter(account, name):
    (stack,) = account.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    return next(item["ParameterValue"] for item in stack["Parameters"] if item["ParameterKey"] == name)


def test_status_shows_the_whole_environment_on_one_screen(verb, account):
    lines = told(verb("status", PATH="/nonexistent"))  # no container engine, nor any other program
    text = "\n".join(lines)
    assert "stack     CREATE_COMPLETE" in text
    assert "1 of 1 tasks running, 0 pending" in text
    assert text.count("as in this checkout") + text.count("as in this\n") == 2
    assert "available, db.t3.micro" in text
    assert outputs(account)["Url"] in text
    assert len(lines) <= 24


@pytest.mark.parametrize("name", ["status", "logs", "exec", "open", "drift", "outputs", "pause", "resume", "rollback"])
def test_an_environment_that_was_never_deployed_is_one_line(place, tmp_path, name):
    (tmp_path / "nowhere.env").write_text("")
    result = call("python", "-m", "deploy", name, "nowhere", **place, CONFIG=str(tmp_path))
    if name == "status":
        assert told(result) == ["flaskcrud-nowhere: there is no such stack in us-east-1; `make deploy` makes it"]
    else:
        assert DESTROYED in refused(result)


def test_status_names_the_last_recording_of_this_environment(verb, tmp_path):
    for name in (
        "20260101T000000Z-flaskcrud-lab",
        "20260102T000000Z-flaskcrud-lab",
        "20260103T000000Z-flaskcrud-lab-2",
    ):
        (tmp_path / name).mkdir()
    text = " ".join("\n".join(told(verb("status", DEPLOYS=str(tmp_path)))).split())
    assert "recorded" in text
    assert "20260102T000000Z-flaskcrud-lab/" in text


def test_status_of_a_stack_that_is_half_there(place, account, tmp_path):
    """A creation that failed and was left: no service, no database, no outputs."""
    (tmp_path / "half.env").write_text("")
    missing = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount", "ResourceId": "service/c/s"}
    target = {"Properties": missing | {"MinCapacity": 0, "MaxCapacity": 1}}
    account.create(
        {"Target": target | {"Type": "AWS::ApplicationAutoScaling::ScalableTarget"}},
        "flaskcrud-half",
        DisableRollback=True,
    )
    text = "\n".join(told(call("python", "-m", "deploy", "status", "half", **place, CONFIG=str(tmp_path))))
    assert "CREATE_FAILED" in text
    assert "url       none yet" in text


def write_log(account, group, stream, *lines, ago=0):
    logs, now = account.logs, int(time.time() * 1000) - ago
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    events = [{"timestamp": now + number, "message": line} for number, line in enumerate(lines)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def test_logs_of_all_containers_by_time(verb, account):
    names = outputs(account)
    write_log(account, names["WebLogGroupName"], "web/1", "GET /entries 200", ago=1000)
    write_log(account, names["MigrateLogGroupName"], "migrate/1", "schema is current", ago=2000)
    write_log(account, names["AppLogGroupName"], "app/1", "ready", "ERROR no luck")
    write_log(account, names["AppLogGroupName"], "app/0", "long ago", ago=30 * 60 * 1000)
    lines = [line.split(maxsplit=1)[1] for line in told(verb("logs"))]
    assert lines == ["migrate schema is current", "web     GET /entries 200", "app     ready", "app     ERROR no luck"]
    assert any("long ago" in line for line in told(verb("logs", SINCE="1h")))
    assert [line[-7:] for line in told(verb("logs", "--filter", "ERROR"))] == ["no luck"]
    assert told(verb("logs", "--filter", "NOWHERE", SINCE="5m")) == [
        "nothing was written in the last 5m that matches; SINCE=1d looks further back"
    ]
    assert "SINCE=soon" in refused(verb("logs", "--since", "soon"))


def test_logs_are_followed_until_ctrl_c(place, account):
    group = outputs(account)["AppLogGroupName"]
    command = [sys.executable, "-m", "deploy", "logs", "lab", "--follow", "--filter", "fresh"]
    environment = QUIET | place | {"PYTHONUNBUFFERED": "1"}
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=environment, **streams) as following:
        write_log(account, group, "app/2", "fresh one")
        assert following.stdout.readline().endswith("app     fresh one\n")
        write_log(account, group, "app/3", "fresh two")
        assert following.stdout.readline().endswith("app     fresh two\n")
        following.send_signal(signal.SIGINT)
        _, error = following.communicate(timeout=10)
    assert following.returncode == 130
    assert error.startswith("\nstopped watching")


@pytest.mark.parametrize("expired", [False, True])
def test_credentials_may_come_from_a_profile_or_single_sign_on(place, tmp_path, expired):
    """And a session of single sign-on that has ended is one line, without a word of the token."""
    nowhere = {name: value for name, value in place.items() if not name.startswith(("AWS_ACCESS", "AWS_SECRET"))}
    del nowhere["AWS_REGION"], nowhere["AWS_DEFAULT_REGION"]
    (tmp_path / "credentials").write_text("[mine]\naws_access_key_id = rehearsal\naws_secret_access_key = rehearsal\n")
    session = "[sso-session work]\nsso_start_url = https://work.test\nsso_region = us-east-1\n"
    account_of_mine = "sso_session = work\nsso_account_id = 123456789012\nsso_role_name = Admin\nregion = us-east-1\n"
    (tmp_path / "config").write_text(f"[profile mine]\nregion = us-east-1\n[profile work]\n{account_of_mine}{session}")
    nowhere |= {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_PROFILE": "work" if expired else "mine",
        "HOME": str(tmp_path),
    }
    result = call("python", "-m", "deploy", "outputs", "lab", **nowhere)
    if expired:
        assert "run `aws sso login`" in refused(result)
    else:
        assert told(result)[-1].startswith("Url ")


def test_open_prints_the_address_and_starts_no_browser_in_a_pipeline(verb, account, tmp_path):
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    assert told(verb("open", CI="true", BROWSER=str(browser))) == [outputs(account)["Url"]]
    assert not (tmp_path / "opened").exists()
    told(verb("open", BROWSER=str(browser)))
    assert (tmp_path / "opened").read_text().strip() == outputs(account)["Url"]


def test_drift_is_found_in_a_nested_stack(verb, account):
    assert told(verb("drift"))[-1] == f"{STACK}: 6 stacks compared, nothing differs"
    group = outputs(account)["AppLogGroupName"]
    account.logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    lines = told(verb("drift"), 1)
    assert lines[:2] == [
        "Compute/AppLogGroup (AWS::Logs::LogGroup) MODIFIED",
        "  RetentionInDays: is 30, the template says 7",
    ]
    account.logs.put_retention_policy(logGroupName=group, retentionInDays=7)


def test_a_shell_has_to_be_allowed(verb):
    assert "set EnableExecuteCommand=true in config/lab.env, and deploy" in refused(verb("exec"))


def test_pause_and_resume_and_each_of_them_twice(verb, place, account):
    names = outputs(account)
    instance = {"DBInstanceIdentifier": names["DatabaseInstanceId"]}

    def state():
        service = account.ecs.describe_services(cluster=names["ClusterName"], services=[names["ServiceName"]])
        database = account.rds.describe_db_instances(**instance)["DBInstances"][0]["DBInstanceStatus"]
        return service["services"][0]["desiredCount"], database

    assert "there is no terminal to ask on" in refused(verb("pause", YES=""))
    first = "\n".join(told(verb("pause")))
    assert "AWS starts the database again by itself after 7 days" in first
    assert "still to be paid: the load balancer" in first
    assert state() == (0, "stopped")
    told(verb("pause"))
    assert "flaskcrud-lab is paused: `make resume ENV=lab` first" in refused(call("./deploy.sh", "lab", **place))
    assert "flaskcrud-lab is paused: `make resume ENV=lab` first" in refused(verb("rollback"))
    assert told(verb("resume"))[-1] == f"{STACK}: running again, {names['Url']}"
    assert state() == (1, "available")
    told(verb("resume"))
    assert state() == (1, "available")
    account.ecs.update_service(cluster=names["ClusterName"], service=names["ServiceName"], desiredCount=3)
    told(verb("resume"))
    assert state() == (3, "available"), "more tasks than asked for are somebody's wish"


def test_rollback_goes_back_to_the_images_before_and_changes_nothing_else(verb, place, account):
    assert "has served no other images" in refused(verb("rollback"))
    first = parameter(account, "AppImage")
    repository = first.partition("/")[2].partition("@")[0]
    (held,) = account.ecr.batch_get_image(
        repositoryName=repository, imageIds=[{"imageDigest": first.partition("@")[2]}]
    )["images"]
    manifest = json.dumps(json.loads(held["imageManifest"]) | {"annotations": {"version": "2"}})
    pushed = account.ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag="second")["image"]
    second = first.partition("@")[0] + "@" + pushed["imageId"]["imageDigest"]
    (stack,) = account.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    kept = [{"ParameterKey": item["ParameterKey"], "UsePreviousValue": True} for item in stack["Parameters"]]
    given = {"ParameterKey": "AppImage", "ParameterValue": second}
    account.cloudformation.update_stack(
        StackName=STACK,
        UsePreviousTemplate=True,
        Parameters=[given, *(item for item in kept if item["ParameterKey"] != "AppImage")],
        Capabilities=["CAPABILITY_IAM"],
    )
    assert account.wait(STACK)["StackStatus"] == "UPDATE_COMPLETE"
    assert parameter(account, "AppImage") == second
    assert "not this checkout's" in " ".join(told(verb("status")))
    lines = told(verb("rollback"))
    assert f"AppImage  {first}" in lines
    changed = {line.split()[1] for line in lines if re.match(r" +(~|\+|-|-\+) +[A-Z]", line)}
    assert changed == {"Compute", "TaskDefinition", "Service"}
    assert parameter(account, "AppImage") == first
    assert parameter(account, "DBInstanceClass") == "db.t3.micro"
    told(verb("rollback"))
    assert parameter(account, "AppImage") == second, "what served before the first one is the second one"


def test_an_image_that_is_gone_is_not_gone_back_to(verb, account):
    repository, _, digest = parameter(account, "AppImage").partition("/")[2].partition("@")
    tagged = account.ecr.describe_images(repositoryName=repository)["imageDetails"]
    others = [{"imageDigest": image["imageDigest"]} for image in tagged if image["imageDigest"] != digest]
    account.ecr.batch_delete_image(repositoryName=repository, imageIds=others)
    assert "the registry does not hold" in refused(verb("rollback"))


# What the embedded AWS lacks, by answers that botocore holds against its models.


@pytest.fixture
def stubbed(monkeypatch):
    """The clients of one Aws, each with a Stubber in the place of the network."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    stubs = {}

    def stub(service):
        if service not in stubs:
            client = boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
            stubs[service] = Stubber(client)
            stubs[service].activate()
        return stubs[service]

    talking = Aws()
    talking._client = lambda service: stubs[service].client
    return talking, stub


def test_a_service_role_goes_with_every_order_to_cloudformation(stubbed, monkeypatch):
    role = "arn:aws-cn:iam::123456789012:role/cloudformation"
    monkeypatch.setenv("CLOUDFORMATION_ROLE", role)
    aws, stub = stubbed
    orders = {
        "create_change_set": lambda: aws.create_change_set("s", "deploy-1", "CREATE", "https://x", {}, {}),
        "create_stack": lambda: aws.create_stack("s", "{}", {}, {}),
        "update_stack": lambda: aws.update_stack("s", "{}", {}, {}),
        "delete_stack": lambda: aws.delete_stack("s"),
        "continue_update_rollback": lambda: aws.continue_rollback("s", []),
        "rollback_stack": lambda: aws.roll_back("s"),
    }
    cloudformation = stub("cloudformation")
    seen = []
    cloudformation.client.meta.events.register(
        "provide-client-params.cloudformation", lambda params, **_: seen.append(params.get("RoleARN"))
    )
    for operation, order in orders.items():
        answer = {"Id": "arn:aws-cn:cloudformation:x:1:changeSet/deploy-1/x"} if "change_set" in operation else {}
        cloudformation.add_response(operation, answer)
        order()
    cloudformation.add_response("create_change_set", {"Id": "arn:aws-cn:cloudformation:x:1:changeSet/deploy-1/x"})
    aws.create_parameter_change_set("s", "deploy-1", {}, {"VpcCidr"}, {})
    assert seen == [role] * 7


@pytest.mark.parametrize(
    ("counts", "suspended"),
    [(pausing.Counts(0, 0), True), (pausing.Counts(2, 6), False), (pausing.Counts(3, None), None)],
)
def test_limits_of_scaling_come_before_the_count_that_they_would_undo(stubbed, counts, suspended):
    """And a pause suspends the scaling, which else would start tasks again."""
    aws, stub = stubbed
    order = []
    stub("ecs").add_response("update_service", {}, {"cluster": "c", "service": "s", "desiredCount": counts.lowest})
    scaling = stub("application-autoscaling")
    for service in ("ecs", "application-autoscaling"):
        events = stub(service).client.meta.events
        events.register("provide-client-params", lambda model, **_: order.append(model.name))
    kinds = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
    expected = {
        "ServiceNamespace": "ecs",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ResourceId": "service/c/s",
        "MinCapacity": counts.lowest,
        "MaxCapacity": counts.highest,
        "SuspendedState": dict.fromkeys(kinds, suspended),
    }
    scaling.add_response("register_scalable_target", {}, expected)
    pause._set_tasks(aws, {"ClusterName": "c", "ServiceName": "s"}, counts)
    assert order == ["RegisterScalableTarget"] * (counts.highest is not None) + ["UpdateService"]


def test_a_session_is_handed_to_the_plugin_without_being_seen(stubbed, monkeypatch, tmp_path):
    """The session holds a token: it is in the plugin's environment, not in its arguments."""
    aws, stub = stubbed
    arn = "arn:aws:ecs:us-east-1:123456789012:task/c/t1"
    ready = [{"name": "ExecuteCommandAgent", "lastStatus": "RUNNING"}]
    containers = [{"name": "app", "runtimeId": "t1-99", "managedAgents": ready}, {"name": "web", "runtimeId": "t1-98"}]
    ecs, cloudformation = stub("ecs"), stub("cloudformation")
    described = {
        "Stacks": [
            {
                "StackName": STACK,
                "StackStatus": "CREATE_COMPLETE",
                "CreationTime": 0,
                "Parameters": [{"ParameterKey": "EnableExecuteCommand", "ParameterValue": "true"}],
                "Outputs": [
                    {"OutputKey": "ClusterName", "OutputValue": "c"},
                    {"OutputKey": "ServiceName", "OutputValue": "s"},
                ],
            }
        ]
    }
    cloudformation.add_response("describe_stacks", described)
    cloudformation.add_response("describe_stacks", described)
    ecs.add_response("list_tasks", {"taskArns": [arn]})
    ecs.add_response("describe_tasks", {"tasks": [{"taskArn": arn, "containers": containers}]})
    session = {"sessionId": "i", "streamUrl": "wss://x", "tokenValue": "hidden-token"}
    ecs.add_response("execute_command", {"session": session})
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(shell, "Aws", lambda: aws)
    with pytest.raises(Problem, match="session-manager-plugin is missing: install"):
        shell.shell("lab", "", "")
    plugin = tmp_path / shell.PLUGIN
    plugin.write_text("#!/bin/sh\n")
    plugin.chmod(0o755)
    became = []
    monkeypatch.setattr(os, "execvpe", lambda *words: became.append(words))
    shell.shell("lab", "", "")
    ((program, arguments, environment),) = became
    assert program == "session-manager-plugin"
    assert json.loads(arguments[-2]) == {"Target": "ecs:c_t1_t1-99"}
    assert "hidden-token" not in " ".join(arguments)
    assert "hidden-token" in environment[arguments[1]]
