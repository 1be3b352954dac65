"""What doctor finds: each check a table, and all of them against the embedded AWS and against answers that refuse."""

import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from botocore.stub import Stubber

from deploy.answers import Answer
from deploy.aws import Aws
from deploy.commands import doctor as command
from deploy.doctor import account, capacity, machine, names
from deploy.doctor.finding import OK, PROBLEM, UNKNOWN, WARNING, Finding, lines, unknown
from rehearsal import server
from tests.account import Account
from tests.deploying import call, refused, told
from tests.deploying import machine as prepared
from tests.nest import ROOT

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LAB = "arn:aws:sts::123456789012:assumed-role/voclabs/user1=Ann"
DENIED = Answer(fault="AWS denies it")
TAGS = {"Application": "flaskcrud", "Environment": "lab"}


def found(finding, level, *words):
    assert finding.level == level, finding
    assert all(word in finding.text for word in words), finding


# The machine


@pytest.mark.parametrize(
    ("finding", "level", "words"),
    [
        (machine.python((3, 11, 2)), OK, "Python 3.11.2"),
        (machine.python((3, 10, 9)), PROBLEM, "3.11 or newer"),
        (machine.git(found=True), OK, "git"),
        (machine.git(found=False), WARNING, "BASE"),
        (machine.engine(None, None), WARNING, "install docker or podman"),
        (machine.engine("docker", ""), WARNING, "start it"),
        (machine.engine("docker", "no daemon"), WARNING, "(no daemon)"),
        (machine.engine("podman", None), OK, "podman answers"),
        (machine.emulation("x86_64", "X86_64", "Linux", []), OK, "amd64"),
        (machine.emulation("arm64", "ARM64", "Darwin", []), OK, "arm64"),
        (machine.emulation("arm64", "X86_64", "Darwin", []), WARNING, "building is slow"),
        (machine.emulation("x86_64", "ARM64", "Linux", ["register", "qemu-aarch64"]), WARNING, "emulates that"),
        (machine.emulation("x86_64", "ARM64", "Linux", ["qemu-arm"]), PROBLEM, "set CpuArchitecture=X86_64"),
        (machine.emulation("aarch64", "X86_64", "Linux", []), PROBLEM, "set CpuArchitecture=ARM64"),
    ],
)
def test_the_machine(finding, level, words):
    found(finding, level, words)


# The account


def left(minutes):
    return NOW + timedelta(minutes=minutes)


REGIONS = Answer(
    [
        {"RegionName": "us-east-1", "OptInStatus": "opt-in-not-required"},
        {"RegionName": "eu-west-1", "OptInStatus": "opt-in-not-required"},
        {"RegionName": "af-south-1", "OptInStatus": "not-opted-in"},
        {"RegionName": "ap-east-1", "OptInStatus": "opted-in"},
    ]
)


