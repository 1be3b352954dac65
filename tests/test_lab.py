"""What an AWS Academy Learner Lab refuses is not in the lab environment; each check is shown to find its fault."""

from functools import cache

import pytest

from review import environment, workspace
from review.resolve import resolve
from tests.nest import OUT, stack

LAB_REGIONS = ["us-east-1", "us-west-2"]
ROLE = ":role/LabRole"
BURSTABLE = {f"db.{family}.{size}" for family in ("t3", "t4g") for size in ("micro", "small", "medium")}
# A lab cannot make roles; the rest would need one, or is denied.
REFUSED = (
    "AWS::IAM::",
    "AWS::Lambda::",
    "Custom::",
    "AWS::CloudFormation::CustomResource",
    "AWS::CloudFront::",
    "AWS::CodeBuild::",
    "AWS::SES::",
    "AWS::Bedrock::",
)


@cache
def lab(region: str = "us-east-1", **changes: str) -> dict[str, dict]:
    """The resources of the lab environment, with parameters changed.

    Rules are left out: they would refuse some of the changes, and it is the resources that are judged here.
    """
    templates = {path.name: {**stack(path.stem), "Rules": {}} for path in OUT.glob("*.yaml")}
    _, values = environment.read("lab", workspace.config())
    given = environment.with_stand_ins(values, stack("root")["Parameters"]) | changes
    return resolve(templates, "root.yaml", given, environment.pseudo(region, "lab")).flat["Resources"]


def of_type(resources, kind):
    return {title: body.get("Properties", {}) for title, body in resources.items() if body["Type"] == kind}


def refused_types(resources):
    return [title for title, body in resources.items() if body["Type"].startswith(REFUSED)]


def roles(resources):
    """Resources that run under another role than the lab's."""
    return [title for title, body in resources.items() if any(not is_lab_role(role) for role in roles_of(body))]


def roles_of(value):
    """The values of all properties that take a role's ARN."""
    if isinstance(value, list):
        return [role for item in value for role in roles_of(item)]
    if not isinstance(value, dict):
        return []
    own = [item for key, item in value.items() if key.lower().endswith(("rolearn", "permissionarn"))]
    return own + [role for item in value.values() for role in roles_of(item)]


def is_lab_role(role):
    return isinstance(role, dict) and str(role.get("Fn::Sub", "")).endswith(ROLE)


def databases(is_fine):
    """A check of every database instance's properties."""
    return lambda resources: [
        title for title, properties in of_type(resources, "AWS::RDS::DBInstance").items() if not is_fine(properties)
    ]


def flow_logs(resources):
    logs = of_type(resources, "AWS::EC2::FlowLog").items()
    return [title for title, properties in logs if properties.get("LogDestinationType") != "s3"]


def nat_gateways(resources):
    """NAT gateways beyond the one that a lab's budget bears."""
    return list(of_type(resources, "AWS::EC2::NatGateway"))[1:]


def at_most(number, properties, *names):
    return all(int(properties.get(name, 0)) <= number for name in names)


CHECKS = {
    "types": refused_types,
    "roles": roles,
    "class": databases(lambda properties: properties["DBInstanceClass"] in BURSTABLE),
    "size": databases(lambda properties: at_most(100, properties, "AllocatedStorage", "MaxAllocatedStorage")),
    "storage": databases(lambda properties: properties.get("StorageType") == "gp2"),
    "iops": databases(lambda properties: not {"Iops", "StorageThroughput"} & set(properties)),
    "monitoring": databases(lambda properties: at_most(0, properties, "MonitoringInterval")),
    "insights": databases(lambda properties: properties.get("EnablePerformanceInsights", False) is False),
    "multi-az": databases(lambda properties: properties.get("MultiAZ", False) is False),
    "protection": databases(lambda properties: properties.get("DeletionProtection", False) is False),
    "flow logs": flow_logs,
    "nat": nat_gateways,
    "autoscaling": lambda resources: list(of_type(resources, "AWS::ApplicationAutoScaling::ScalableTarget")),
}

# (check, parameters that break it)
BROKEN_BY_PARAMETERS = [
    ("types", {"TaskRoleName": ""}),
    ("types", {"ExecutionRoleName": ""}),
    ("roles", {"ExecutionRoleName": "AnotherRole"}),
    ("roles", {"TaskRoleName": ""}),
    ("class", {"DBInstanceClass": "db.m7g.large"}),
    ("class", {"DBInstanceClass": "db.t3.large"}),
    ("size", {"AllocatedStorage": "101"}),
    ("size", {"MaxAllocatedStorage": "200"}),
    ("storage", {"StorageType": "gp3"}),
    ("monitoring", {"MonitoringInterval": "60"}),
    ("types", {"MonitoringInterval": "60"}),
    ("insights", {"PerformanceInsights": "true"}),
    ("multi-az", {"MultiAZ": "true"}),
    ("protection", {"DeletionProtection": "true"}),
    ("flow logs", {"FlowLogs": "cloud-watch-logs"}),
    ("nat", {"EgressMode": "nat-gateway-per-zone"}),
    ("autoscaling", {"AutoScaling": "true"}),
]

# (check, a resource that breaks it and that no parameter makes)
BROKEN_BY_RESOURCES = [
    ("types", {"Type": "AWS::Lambda::Function"}),
    ("types", {"Type": "Custom::Waiter"}),
    ("types", {"Type": "AWS::CloudFormation::CustomResource"}),
    ("types", {"Type": "AWS::CloudFront::Distribution"}),
    ("roles", {"Type": "AWS::ECS::Service", "Properties": {"Volumes": [{"RoleArn": "arn:aws:iam::1:role/Admin"}]}}),
    ("iops", {"Type": "AWS::RDS::DBInstance", "Properties": {"Iops": 3000}}),
    ("insights", {"Type": "AWS::RDS::DBInstance", "Properties": {"EnablePerformanceInsights": True}}),
]


@pytest.mark.parametrize("region", LAB_REGIONS)
@pytest.mark.parametrize("check", CHECKS)
def test_a_learner_lab_takes_it(check, region):
    assert CHECKS[check](lab(region)) == []


@pytest.mark.parametrize(("check", "changes"), BROKEN_BY_PARAMETERS, ids=str)
def test_the_check_finds_a_parameter_that_a_lab_refuses(check, changes):
    assert CHECKS[check](lab(**changes)) != []


@pytest.mark.parametrize(("check", "resource"), BROKEN_BY_RESOURCES, ids=str)
def test_the_check_finds_a_resource_that_a_lab_refuses(check, resource):
    assert CHECKS[check](lab() | {"Added": resource}) == ["Added"]


def test_every_check_is_shown_to_fail():
    assert {check for check, _ in [*BROKEN_BY_PARAMETERS, *BROKEN_BY_RESOURCES]} == set(CHECKS)


def test_there_is_something_to_judge():
    assert len(of_type(lab(), "AWS::RDS::DBInstance")) == 1
    assert roles_of(lab()["ComputeTaskDefinition"]) == [{"Fn::Sub": f"arn:aws:iam::${{AWS::AccountId}}{ROLE}"}] * 2
