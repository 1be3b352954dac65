"""`make plan ENV=...` and the guard in a deployment, against the embedded AWS: what a person types and sees."""

import json
import shutil
from contextlib import suppress

import boto3
import pytest

from deploy.aws import Aws
from deploy.commands.environment import load
from deploy.guard import protected
from deploy.plan import change_set
from rehearsal import server
from review.update.change import REMOVE, Change
from tests.deploying import call, machine, refused, told
from tests.nest import OUT, ROOT

pytestmark = pytest.mark.slow

ROOT_STACK = "flaskcrud-shop"


@pytest.fixture(scope="module")
def aws():
    with server.start() as running:
        yield running


@pytest.fixture(scope="module")
def cloudformation(aws):
    return boto3.client("cloudformation", **aws.client_options())


class Place:
    """The environment `shop`, the lab's to begin with, and what a person types there."""

    def __init__(self, folder, aws):
        self.config, self.out = folder / "config", folder / "out"
        shutil.copytree(OUT, self.out)
        self.config.mkdir()
        self.set()
        self.environment = machine(aws, folder) | {"CONFIG": str(self.config), "OUT": str(self.out)}

    def set(self, **values):
        """The lab's values with others."""
        lines = (ROOT / "config/lab.env").read_text().splitlines()
        kept = [line for line in lines if line.partition("=")[0] not in values]
        (self.config / "shop.env").write_text("\n".join([*kept, *(f"{name}={text}" for name, text in values.items())]))

    def run(self, verb, **environment):
        return call("python", "-m", "deploy", verb, "shop", **self.environment | environment)

    def deploy(self, **environment):
        return call("./deploy.sh", "shop", **self.environment | environment)


def guarded(result) -> str:
    """The line with which the guard stopped a command."""
    told(result, 3)
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    return line


def state(cloudformation) -> dict:
    """What a plan must leave as it is: every stack with its last change, and all change sets."""
    stacks = [stack for page in cloudformation.get_paginator("describe_stacks").paginate() for stack in page["Stacks"]]
    found = {}
    for stack in stacks:
        sets = cloudformation.list_change_sets(StackName=stack["StackName"])["Summaries"]
        names = [each["ChangeSetName"] for each in sets if each["ExecutionStatus"] != "EXECUTE_COMPLETE"]
        found[stack["StackName"]] = (stack["StackStatus"], stack.get("LastUpdatedTime"), names)
    return found


def denied(cloudformation) -> dict[str, str]:
    """What is neither to be replaced nor removed, by the logical id of its stack; the root's is empty."""
    stacks = {"": ROOT_STACK}
    for summary in cloudformation.list_stack_resources(StackName=ROOT_STACK)["StackResourceSummaries"]:
        stacks[summary["LogicalResourceId"]] = summary["PhysicalResourceId"]
    found = {}
    for title, stack in stacks.items():
        body = cloudformation.get_stack_policy(StackName=stack).get("StackPolicyBody", '{"Statement": []}')
        deny = [each for each in json.loads(body)["Statement"] if each["Effect"] == "Deny"]
        names = [name.removeprefix("LogicalResourceId/") for each in deny for name in each["Resource"]]
        found |= {title: " ".join(names)} if names else {}
    return found


ALL_DENIED = {"": "Compute Data", "Data": "AppUserSecret DBInstance DatabaseSecret", "Compute": "SessionSecret"}


@pytest.fixture(scope="module")
def place(tmp_path_factory, aws):
    return Place(tmp_path_factory.mktemp("place"), aws)


@pytest.fixture(scope="module")
def first_plans(place, cloudformation):
    """What the plan says before there is anything, and when there is a bucket: with what each of them left behind."""
    nothing = told(place.run("plan")), state(cloudformation)
    told(place.run("bootstrap"))
    before = state(cloudformation)
    return nothing, (told(place.run("plan")), before, state(cloudformation))


@pytest.fixture(scope="module")
def deployed(place, first_plans):
    return told(place.deploy())


@pytest.fixture
def shop(deployed, place, cloudformation):
    """The deployed environment; a test that only plans finds that out here if it changed something."""
    before = state(cloudformation)
    yield place
    place.set()
    assert state(cloudformation) == before


def test_the_plan_of_a_first_deployment_shows_everything_and_leaves_nothing(first_plans):
    (lines, left), (with_bucket, before, after) = first_plans
    assert left == {}
    assert "  +  AppRepository AWS::ECR::Repository" in lines
    assert "  45 added; interrupted: nothing that is known of" in lines
    assert "  list price: nothing -> $54 a month (Edge/LoadBalancer" in " ".join(lines)
    assert after == before
    assert "images: to be built and pushed first" in with_bucket
    assert with_bucket[-4:] == lines[-4:]
    assert all(len(line) <= 80 for line in lines + with_bucket)


def test_a_deployment_shows_the_same_and_protects_what_holds_data(deployed, first_plans, cloudformation):
    shown = [line for line in first_plans[0][0] if line.startswith("    +  ")]
    assert [line for line in deployed if line.startswith("    +  ")] == shown
    assert denied(cloudformation) == ALL_DENIED
    stack = cloudformation.describe_stacks(StackName=ROOT_STACK)["Stacks"][0]
    assert not stack["EnableTerminationProtection"]


def test_the_plan_of_no_change(shop):
    assert told(shop.run("plan"))[-2:] == [f"{ROOT_STACK}:", "  no changes"]
    assert "ALLOW_REPLACE=DBInstance: this change neither" in refused(shop.run("plan", ALLOW_REPLACE="DBInstance"))