@pytest.mark.parametrize(
    ("finding", "level", "words"),
    [
        (account.identity(Answer({"Account": "1", "Arn": LAB})), OK, "of a Learner Lab"),
        (account.identity(Answer({"Account": "1", "Arn": "arn:aws-cn:iam::1:user/ann"})), OK, "user/ann"),
        (account.identity(Answer(fault="no AWS credentials")), PROBLEM, "no AWS credentials"),
        (account.time_left(False, None, NOW, lab=False), OK, "no end"),
        (account.time_left(True, None, NOW, lab=True), WARNING, "4 hours from Start Lab"),
        (account.time_left(True, None, NOW, lab=False), WARNING, "nothing says until when"),
        (account.time_left(True, left(190), NOW, lab=True), OK, "3 h 10 min more"),
        (account.time_left(True, left(39), NOW, lab=True), WARNING, "39 min more: a first deployment may take longer"),
        (account.time_left(True, left(-1), NOW, lab=True), PROBLEM, "get new ones"),
        (account.region("us-east-1", REGIONS, lab=True), OK, "us-east-1"),
        (account.region("eu-west-1", REGIONS, lab=False), OK, "eu-west-1"),
        (account.region("ap-east-1", REGIONS, lab=False), OK, "ap-east-1"),
        (account.region("eu-west-1", REGIONS, lab=True), PROBLEM, "set AWS_REGION=us-east-1"),
        (account.region("af-south-1", REGIONS, lab=False), PROBLEM, "not enabled"),
        (account.region("us-east-9", REGIONS, lab=False), PROBLEM, "there is no region us-east-9"),
        (account.region("us-east-1", DENIED, lab=False), UNKNOWN, "could not look: AWS denies it"),
        (account.role("TaskRoleName", "LabRole", Answer({"RoleName": "LabRole"}), lab=True), OK, "is there"),
        (account.role("TaskRoleName", "LabRole", Answer(None), lab=False), PROBLEM, "leave it empty"),
        (account.role("TaskRoleName", "LabRole", Answer(None), lab=True), PROBLEM, "look in the IAM console"),
        (account.role("TaskRoleName", "LabRole", DENIED, lab=True), UNKNOWN, "could not look"),
        (account.role("TaskRoleName", "", None, lab=False), OK, "the stack makes the role"),
        (account.role("TaskRoleName", "", None, lab=True), PROBLEM, "set TaskRoleName=LabRole"),
        (account.linked_role("AWSServiceRoleForECS", Answer(None), lab=True), WARNING, "repeat it then"),
        (account.linked_role("AWSServiceRoleForECS", DENIED, lab=True), UNKNOWN, "AWSServiceRoleForECS"),
        (account.service_role("arn:aws-us-gov:iam::123456789012:role/path/cfn"), OK, "works as"),
        (account.service_role("cfn"), PROBLEM, "not the ARN of a role"),
        (account.service_role("arn:aws:iam::123456789012:user/ann"), PROBLEM, "not the ARN of a role"),
    ],
)
def test_the_account(finding, level, words):
    found(finding, level, words)


def test_there_is_nothing_to_say_of_what_aws_makes_by_itself():
    assert account.linked_role("AWSServiceRoleForECS", Answer(None), lab=False) is None
    assert account.linked_role("AWSServiceRoleForECS", Answer({}), lab=True) is None
    assert account.service_role("") is None


# Room

PARAMETERS = {"AutoScaling": "true", "DesiredCount": "1", "MaxCapacity": "6", "TaskCpu": "512"}


def test_what_an_environment_takes_of_each_quota():
    types = ["EC2::VPC", "EC2::EIP", "EC2::EIP", "EC2::NatGateway", "EC2::NatGateway", "RDS::DBInstance", "EC2::Subnet"]
    resources = {str(number): {"Type": f"AWS::{kind}"} for number, kind in enumerate(types)}
    taken = {"vpcs": 1, "addresses": 2, "gateways": 1, "balancers": 0, "databases": 1, "processors": 6}
    assert capacity.needed(resources, PARAMETERS) == taken
    assert capacity.needed({}, PARAMETERS | {"AutoScaling": "false"})["processors"] == 1


@pytest.mark.parametrize(
    ("limit", "used", "need", "level", "words"),
    [
        (5, 3, 1, OK, "3 used, 1 more needed, 5 allowed"),
        (5, 4, 1, WARNING, "none is left"),
        (5, 5, 1, PROBLEM, "Service Quotas (L-F678F1CE)"),
        (6, None, 2, OK, "what runs already is not counted"),
        (6, None, 8, PROBLEM, "8 more needed, 6 allowed"),
    ],
)
def test_room(limit, used, need, level, words):
    found(capacity.quota("vpcs", limit, used, need), level, words)


# Names

ARN = "arn:aws:acm:us-east-1:123456789012:certificate/x"


def in_zone(name, private=False):
    return Answer({"HostedZone": {"Name": name, "Config": {"PrivateZone": private}}})


def offered(*zones):
    return Answer([{"AvailabilityZones": [{"Name": zone} for zone in zones]}])


