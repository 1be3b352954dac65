"""deploy.sh and python -m deploy, against the embedded AWS: what a person types and what they see."""

import os
import shutil
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
import pytest

from rehearsal import server
from tests.deploying import call, machine, refused
from tests.nest import OUT, ROOT

pytestmark = pytest.mark.slow

NOWHERE = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="module")
def aws():
    with server.start() as running:
        yield running


@pytest.fixture(scope="module")
def place(tmp_path_factory, aws):
    """Environment variables of a machine with an engine, credentials and somebody who agrees."""
    return machine(aws, tmp_path_factory.mktemp("place"))


@pytest.fixture
def cloudformation(aws):
    return boto3.client("cloudformation", **aws.client_options())


@pytest.fixture(scope="module")
def deployed(place):
    """The lab's environment, deployed once."""
    result = call("./deploy.sh", "lab", **place)
    assert result.returncode == 0, result.stdout + result.stderr
    return result


def names(cloudformation) -> set[str]:
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    return {stack["StackName"] for page in pages for stack in page["Stacks"] if "ParentId" not in stack}


def test_shows_changes_events_of_the_nest_and_the_url_last(deployed):
    lines = deployed.stdout.splitlines()
    assert "    +  DBInstance AWS::RDS::DBInstance" in lines
    assert any(line.endswith("CREATE_COMPLETE              Data/DBInstance") for line in lines)
    assert any(line.endswith("CREATE_COMPLETE              flaskcrud-lab") for line in lines)
    assert lines[-1].startswith("Url ")
    assert "http://" in lines[-1]


def test_no_password_is_shown(deployed, aws):
    manager = boto3.client("secretsmanager", **aws.client_options())
    for secret in manager.list_secrets()["SecretList"]:
        value = manager.get_secret_value(SecretId=secret["ARN"])["SecretString"]
        assert value not in deployed.stdout + deployed.stderr


@pytest.mark.usefixtures("deployed")
def test_again_is_no_change_no_build_and_no_upload(place, tmp_path):
    """And Python is started twice: loading is most of what that takes."""
    started, python = tmp_path / "started", tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$*" >> {started}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    again = call("./deploy.sh", "lab", **place | {"CONTAINER_ENGINE": "/nonexistent", "PYTHON": str(python)})
    assert again.returncode == 0, again.stderr
    assert "flaskcrud-lab: no changes" in again.stdout
    assert "images: both are in the registry already" in again.stdout
    assert "flaskcrud-lab-bootstrap: no changes" in again.stdout
    assert "templates: all are there already" in again.stdout
    assert started.read_text().splitlines() == ["-m deploy preflight lab", "-m deploy up --bootstrap lab"]
    assert again.stdout.splitlines()[-1].startswith("Url ")


@pytest.mark.usefixtures("deployed")
def test_update_changes_only_what_was_asked(place, tmp_path):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    with (tmp_path / "config/lab.env").open("a") as file:
        file.write("HealthCheckGracePeriodSeconds=200\n")
    result = call("./deploy.sh", "lab", **place, CONFIG=str(tmp_path / "config"))
    assert result.returncode == 0, result.stderr
    changed = [line.split()[1] for line in result.stdout.splitlines() if line.lstrip().startswith("~ ")]
    assert changed == ["Compute", "Service"]


def test_failure_ends_with_its_first_cause_and_path_and_can_be_tried_again(place, tmp_path, cloudformation):
    """The image of one container is missing: two levels down, the service cannot start."""
    broken, config = tmp_path / "out", tmp_path / "config"
    shutil.copytree(OUT, broken)
    config.mkdir()
    (config / "broken.env").write_text("")
    compute = broken / "compute.yaml"
    compute.write_text(compute.read_text().replace("Image: !Ref WebImage", "Image: !Sub ${WebImage}-missing"))
    result = call("./deploy.sh", "broken", **place, CONFIG=str(config), OUT=str(broken))
    error = refused(result)
    assert error.startswith("error: flaskcrud-broken ended in ROLLBACK_COMPLETE: an image is not in the registry ")
    assert "CannotPullContainerError" in next(line for line in result.stdout.splitlines() if line[:8] == "evidence")
    mended = call("./deploy.sh", "broken", **place, CONFIG=str(config))
    assert mended.returncode == 0, mended.stderr
    assert "deleting the empty stack" in mended.stdout
    gone = call("python", "-m", "deploy", "destroy", "broken", **place, CONFIG=str(config))
    assert gone.returncode == 0, gone.stderr
    assert not {name for name in names(cloudformation) if "broken" in name}


@pytest.mark.usefixtures("deployed")
def test_a_stack_under_way_is_left_alone(place, cloudformation, tmp_path):
    """A shell without resources can be deployed to; one that somebody else works on cannot."""
    (tmp_path / "busy.env").write_text("")
    body = '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}'
    cloudformation.create_change_set(
        StackName="flaskcrud-busy", ChangeSetName="x", ChangeSetType="CREATE", TemplateBody=body
    )
    result = call("python", "-m", "deploy", "preflight", "busy", **place, CONFIG=str(tmp_path))
    assert result.returncode == 0, result.stderr
    cloudformation.create_stack(StackName="flaskcrud-failed", TemplateBody=body, DisableRollback=True)
    cloudformation.get_waiter("stack_create_complete").wait(StackName="flaskcrud-failed", WaiterConfig={"Delay": 1})
    (tmp_path / "failed.env").write_text("")
    result = call("python", "-m", "deploy", "destroy", "failed", **place, CONFIG=str(tmp_path))
    assert "does not carry the tags Application=flaskcrud, Environment=failed" in refused(result)
    assert "flaskcrud-failed" in names(cloudformation)


