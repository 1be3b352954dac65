"""What AWS's catalogues say of production: held true, and each check able to say no."""

import re
from dataclasses import replace

import pytest

from review import workspace
from review.__main__ import main
from review.catalogues import report
from review.catalogues.control import judge
from tests.nest import ROOT

PRODUCTION = workspace.load("production")
# With every way out that there is, so that each control has something to speak of.
WAYS = {"EgressMode": "nat-gateway-per-zone", "ServiceEndpoints": "true"}
RESOURCES = report.resources_of(workspace.load("production", changes=WAYS))
CONTROLS = report.controls()
HELD = [control for control in CONTROLS if judge(control, RESOURCES).state == "holds"]

DATABASE, TASK, SERVICE = "DataDBInstance", "ComputeTaskDefinition", "ComputeService"
BUCKET, INGRESS = "ArtifactBucket", "NetworkPublicHttpSecurityGroupIngress"
ANYBODY = {"Effect": "Allow", "Principal": "*", "Action": ["s3:*"], "Resource": ["*"]}
POLICY = {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]}}
DECRYPT = {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": ["*"]}]}}

# What could be written in the place of what is, where leaving it out would do no harm: (resource, properties).
WORSE = [
    *((INGRESS, {"FromPort": port, "ToPort": port}) for port in (22, 3306, 3389)),
    *((INGRESS, {"FromPort": port, "ToPort": port, "CidrIpv6": "::/0"}) for port in (22, 3389)),
    ("NetworkPrivateSubnet1", {"MapPublicIpOnLaunch": True}),
    ("NetworkVPCGatewayAttachment", {"VpcId": "vpc-1"}),
    ("EgressPrivateRoute2", {"NatGatewayId": {"Ref": "EgressNatGateway1"}}),
    (SERVICE, {"NetworkConfiguration": {"AwsvpcConfiguration": {"AssignPublicIp": "ENABLED"}}}),
    (SERVICE, {"PlatformVersion": "1.3.0"}),
    (TASK, {"NetworkMode": "host"}),
    (TASK, {"PidMode": "host"}),
    (TASK, {"ContainerDefinitions": [{"Privileged": True}]}),
    (TASK, {"ContainerDefinitions": [{"Environment": [{"Name": "DATABASE_PASSWORD", "Value": "x"}]}]}),
    (DATABASE, {"AutoMinorVersionUpgrade": False}),
    (DATABASE, {"MasterUsername": "admin"}),
    ("DataDBParameterGroup", {"Parameters": {}}),
    ("NetworkDatabaseRouteTableRoute", {"RouteTableId": {"Ref": "NetworkDatabaseRouteTable"}}),
    ("EdgeCertificate", {"KeyAlgorithm": "RSA_1024"}),
    ("EdgeWebACL", {"VisibilityConfig": {"CloudWatchMetricsEnabled": False}}),
    ("KeysKey", {"KeyPolicy": {"Statement": [ANYBODY]}}),
    ("AlertsAlarmTopicPolicy", {"PolicyDocument": {"Statement": [ANYBODY]}}),
    ("ArtifactBucketPolicy", {"PolicyDocument": {"Statement": [ANYBODY]}}),
    ("MonitoringLatencyAlarm", {"ActionsEnabled": False}),
    ("ComputeExecutionManagedPolicy", POLICY),
    ("ComputeExecutionManagedPolicy", DECRYPT),
    ("ComputeTaskRole", {"Policies": [{"PolicyName": "x"}]}),
    ("ComputeTaskRole", {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AWSCloudShellFullAccess"]}),
    ("ComputeTaskRole", {"AssumeRolePolicyDocument": {"Statement": [ANYBODY]}}),
]
# What a resource that is not there would have.
ADDED = {
    "NetworkDatabaseRouteTableRoute": {
        "Type": "AWS::EC2::Route",
        "Properties": {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": {"Ref": "NetworkInternetGateway"}},
    }
}


def with_properties(title: str, properties: dict) -> dict[str, dict]:
    """The resources, with other properties of one."""
    body = RESOURCES.get(title) or ADDED[title]
    return {**RESOURCES, title: {**body, "Properties": properties}}


def worlds():
    """Production with one resource, or one thing of it, left out, or written as it should not be."""
    for title, body in RESOURCES.items():
        for name in body.get("Properties", {}):
            yield title, name, with_properties(title, {k: v for k, v in body["Properties"].items() if k != name})
    for title, changed in WORSE:
        body = RESOURCES.get(title) or ADDED[title]
        yield title, str(changed), with_properties(title, body["Properties"] | changed)
    for title in RESOURCES:
        yield title, "itself", {name: body for name, body in RESOURCES.items() if name != title}


# Of what some controls speak, the things whose change they do not take.
SPOKEN_OF = [
    ("DataDBInstance: PubliclyAccessible", "RDS.2"),
    ("DataDBInstance: StorageEncrypted", "SEC08-BP02"),
    ("ComputeService: DeploymentConfiguration", "REL08-BP05"),
    ("AlertsInstanceEventSubscription: SourceType", "RDS.20"),
    ("EdgeAccessLogBucketPolicy: itself", "S3.5"),
    ("NetworkGroupFlowLog: Tags", "EC2.48"),
]


@pytest.fixture(scope="module")
def refused() -> dict[str, set[str]]:
    """By control, things whose change it does not take: the first one, of those of SPOKEN_OF all."""
    found, in_full = {}, {control for _, control in SPOKEN_OF}
    for title, what, resources in worlds():
        for control in HELD:
            if control.id in found and control.id not in in_full:
                continue
            try:
                state = judge(control, resources).state
            except (KeyError, AttributeError):  # a property that CloudFormation itself would miss
                continue
            if state in ("broken", "open"):
                found.setdefault(control.id, set()).add(f"{title}: {what}")
    return found


def test_no_control_is_broken_in_production():
    assert [verdict.control.id for verdict in report.verdicts(PRODUCTION) if verdict.state == "broken"] == []


def test_the_document_says_what_the_checks_say():
    """Write it anew: python -m review catalogues production --markdown > docs/security.md"""
    assert (ROOT / "docs/security.md").read_text() == report.document(PRODUCTION) + "\n"


def test_each_control_is_there_once_and_says_where_it_is_from():
    ids = [control.id for control in CONTROLS]
    assert len(ids) == len(set(ids))
    for control in CONTROLS:
        assert set(control.standards.split()) <= {"FSBP", "NIST", "PCI", "CIS", "CONFIG", "WA", "tags"}, control.id
        assert bool(control.check) is not bool(control.account), control.id
        assert control.url.startswith("https://docs.aws.amazon.com/")


@pytest.mark.parametrize("control", [item for item in CONTROLS if item.open], ids=lambda control: control.id)
def test_a_reason_stands_only_where_something_is_open(control):
    """Else it is out of date: what it excuses has been mended, and could break again unseen."""
    for pattern in control.open:
        others = {name: why for name, why in control.open.items() if name != pattern}
        assert judge(replace(control, open=others), RESOURCES).state == "broken", pattern


@pytest.mark.wrong
@pytest.mark.parametrize("control", HELD, ids=lambda control: control.id)
def test_each_check_that_holds_can_fail(control, refused):
    assert refused.get(control.id)


@pytest.mark.wrong
@pytest.mark.parametrize(("change", "control"), SPOKEN_OF)
def test_what_a_control_refuses_is_what_it_speaks_of(change, control, refused):
    assert change in refused[control]


def test_the_command_line_shows_what_is_open_and_fails_for_what_is_broken(capsys):
    assert main(["catalogues", "production"]) == 0
    shown = capsys.readouterr().out
    assert re.match(r"production: \d+ controls: \d+ hold, .* 0 do not hold", shown)
    assert re.search(r"^  open +EC2\.2 ", shown, re.MULTILINE)
    assert main(["catalogues", "lab"]) == 1
    assert re.search(r"^  broken +RDS\.5 ", capsys.readouterr().out, re.MULTILINE)
