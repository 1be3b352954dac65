"""An ops team's way: the commands of out/handover as they stand there, in a folder with only the bundle.

One life of an environment, in the order of the tests.
"""

import json
import re

import pytest

from rehearsal import server
from rehearsal.service import Account, running
from rehearsal.visitor import Visitor
from tests.handed_over import Machine, bundle, checkout, commands, unpacked

pytestmark = pytest.mark.slow

STACK = "flaskcrud-standard"
TERMINAL = commands("README.md", "1. Say what and where")
OPERATING = commands("OPERATIONS.md")[:1]


@pytest.fixture(scope="module")
def aws():
    with server.start() as started:
        yield started


@pytest.fixture(scope="module")
def machine(tmp_path_factory, aws):
    place = tmp_path_factory.mktemp("ops")
    made = bundle(checkout(place / "repository"), place)
    assert made.returncode == 0, made.stderr
    with Machine(place / "home", unpacked(place / made.stdout.strip(), place / "bundle"), aws) as started:
        yield started


def status(aws, stack=STACK):
    described = Account(aws).client("cloudformation").describe_stacks()["Stacks"]
    return next((each["StackStatus"] for each in described if each["StackName"] == stack), None)


def parameter(machine, name):
    rows = json.loads((machine.folder / "parameters.json").read_text())
    return next(row["ParameterValue"] for row in rows if row["ParameterKey"] == name)


def test_deploy(machine, aws, tmp_path):
    """Every block from the checksums to the protection; the tasks then really run, and answer the README's own curl."""
    machine.run(*commands("README.md", "Before you start"))
    machine.run(
        *TERMINAL,
        *commands("README.md", "2. Choose the parameters"),
        *commands("README.md", "3. Make the image repositories and the bucket"),
        *commands("README.md", "4. Build and push the two images"),
    )
    # Another terminal, on another day.
    shown = machine.run(
        *TERMINAL,
        *commands("README.md", "5. Upload the nested templates"),
        *commands("README.md", "6. See what will be made, then make it"),
    )
    assert "AWS::RDS::DBInstance\tDBInstance" in shown
    assert status(aws) == "CREATE_COMPLETE"
    account = Account(aws)
    with running(account, STACK, tmp_path):
        assert machine.run(*TERMINAL, *commands("README.md", "7. See that it answers")).endswith("\nready\n")
        Visitor(aws.url, account.load_balancer(STACK)["DNSName"]).create_and_read_back("By the README")
    machine.run(*TERMINAL, *commands("README.md", "8. Protect it"))
    (stack,) = account.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    assert stack["EnableTerminationProtection"]
    assert {tag["Key"]: tag["Value"] for tag in stack["Tags"]} == {
        "Application": "flaskcrud",
        "Environment": "standard",
    }


def test_update_and_read_the_parameters_back(machine, aws):
    update, look, execute, read_back = commands("README.md", "Update")
    shown = machine.run(*TERMINAL, update, look, execute)
    assert "Modify\tFalse\tAWS::ApplicationAutoScaling::ScalableTarget\tScalableTarget" in shown
    assert "DBInstance" not in shown
    assert status(aws) == "UPDATE_COMPLETE"
    before = sorted((machine.folder / "parameters.json").read_text().replace("},", "}").splitlines())
    machine.run(*TERMINAL, read_back)
    assert sorted((machine.folder / "parameters.json").read_text().replace("},", "}").splitlines()) == before
    assert parameter(machine, "MaxCapacity") == "8"


def test_pipeline(machine, aws):
    plan, apply = commands("README.md", "In a pipeline")
    nothing = machine.run(*TERMINAL, plan)
    assert "didn't contain changes" in nothing
    assert not (machine.folder / "change.txt").exists()
    machine.run(*TERMINAL, "set_parameter TaskCpu 1024; set_parameter TaskMemory 2048", plan)
    machine.run(*TERMINAL, apply)
    assert status(aws) == "UPDATE_COMPLETE"
    machine.run(*TERMINAL, "set_parameter DBName shop", plan, code=1)
    assert "DBInstance" in (machine.folder / "changes.txt").read_text()
    machine.run(*TERMINAL, "set_parameter DBName flaskcrud")


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("Look", "UPDATE_COMPLETE"),
        ("Scale", "ScalableTarget"),
        ("Restart the tasks", "AWS::ECS::Service\tService"),
        ("Go back to the release before", "20"),
        ("Fail over", ""),
    ],
)
def test_operate(machine, aws, section, told):
    assert told in machine.run(*OPERATING, *commands("OPERATIONS.md", section))
    assert status(aws) == "UPDATE_COMPLETE"