@pytest.mark.parametrize(
    ("finding", "level", "words"),
    [
        (names.stack("x", Answer(None), TAGS), OK, "not deployed yet"),
        (names.stack("x", Answer({"Tags": [], "StackStatus": "CREATE_COMPLETE"}), TAGS), PROBLEM, "somebody else's"),
        (names.stack("x", DENIED, TAGS), UNKNOWN, "stack x"),
        (names.taken("log group", "/x", Answer(True)), PROBLEM, "log group /x exists already"),
        (names.taken("log group", "/x", DENIED), UNKNOWN, "log group /x"),
        (names.certificate(ARN, "us-east-1", Answer({"Status": "ISSUED", "DomainName": "a.b"})), OK, "a.b is issued"),
        (names.certificate(ARN, "us-east-1", Answer({"Status": "PENDING_VALIDATION"})), PROBLEM, "PENDING_VALIDATION"),
        (names.certificate(ARN, "eu-west-1", DENIED), PROBLEM, "is of us-east-1, the load balancer of eu-west-1"),
        (names.certificate(ARN, "us-east-1", Answer(fault="not found")), PROBLEM, "not found"),
        (names.zone("www.a.b", "Z1", in_zone("a.b.")), OK, "in the zone of a.b"),
        (names.zone("a.b", "Z1", in_zone("a.b.")), OK, "in the zone of a.b"),
        (names.zone("www.xa.b", "Z1", in_zone("a.b.")), PROBLEM, "not in the zone Z1, which is that of a.b"),
        (names.zone("www.a.b", "Z1", in_zone("a.b.", private=True)), PROBLEM, "is private"),
        (names.zone("www.a.b", "Z1", Answer(fault="No hosted zone")), PROBLEM, "No hosted zone"),
        (names.snapshot("s", Answer({"Status": "available"})), OK, "available"),
        (names.snapshot("s", Answer({"Status": "creating"})), PROBLEM, "wait"),
        (names.snapshot("s", Answer(fault="not found")), PROBLEM, "not found"),
        (names.database_class("db.t9.huge", Answer([]), two_zones=False), PROBLEM, "offers no db.t9.huge"),
        (names.database_class("c", offered("a"), two_zones=False), WARNING, "in a only"),
        (names.database_class("c", offered("a"), two_zones=True), PROBLEM, "needs a second zone"),
        (names.database_class("c", offered("a", "b"), two_zones=True), OK, "in 2 zones"),
        (names.database_class("c", DENIED, two_zones=True), UNKNOWN, "class c"),
    ],
)
def test_names(finding, level, words):
    found(finding, level, words)


def test_a_stack_that_is_ours_and_a_name_that_is_free():
    tags = [{"Key": key, "Value": value} for key, value in TAGS.items()]
    ours = Answer({"Tags": tags, "StackStatus": "ROLLBACK_COMPLETE"})
    found(names.stack("x", ours, TAGS), OK, "ROLLBACK_COMPLETE")
    assert names.taken("log group", "/x", Answer(False)) is None


def test_findings_fit_a_terminal():
    text = lines("account", [Finding(PROBLEM, "word " * 40), unknown("it", DENIED)])
    assert text[0] == "account"
    assert text[1].startswith("  PROBLEM word")
    assert text[-1] == "  unknown it: could not look: AWS denies it"
    assert max(map(len, text)) <= 80
    assert lines("nothing", []) == []


# Probes, by answers that botocore holds against its models