def test_without_a_terminal_and_without_yes_nothing_is_begun(place, cloudformation):
    before = names(cloudformation)
    result = call("./deploy.sh", "reference", **place | {"YES": ""})
    assert "set YES=1" in refused(result)
    assert names(cloudformation) == before


def test_an_impossible_combination_is_one_line_before_anything_is_begun(place, tmp_path, cloudformation):
    before = names(cloudformation)
    (tmp_path / "half.env").write_text("DomainName=shop.test\n")
    result = call("./deploy.sh", "half", **place, CONFIG=str(tmp_path))
    assert "DomainName needs HostedZoneId" in refused(result)
    assert names(cloudformation) == before


@pytest.mark.parametrize(
    ("engine_name", "words"), [("/nonexistent", "does not answer"), ("", "install docker or podman")]
)
def test_no_engine_is_one_line_before_anything_is_begun(place, tmp_path, cloudformation, engine_name, words):
    before = names(cloudformation)
    (tmp_path / "bare.env").write_text("")
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("bash", "env", "dirname"):
        (tools / tool).symlink_to(shutil.which(tool))
    without_engines = place | {"PATH": str(tools), "CONTAINER_ENGINE": engine_name, "CONFIG": str(tmp_path)}
    assert words in refused(call("./deploy.sh", "bare", **without_engines))
    assert names(cloudformation) == before


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        (NOWHERE, "no AWS region: set AWS_REGION"),
        (NOWHERE | {"AWS_REGION": "us-east-1"}, "no AWS credentials"),
        (NOWHERE | {"AWS_PROFILE": "mine", "AWS_REGION": "us-east-1"}, "no such profile"),
        (NOWHERE | {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x"}, "incomplete"),
    ],
)
def test_credentials_that_are_not_there(environment, words):
    assert words in refused(call("./deploy.sh", "lab", **environment, YES="1"))


def test_an_expired_token_says_so():
    class Expired(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            body = (
                b"<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code>"
                b"<Message>The security token included in the request is expired</Message></Error></ErrorResponse>"
            )
            self.send_response(403)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Expired) as sts:
        thread = threading.Thread(target=sts.serve_forever)
        thread.start()
        try:
            result = call(
                "./deploy.sh",
                "lab",
                **NOWHERE,
                YES="1",
                AWS_REGION="us-east-1",
                AWS_ACCESS_KEY_ID="x",
                AWS_SECRET_ACCESS_KEY="x",
                AWS_SESSION_TOKEN="x",
                AWS_ENDPOINT_URL=f"http://127.0.0.1:{sts.server_port}",
            )
        finally:
            sts.shutdown()
            thread.join()
    assert "credentials have expired" in refused(result)


def test_an_endpoint_that_does_not_answer():
    port = server.free_port()
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}
    result = call("./deploy.sh", "lab", **NOWHERE, **keys, YES="1", AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}")
    assert f"http://127.0.0.1:{port}" in refused(result)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["./deploy.sh"], 2, "Usage: ./deploy.sh ENV"),
        (["./deploy.sh", "--nonsense"], 2, "Usage: ./deploy.sh ENV"),
        (["./deploy.sh", "a", "b\n\x1b"], 1, "one environment at a time; found: a $'b\\n\\E'"),
        (["./deploy.sh", "nope"], 1, "there is no config/nope.env; environments: lab, production, reference, standard"),
        (["./deploy.sh", "lab; rm"], 1, "is no environment"),
        (["./deploy.sh", "production"], 1, "config/production.env: DomainName=www.example.com is an example"),
        (["python", "-m", "deploy"], 2, "usage:"),
        (["python", "-m", "deploy", "explode", "lab"], 2, "invalid choice"),
    ],
)
def test_wrong_command_lines(words, code, text):
    result = call(*words)
    assert result.returncode == code
    assert text in result.stderr
    assert "Traceback" not in result.stderr


def test_help_is_the_scripts_own_comment():
    result = call("./deploy.sh", "--help")
    assert result.returncode == 0
    assert "CONTAINER_ENGINE" in result.stdout


@pytest.mark.usefixtures("deployed")
def test_outputs_and_destroy_leave_nothing(place, cloudformation, aws):
    assert call("python", "-m", "deploy", "outputs", "lab", **place).stdout.splitlines()[-1].startswith("Url ")
    result = call("python", "-m", "deploy", "destroy", "lab", **place)
    assert result.returncode == 0, result.stderr
    assert not {name for name in names(cloudformation) if name.startswith("flaskcrud-lab")}
    assert boto3.client("s3", **aws.client_options()).list_buckets()["Buckets"] == []
    snapshots = boto3.client("rds", **aws.client_options()).describe_db_snapshots()["DBSnapshots"]
    assert any("dbinstance" in snapshot["DBSnapshotIdentifier"].lower() for snapshot in snapshots)
    assert "nothing to destroy" in call("python", "-m", "deploy", "destroy", "lab", **place).stdout