def secret(aws, title):
    found = Account(aws).client("secretsmanager").list_secrets()["SecretList"]
    arn = next(each["ARN"] for each in found if each["Name"].startswith(title) or f"-{title}" in each["Name"])
    return json.loads(Account(aws).client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])


def test_rotate_the_passwords(machine, aws):
    before = [secret(aws, title) for title in ("AppUserSecret", "DatabaseSecret")]
    machine.run(*OPERATING, *commands("OPERATIONS.md", "Rotate the passwords"))
    after = [secret(aws, title) for title in ("AppUserSecret", "DatabaseSecret")]
    for old, new in zip(before, after, strict=True):
        assert new["username"] == old["username"]
        assert new["password"] != old["password"]
        assert re.fullmatch(r"[A-Za-z0-9]{32}", new["password"])


def test_restore_from_a_snapshot(machine, aws):
    shown = machine.run(
        *OPERATING,
        *commands("OPERATIONS.md", "Take a snapshot"),
        *commands("OPERATIONS.md", "Restore from a snapshot"),
    )
    assert "Modify\tTrue\tAWS::RDS::DBInstance\tDBInstance" in shown
    assert status(aws) == "UPDATE_COMPLETE"
    (instance,) = Account(aws).client("rds").describe_db_instances()["DBInstances"]
    assert instance["DBInstanceIdentifier"] == parameter(machine, "DBInstanceIdentifier") != STACK
    assert parameter(machine, "DeletionProtection") == "true"


def test_stop_and_start(machine, aws):
    stop, start = commands("OPERATIONS.md", "Stop it for a while")
    machine.run(*OPERATING, stop)
    rds = Account(aws).client("rds")
    assert rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"].startswith("stop")
    machine.run(*OPERATING, start)
    assert rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] == "available"
    assert parameter(machine, "AutoScaling") == "true"


def test_every_command_of_the_runbook(machine):
    machine.run(*OPERATING, *commands("RUNBOOK.md"))


def test_make_the_policies(machine, aws):
    machine.run(*TERMINAL, *commands("PERMISSIONS.md", "Make them"))
    made = {each["PolicyName"] for each in Account(aws).client("iam").list_policies(Scope="Local")["Policies"]}
    names = {path.stem for path in (machine.folder / "out/handover/permissions/standard").iterdir()}
    assert {f"{name}-{STACK}" for name in names} <= made
    for path in (machine.folder / "policies").iterdir():
        assert not re.search(r"arn:aws:(\w|-)+:[\w-]*:\*:", path.read_text())
        assert ":123456789012:" in path.read_text()


def test_remove(machine, aws):
    """Deletion is refused until the protections are lifted; then nothing but the snapshots and the logs is left."""
    delete = commands("README.md", "2. Delete the stack")[0]
    machine.run(*TERMINAL, delete.splitlines()[2], code=255)
    assert status(aws).endswith("_COMPLETE")
    left = ""
    for section in (
        "1. Lift the protections",
        "2. Delete the stack",
        "3. Delete repositories and bucket",
        "4. See what is left",
    ):
        left = machine.run(*TERMINAL, *commands("README.md", section))
    assert STACK in left
    assert status(aws) is None
    assert status(aws, f"{STACK}-bootstrap") is None
    account = Account(aws)
    assert account.client("rds").describe_db_instances()["DBInstances"] == []
    # The two with access logs, as INVENTORY.md says.
    assert {bucket["Name"].split("-")[2] for bucket in account.client("s3").list_buckets()["Buckets"]} == {"edge"}
    assert account.client("ecr").describe_repositories()["repositories"] == []