def test_the_plan_of_an_update_says_what_it_interrupts_and_leaves_out_what_only_repeats(shop):
    shop.set(DBInstanceClass="db.t3.small")
    lines = told(shop.run("plan"))
    assert lines[lines.index(f"{ROOT_STACK}:") + 1 :] == [
        "  ~  Data AWS::CloudFormation::Stack",
        "    ~  DBInstance AWS::RDS::DBInstance",
        "         DBInstanceClass: db.t3.micro -> db.t3.small",
        "         ! another class: some minutes without the database, it has no standby",
        "  1 changed in place; interrupted: Data/DBInstance",
        "  2 more refer to what changes, and stay as they are",
        "  list price: $54 -> $67 a month (Data/DBInstance +$12.41)",
    ]


def test_the_guard_stops_plan_and_deployment_and_names_what_would_be_lost(shop):
    shop.set(DBName="store")
    for stopped in (shop.run("plan"), shop.deploy()):
        line = guarded(stopped)
        assert line.startswith("error: Data/DBInstance (AWS::RDS::DBInstance) would be replaced for a change of DBName")
        assert line.endswith("ALLOW_REPLACE=Data/DBInstance")
        assert "    -+ DBInstance AWS::RDS::DBInstance REPLACED" in stopped.stdout
    assert told(shop.run("plan", ALLOW_REPLACE="DBInstance"))
    assert "WebRepository" in refused(shop.run("plan", ALLOW_REPLACE="DBInstance,WebRepository"))


def test_the_guard_sees_what_goes_with_a_whole_stack(shop):
    """The stack of the database gets another name: all that is in it would go, and come anew, empty."""
    root = (OUT / "root.yaml").read_text()
    assert root.count("\n  Data:\n    Type: AWS::CloudFormation::Stack") == 1
    renamed = root.replace("\n  Data:\n", "\n  Storage:\n").replace("!GetAtt Data.", "!GetAtt Storage.")
    (shop.out / "root.yaml").write_text(renamed)
    try:
        line = guarded(shop.run("plan"))
    finally:
        (shop.out / "root.yaml").write_text(root)
    for title in ("DBInstance", "DatabaseSecret", "AppUserSecret"):
        assert f"Data/{title} (" in line
    assert "would be removed" in line


def test_the_guard_watches_the_repositories_and_the_bucket_too(shop):
    bootstrap = (OUT / "bootstrap.yaml").read_text()
    (shop.out / "bootstrap.yaml").write_text(bootstrap.replace("/web", "/front"))
    try:
        assert "WebRepository (AWS::ECR::Repository) would be replaced" in guarded(shop.run("plan"))
        assert "WebRepository (AWS::ECR::Repository) would be replaced" in guarded(shop.run("bootstrap"))
        assert told(shop.run("plan", ALLOW_REPLACE="WebRepository"))
    finally:
        (shop.out / "bootstrap.yaml").write_text(bootstrap)


@pytest.fixture
def thin(shop, monkeypatch):
    """The thin layer itself, in this process."""
    for name, value in shop.environment.items():
        monkeypatch.setenv(name, value)
    return Aws()


def test_a_plan_that_is_interrupted_leaves_nothing(thin, shop):
    """Ctrl-C while CloudFormation is at work: of an update, and of a first deployment, which makes an empty stack."""
    body = '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}'
    nest = thin.nest(f"{ROOT_STACK}-bootstrap")
    bucket = next(entry["PhysicalResourceId"] for entry in nest if entry["ResourceType"] == "AWS::S3::Bucket")
    thin.upload_if_absent(bucket, "queue", body)
    url = thin.template_url(bucket, "queue")
    shutil.copy(shop.config / "shop.env", shop.config / "other.env")
    for env, kind in (("shop", "UPDATE"), ("other", "CREATE")):
        wanted, _ = load(env)

        def order(name, wanted=wanted, kind=kind):
            return thin.create_change_set(wanted.stack, name, kind, url, {}, wanted.tags)

        with suppress(KeyboardInterrupt), change_set(thin, wanted, order) as proposed:
            assert proposed["Changes"]
            raise KeyboardInterrupt


def test_while_a_deployment_runs_only_what_is_allowed_is_open_and_afterwards_nothing(thin, cloudformation):
    database = Change("Data/DBInstance", "AWS::RDS::DBInstance", REMOVE)
    open_then = {"": "Compute", "Data": "AppUserSecret DatabaseSecret", "Compute": "SessionSecret"}
    for error in (None, RuntimeError):
        with suppress(RuntimeError), protected(thin, ROOT_STACK, [database], termination=False):
            assert denied(cloudformation) == open_then
            if error:
                raise error
        assert denied(cloudformation) == ALL_DENIED


def test_allow_replace_lets_exactly_that_pass(place, deployed, cloudformation):
    """And with it an environment that asks for protection gets it of its stack."""
    place.set(DBName="store", DeletionProtection="true")
    lines = told(place.deploy(ALLOW_REPLACE="Data/DBInstance"))
    assert any(line.endswith("UPDATE_COMPLETE              flaskcrud-shop") for line in lines)
    assert denied(cloudformation) == ALL_DENIED
    for name in (ROOT_STACK, f"{ROOT_STACK}-bootstrap"):
        assert cloudformation.describe_stacks(StackName=name)["Stacks"][0]["EnableTerminationProtection"]
    assert "left from last time" in refused(place.deploy(ALLOW_REPLACE="Data/DBInstance"))
