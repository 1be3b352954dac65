"""Destroying an environment: what is said, what is lifted, what is tried again, what stays."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys

import pytest

from deploy import leftovers, template
from deploy.aws import Aws
from deploy.commands import remove
from deploy.problem import Problem
from rehearsal import server
from tests.account import Account
from tests.deploying import QUIET, call, machine, refused, told
from tests.nest import OUT, ROOT

TEMPLATES = {path.name: path.read_text() for path in OUT.glob("*.yaml")}


@pytest.mark.parametrize(
    ("reason", "what"),
    [
        ("resource sg-0a1 has a dependent object (Service: Ec2, Status Code: 400)", leftovers.AGAIN),
        ("The subnet 'subnet-0a1' has dependencies and cannot be deleted.", leftovers.AGAIN),
        ("Network vpc-0a1 has some mapped public address(es). Please unmap those", leftovers.AGAIN),
        ("Network interface 'eni-0a1' is currently in use.", leftovers.AGAIN),
        ("Target group 'arn:x' is currently in use by a listener or a rule", leftovers.AGAIN),
        ("Cannot create a snapshot because the database instance x is not currently in the available state.",
         leftovers.AGAIN),
        ("Rate exceeded (Service: AmazonCloudFormation; Status Code: 400)", leftovers.AGAIN),
        ("The bucket you tried to delete is not empty", leftovers.EMPTY),
        ("The repository with name 'x' in registry with id '1' cannot be deleted because it still contains images",
         leftovers.EMPTY),
        ("Cannot delete protected DB Instance, please disable deletion protection", leftovers.UNPROTECT),
        ("Load balancer 'x' cannot be deleted because deletion protection is enabled", leftovers.UNPROTECT),
        ("User: x is not authorized to perform: rds:DeleteDBInstance", None),
        ("", None),
    ],
)  # fmt: skip
def test_what_is_known_to_help(reason, what):
    assert leftovers.remedy(reason) == what


def test_what_is_retained_is_read_from_the_templates():
    assert leftovers.retained(TEMPLATES) == {
        "Data/OptionGroup",
        "Edge/AccessLogBucket",
        "Edge/ServerAccessLogBucket",
        "Keys/Key",
        "Network/FlowLogBucket",
    }


def test_for_what_is_retained_there_is_a_way_to_remove_it():
    kinds = {
        resource["Type"]
        for text in TEMPLATES.values()
        for resource in template.parse(text, "out")["Resources"].values()
        if resource.get("DeletionPolicy", "").startswith("Retain")
    }
    assert all(leftovers.staying(kind, "x") for kind in kinds)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("AWS::S3::Bucket", "bucket x: empty it in the console, then aws s3 rb s3://x"),
        ("AWS::KMS::Key", "key x: aws kms schedule-key-deletion --key-id x --pending-window-in-days 7"),
        ("AWS::RDS::OptionGroup", "option group x: aws rds delete-option-group --option-group-name x, once"),
        ("snapshot", "snapshot x: aws rds delete-db-snapshot --db-snapshot-identifier x"),
        ("log group", "log group x: aws logs delete-log-group --log-group-name x"),
    ],
)
def test_what_stays_is_named_with_the_way_to_remove_it(kind, words):
    assert leftovers.staying(kind, "x").startswith(words)


def test_a_region_without_a_price_list_has_no_number():
    assert remove.prices("lab", "af-south-1")("") == ""
    assert remove.prices("lab", "us-east-1")("").startswith("about $")
    assert remove.prices("lab", "us-east-1")("Data/DBInstance") == "", "its final snapshot is deleted"


def test_what_is_lost_is_named_where_somebody_would_miss_it():
    def entry(path, kind, physical_id):
        return {"Path": path, "ResourceType": kind, "PhysicalResourceId": physical_id}

    nest = [
        entry("Data/DBInstance", "AWS::RDS::DBInstance", "shop"),
        entry("Edge/LoadBalancer", "AWS::ElasticLoadBalancingV2::LoadBalancer", "arn:x:loadbalancer/app/front/0a1"),
        entry("Compute/AppLogGroup", "AWS::Logs::LogGroup", "app"),
        entry("Keys/Key", "AWS::KMS::Key", "0a1"),
        entry("Network/VPC", "AWS::EC2::VPC", "vpc-0a1"),
    ]
    assert leftovers.lost(nest, {"Keys/Key"}) == [
        "database shop",
        "load balancer front",
        "log groups: 1",
        "other resources: 1",
    ]


# Against the embedded AWS

PROTECTED = "AccessLogs=true\nDeletionProtection=true\nLoadBalancerDeletionProtection=true\nCustomerManagedKey=true\n"


@pytest.fixture(scope="module")
def aws():
    with server.start() as running:
        yield running


@pytest.fixture(scope="module")
def account(aws):
    return Account(aws)


@pytest.fixture
def place(aws, tmp_path):
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    (config / "full.env").write_text(PROTECTED)
    return machine(aws, tmp_path) | {"CONFIG": str(config)}


def stacks(account):
    found = account.cloudformation.describe_stacks()["Stacks"]
    return {stack["StackName"] for stack in found if stack["StackStatus"] != "DELETE_COMPLETE"}


@pytest.mark.slow
def test_protections_are_lifted_and_what_stays_is_named(place, account):
    told(call("./deploy.sh", "full", **place))
    account.cloudformation.update_termination_protection(StackName="flaskcrud-full", EnableTerminationProtection=True)
    (bucket,) = [one["Name"] for one in account.s3.list_buckets()["Buckets"] if "-accesslog" in one["Name"]]
    account.s3.put_object(Bucket=bucket, Key="log", Body=b"x")
    assert "no terminal to ask on" in refused(call("python", "-m", "deploy", "destroy", "full", **place | {"YES": ""}))
    assert "flaskcrud-full" in stacks(account)
    lines = told(call("python", "-m", "deploy", "destroy", "full", **place))
    text = "\n".join(lines)
    assert "the database's final snapshot is kept, and costs about $0.95 a month until you delete it" in lines
    assert re.search(r"^it costs about \$[5-9]\d\.\d\d a month$", text, re.MULTILINE)
    assert re.search(r"^Keys/Key \S+: kept, and costs about \$1\.00 a month", text, re.MULTILINE)
    assert "flaskcrud-full: termination protection lifted" in lines
    assert "Edge/LoadBalancer: deletion protection lifted" in lines
    assert f"aws s3 rb s3://{bucket}" in text
    assert "aws kms schedule-key-deletion --key-id " in text
    (snapshot,) = [one["DBSnapshotIdentifier"] for one in account.rds.describe_db_snapshots()["DBSnapshots"]]
    assert f"aws rds delete-db-snapshot --db-snapshot-identifier {snapshot}" in text
    assert not stacks(account)


@pytest.mark.slow
def test_buckets_with_logs_go_when_asked_and_snapshots_made_by_hand_never(place, account, tmp_path):
    with (tmp_path / "config/lab.env").open("a") as lab:
        lab.write("AccessLogs=true\n")
    told(call("./deploy.sh", "lab", **place))
    (bucket,) = [name for name in buckets(account) if name.startswith("flaskcrud-lab-edge") and "-accesslog" in name]
    account.s3.put_object(Bucket=bucket, Key="log", Body=b"x")
    (database,) = [one["DBInstanceIdentifier"] for one in account.rds.describe_db_instances()["DBInstances"]]
    account.rds.create_db_snapshot(DBSnapshotIdentifier="mine", DBInstanceIdentifier=database)
    told(call("python", "-m", "deploy", "pause", "lab", **place))
    lines = told(call("python", "-m", "deploy", "destroy", "lab", "--buckets", **place))
    assert f"{database}: it is stopped, and has to run to be deleted with a final snapshot" in lines
    assert f"{bucket}: deleted" in lines
    assert bucket not in buckets(account)
    left = account.rds.describe_db_snapshots(DBInstanceIdentifier=database)["DBSnapshots"]
    assert [one["DBSnapshotIdentifier"] for one in left] == ["mine"]
    assert any(line.startswith("  snapshot mine: ") for line in lines)


def buckets(account):
    return {one["Name"] for one in account.s3.list_buckets()["Buckets"]}


@pytest.mark.slow
def test_what_was_filled_again_meanwhile_is_emptied_and_tried_again(place, account, monkeypatch, tmp_path):
    """What nothing is known to help against ends with its cause; destroying may be repeated then."""
    (tmp_path / "config/small.env").write_text("")
    told(call("python", "-m", "deploy", "bootstrap", "small", **place))
    (bucket,) = [name for name in buckets(account) if "small" in name]
    account.s3.put_object(Bucket=bucket, Key="x", Body=b"x")
    for name, value in place.items():
        monkeypatch.setenv(name, value)
    empty, tries = Aws.empty_bucket, []

    def empty_from_the_third_time_on(self, name):
        tries.append(name)
        if len(tries) > 2:
            empty(self, name)

    monkeypatch.setattr(Aws, "empty_bucket", empty_from_the_third_time_on)
    with monkeypatch.context() as ignorant:
        ignorant.setattr(leftovers, "remedy", lambda _: None)
        with pytest.raises(Problem, match=r"DELETE_FAILED: .*ArtifactBucket"):
            remove.destroy("small", buckets=False)
    remove.destroy("small", buckets=False)
    assert len(tries) == 3
    assert bucket not in buckets(account)
    assert "flaskcrud-small-bootstrap" not in stacks(account)


TAGS = [{"Key": "Application", "Value": "flaskcrud"}, {"Key": "Environment", "Value": "odd"}]
QUEUE = {"Queue": {"Type": "AWS::SQS::Queue"}}
WAIT = {
    "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
    "Wait": {
        "Type": "AWS::CloudFormation::WaitCondition",
        "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "5", "Count": 1},
    },
}


@pytest.mark.slow
def test_an_update_under_way_is_waited_for_then_all_is_deleted(place, account, tmp_path):
    (tmp_path / "config/odd.env").write_text("")
    account.create(QUEUE, "flaskcrud-odd", Tags=TAGS)
    body = json.dumps({"Resources": QUEUE | WAIT})
    account.cloudformation.update_stack(StackName="flaskcrud-odd", TemplateBody=body, Tags=TAGS)
    lines = told(call("python", "-m", "deploy", "destroy", "odd", **place))
    assert lines[0] == "flaskcrud-odd: UPDATE_IN_PROGRESS: following what is under way"
    assert lines[-2:] == ["flaskcrud-odd: DELETE_COMPLETE", "what is left: nothing that is known of"]


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "gone"), [("y", False), ("flaskcrud-other", False), ("flaskcrud-odd", True)])
def test_only_the_stacks_own_name_typed_destroys(place, account, tmp_path, typed, gone):
    (tmp_path / "config/odd.env").write_text("")
    if "flaskcrud-odd" not in stacks(account):
        account.create(QUEUE, "flaskcrud-odd", Tags=TAGS)
    terminal, end = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "deploy", "destroy", "odd"],
        cwd=ROOT,
        env=QUIET | place | {"YES": "", "COLUMNS": "80"},
        stdin=end,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.write(terminal, f"{typed}\n".encode())
        output, error = process.communicate(timeout=60)
    os.close(terminal)
    os.close(end)
    assert "Destroy flaskcrud-odd? [flaskcrud-odd to agree]" in output
    assert ("flaskcrud-odd" not in stacks(account)) == gone
    assert (process.returncode, "not destroyed; nothing was changed" in error) == ((0, False) if gone else (1, True))