@pytest.fixture
def probing(monkeypatch):
    """An Aws and a function that gives the Stubber of one of its services."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    stubs = {}

    def stub(service):
        if service not in stubs:
            keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
            stubs[service] = Stubber(boto3.client(service, region_name="us-east-1", **keys))
            stubs[service].activate()
        return stubs[service]

    aws = Aws()
    aws._client = lambda service: stub(service).client
    return aws, stub


def test_a_quota_that_was_never_raised_is_awss_default(probing):
    aws, stub = probing
    asked = {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE"}
    stub("service-quotas").add_client_error("get_service_quota", "NoSuchResourceException")
    stub("service-quotas").add_response("get_aws_default_service_quota", {"Quota": {"Value": 5.0}}, asked)
    assert aws.quota("vpc", "L-F678F1CE") == 5


def test_gateways_are_counted_by_zone(probing):
    aws, stub = probing
    gateways = [("s1", "available"), ("s2", "available"), ("s1", "pending"), ("s1", "deleted")]
    found = [{"SubnetId": subnet, "State": state} for subnet, state in gateways]
    stub("ec2").add_response("describe_nat_gateways", {"NatGateways": found})
    subnets = [{"SubnetId": "s1", "AvailabilityZone": "a"}, {"SubnetId": "s2", "AvailabilityZone": "b"}]
    stub("ec2").add_response("describe_subnets", {"Subnets": subnets})
    assert aws.used("gateways") == 2


def test_quotas_that_nobody_may_look_at_are_one_line_and_no_problem(probing):
    aws, stub = probing
    needed = {"vpcs": 1, "addresses": 1, "gateways": 0, "balancers": 1, "databases": 1, "processors": 2}
    for _ in needed:
        stub("service-quotas").add_client_error("get_service_quota", "AccessDeniedException", "no")
    for service, operation in (
        ("ec2", "describe_vpcs"),
        ("ec2", "describe_addresses"),
        ("ec2", "describe_nat_gateways"),
        ("elbv2", "describe_load_balancers"),
        ("rds", "describe_db_instances"),
    ):
        stub(service).add_client_error(operation, "UnauthorizedOperation", "no")
    (finding,) = list(command._room(aws, needed))
    found(finding, UNKNOWN, "could not look: AWS denies GetServiceQuota", "VPCs in the region, elastic addresses")


@pytest.mark.parametrize(
    ("environment", "written", "temporary", "expiry"),
    [
        ({}, "", False, None),
        ({}, "aws_session_token = t\n", True, None),
        ({}, "aws_session_token = t\nx_security_token_expires = 2026-11-01T12:00:00+00:00\n", True, NOW),
        ({}, "aws_session_token = t\naws_session_expiration = 2026-11-01T12:00:00Z\n", True, NOW),
        ({}, "aws_session_token = t\nexpiration = soon\n", True, None),
        ({"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "t"}, "", True, None),
        (
            {
                "AWS_ACCESS_KEY_ID": "x",
                "AWS_SECRET_ACCESS_KEY": "x",
                "AWS_SESSION_TOKEN": "t",
                "AWS_CREDENTIAL_EXPIRATION": "2099-11-01T12:00:00Z",
            },
            "",
            True,
            NOW.replace(year=2099),
        ),
    ],
)
def test_how_long_credentials_are_good(monkeypatch, tmp_path, environment, written, temporary, expiry):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "credentials"
    file.write_text(f"[lab]\naws_access_key_id = x\naws_secret_access_key = x\n{written}")
    profile = {} if environment else {"AWS_PROFILE": "lab"}
    for name, value in (environment | profile | {"AWS_SHARED_CREDENTIALS_FILE": str(file)}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert Aws().credentials_end() == (temporary, expiry)


# All of it


@pytest.fixture(scope="module")
def aws():
    with server.start() as running:
        yield running


@pytest.fixture
def place(aws, tmp_path):
    return prepared(aws, tmp_path)


def doctor(env, place, code, **environment):
    return "\n".join(told(call("python", "-m", "deploy", "doctor", *env, **place | environment), code))


@pytest.mark.slow
def test_a_lab_with_its_role_has_nothing_in_its_way(place, aws):
    assert "PROBLEM ExecutionRoleName=LabRole: this account has no such role" in doctor(["lab"], place, 1)
    Account(aws).iam.create_role(RoleName="LabRole", AssumeRolePolicyDocument="{}")
    text = doctor(["lab"], place, 0)
    assert "flaskcrud-lab is not deployed yet" in text
    assert text.endswith("nothing stands in the way of `make deploy ENV=lab`")
    assert doctor([], place, 0).endswith("nothing stands in the way so far")


@pytest.mark.slow
def test_conflicts_and_what_is_missing_are_named_together(place, aws, tmp_path):
    account = Account(aws)
    zone = account.route53.create_hosted_zone(Name="other.test", CallerReference="x")["HostedZone"]["Id"]
    account.logs.create_log_group(logGroupName="/aws/rds/instance/mine/error")
    account.ecr.create_repository(repositoryName="flaskcrud-odd/app")
    account.create({"Queue": {"Type": "AWS::SQS::Queue"}}, "flaskcrud-strange")
    settings = "DBInstanceIdentifier=mine\nDomainName=www.shop.test\nDBSnapshotIdentifier=gone\n"
    (tmp_path / "odd.env").write_text(f"{settings}HostedZoneId={zone.rpartition('/')[2]}\n")
    (tmp_path / "strange.env").write_text("")
    (tmp_path / "wrong.env").write_text("NoSuchParameter=1\n")
    config = {"CONFIG": str(tmp_path)}
    text = " ".join(doctor(["odd"], place, 1, **config).split())
    assert "log group /aws/rds/instance/mine/error exists already" in text
    assert "repository flaskcrud-odd/app exists already" in text
    assert "DomainName=www.shop.test is not in the zone" in text
    assert "DBSnapshotIdentifier=gone: " in text
    assert "without this project's tags: it is somebody else's" in " ".join(
        doctor(["strange"], place, 1, **config).split()
    )
    assert "there is no parameter NoSuchParameter" in " ".join(doctor(["wrong"], place, 1, **config).split())


@pytest.mark.slow
def test_without_region_credentials_or_engine_it_says_so_and_goes_on(tmp_path):
    nowhere = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "PATH": str(tmp_path)}
    nowhere |= {"AWS_EC2_METADATA_DISABLED": "true"}
    assert "no AWS region: set AWS_REGION" in doctor(["lab"], nowhere, 1)
    text = " ".join(doctor(["lab"], nowhere, 1, AWS_REGION="us-east-1").split())
    assert "no AWS credentials: run `aws configure`" in text
    assert "no container engine: install docker or podman" in text
    assert "CONTAINER_ENGINE" not in text
    assert "nope.env" in doctor(["nope"], nowhere, 1, AWS_REGION="us-east-1")


@pytest.mark.slow
def test_a_combination_that_cannot_work_is_found_beside_the_rest(place, tmp_path):
    (tmp_path / "half.env").write_text("DomainName=shop.test\n")
    text = " ".join(doctor(["half"], place, 1, CONFIG=str(tmp_path)).split())
    assert "PROBLEM" in text
    assert "DomainName needs HostedZoneId" in text
    assert "ok region us-east-1" in text


class Refusing(BaseHTTPRequestHandler):
    """An AWS that says who one is, and denies everything else in the words of each protocol."""

    def do_GET(self):
        self.answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if b"Action=GetCallerIdentity" in body:
            who = f"<Arn>{LAB}</Arn><Account>123456789012</Account>"
            result = f"<GetCallerIdentityResult>{who}</GetCallerIdentityResult>"
            self.answer(200, f"<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>".encode())
        elif "X-Amz-Target" in self.headers:
            self.answer(400, b'{"__type": "AccessDeniedException", "message": "no"}')
        else:
            error = b"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error>"
            self.answer(403, b"<ErrorResponse>" + error + b"</ErrorResponse>")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.mark.slow
def test_where_everything_is_denied_nothing_is_a_problem_and_nothing_breaks(place, tmp_path):
    """A Learner Lab may deny any of the probes."""
    (tmp_path / "full.env").write_text(
        "ExecutionRoleName=LabRole\nTaskRoleName=LabRole\nStorageType=gp2\nDBInstanceClass=db.t3.micro\n"
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as denying:
        thread = threading.Thread(target=denying.serve_forever)
        thread.start()
        try:
            there = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{denying.server_port}", "CONFIG": str(tmp_path)}
            text = doctor(["full"], place | {"AWS_SESSION_TOKEN": "x"}, 0, **there)
        finally:
            denying.shutdown()
            thread.join()
    assert "of a Learner Lab" in " ".join(text.split())
    assert "4 hours from Start Lab" in " ".join(text.split())
    assert text.count("unknown") >= 5
    assert "PROBLEM" not in text


@pytest.mark.slow
def test_credentials_that_are_over_are_a_problem_for_every_verb(place):
    over = {"AWS_SESSION_TOKEN": "x", "AWS_CREDENTIAL_EXPIRATION": "2026-01-01T00:00:00Z"}
    assert "PROBLEM the credentials have expired" in doctor(["lab"], place, 1, **over)
    assert "have expired" in refused(call("python", "-m", "deploy", "status", "lab", **place | over))


def test_nothing_in_deploy_names_a_partition():
    """Addresses and ARNs come from AWS's answers, so that China and GovCloud work as the others."""
    for path in (ROOT / "deploy").rglob("*.py"):
        text = path.read_text().replace("as in arn:aws:iam::123456789012:role/x", "")
        assert "arn:aws:" not in text, path
        assert "amazonaws.com" not in text, path
