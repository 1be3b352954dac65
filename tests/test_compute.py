"""The load balancer, the task and the service."""

import pytest

from tests.nest import of_type, properties, references, stack

TASK = properties("compute", "TaskDefinition")
CONTAINERS = {container["Name"]: container for container in TASK["ContainerDefinitions"]}
SERVICE = stack("compute")["Resources"]["Service"]


def test_fargate_task_of_three_containers():
    assert list(CONTAINERS) == ["migrate", "app", "web"]
    assert TASK["RequiresCompatibilities"] == ["FARGATE"]
    assert TASK["NetworkMode"] == "awsvpc"


def test_migrations_first_then_app_then_web():
    assert "DependsOn" not in CONTAINERS["migrate"]
    assert CONTAINERS["app"]["DependsOn"] == [{"ContainerName": "migrate", "Condition": "SUCCESS"}]
    assert CONTAINERS["web"]["DependsOn"] == [{"ContainerName": "app", "Condition": "HEALTHY"}]
    assert {name: container["Essential"] for name, container in CONTAINERS.items()} == {
        "migrate": False,  # it ends; an essential container that ends stops the task
        "app": True,
        "web": True,
    }
    assert CONTAINERS["app"]["HealthCheck"]["Command"][0] == "CMD"


@pytest.mark.parametrize("name", CONTAINERS)
def test_no_container_can_write_its_root_or_has_a_capability(name):
    container = CONTAINERS[name]
    assert container["ReadonlyRootFilesystem"] is True
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    (mount,) = container["MountPoints"]
    assert mount["ContainerPath"] == "/tmp"
    assert {"Name": mount["SourceVolume"]} in TASK["Volumes"]


@pytest.mark.parametrize("name", CONTAINERS)
def test_logs_go_to_a_group_with_retention(name):
    options = CONTAINERS[name]["LogConfiguration"]["Options"]
    group = properties("compute", options["awslogs-group"]["Ref"])
    assert group["RetentionInDays"] == {"Ref": "LogRetentionInDays"}
    assert "LogGroupName" not in group, "a name blocks the next stack when a group is left over"


def test_passwords_and_keys_reach_the_task_as_secrets_only():
    for name, container in CONTAINERS.items():
        plain = {variable["Name"] for variable in container.get("Environment", [])}
        assert not plain & {"DATABASE_PASSWORD", "SECRET_KEY"}, name
    for name in ("migrate", "app"):
        secrets = {secret["Name"] for secret in CONTAINERS[name]["Secrets"]}
        assert secrets == {"DATABASE_USERNAME", "DATABASE_PASSWORD", "SECRET_KEY"}
    assert "Secrets" not in CONTAINERS["web"]


def test_public_load_balancer_in_two_zones():
    balancer = properties("compute", "LoadBalancer")
    assert balancer["Scheme"] == "internet-facing"
    assert balancer["Subnets"] == {"Ref": "PublicSubnetIds"}
    assert balancer["SecurityGroups"] == [{"Ref": "PublicSecurityGroupId"}]


def test_target_group_speaks_to_the_web_container():
    group = properties("compute", "TargetGroup")
    assert (group["TargetType"], group["Protocol"], group["Port"]) == ("ip", "HTTP", 80)
    assert group["HealthCheckTimeoutSeconds"] < group["HealthCheckIntervalSeconds"]
    (wired,) = SERVICE["Properties"]["LoadBalancers"]
    assert wired == {"ContainerName": "web", "ContainerPort": 80, "TargetGroupArn": {"Ref": "TargetGroup"}}
    assert CONTAINERS["web"]["PortMappings"] == [{"ContainerPort": 80, "Protocol": "tcp"}]


@pytest.mark.parametrize(("certificate", "listener"), [(False, "HttpListener"), (True, "HttpsListener")])
def test_service_waits_for_the_listener_that_forwards_to_it(certificate, listener):
    """ECS refuses a target group that no listener forwards to; CloudFormation must see the dependency."""
    resources = stack("compute")["Resources"]
    actions = resolved(resources[listener]["Properties"]["DefaultActions"], certificate)
    assert [(action["Type"], action.get("TargetGroupArn")) for action in actions] == [
        ("forward", {"Ref": "TargetGroup"})
    ]
    waits_for = references(resolved(SERVICE["Properties"], certificate)) | set(SERVICE.get("DependsOn", []))
    assert listener in waits_for


def test_with_a_certificate_http_redirects_and_tls_is_of_2025():
    (action,) = resolved(properties("compute", "HttpListener")["DefaultActions"], certificate=True)
    assert (action["Type"], action["RedirectConfig"]["Protocol"]) == ("redirect", "HTTPS")
    https = stack("compute")["Resources"]["HttpsListener"]
    assert https["Condition"] == "HasCertificate"
    assert https["Properties"]["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"


def resolved(value, certificate: bool):
    """The value with HasCertificate decided."""
    if isinstance(value, list):
        return [resolved(item, certificate) for item in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["Fn::If"] and value["Fn::If"][0] == "HasCertificate":
        return resolved(value["Fn::If"][1 if certificate else 2], certificate)
    return {key: resolved(item, certificate) for key, item in value.items()}


def test_service_of_one_task_in_the_private_subnets():
    service = SERVICE["Properties"]
    assert stack("compute")["Parameters"]["DesiredCount"]["Default"] == 1
    assert service["DesiredCount"] == {"Ref": "DesiredCount"}
    assert service["LaunchType"] == "FARGATE"
    assert service["AvailabilityZoneRebalancing"] == "ENABLED"
    assert service["NetworkConfiguration"]["AwsvpcConfiguration"] == {
        "AssignPublicIp": "DISABLED",
        "Subnets": {"Ref": "PrivateSubnetIds"},
        "SecurityGroups": [{"Ref": "PrivateSecurityGroupId"}],
    }


def test_a_failing_deployment_rolls_back_after_three_tasks():
    configuration = SERVICE["Properties"]["DeploymentConfiguration"]
    assert configuration["MinimumHealthyPercent"] == 100
    assert configuration["DeploymentCircuitBreaker"] == {
        "Enable": True,
        "Rollback": True,
        "ResetOnHealthyTask": False,
        "ThresholdConfiguration": {"Type": "COUNT", "Value": 3},
    }


def test_every_iam_resource_is_made_only_without_an_existing_role():
    conditions = stack("compute")["Conditions"]
    created = {title: body for title, body in stack("compute")["Resources"].items() if "::IAM::" in body["Type"]}
    assert set(created) == {"ExecutionRole", "ExecutionManagedPolicy", "TaskRole"}
    for title, body in created.items():
        parameter = "TaskRoleName" if title == "TaskRole" else "ExecutionRoleName"
        assert conditions[body["Condition"]] == {"Fn::Equals": [{"Ref": parameter}, ""]}


def test_no_iam_resource_anywhere_else():
    for name in ("bootstrap", "network", "data", "root"):
        assert not [kind for kind in (body["Type"] for body in stack(name)["Resources"].values()) if "::IAM::" in kind]


def test_execution_role_may_do_no_more_than_start_tasks():
    statements = properties("compute", "ExecutionManagedPolicy")["PolicyDocument"]["Statement"]
    actions = {action: statement["Resource"] for statement in statements for action in statement["Action"]}
    assert not [action for action in actions if "*" in action]
    assert [action for action, resource in actions.items() if resource == ["*"]] == ["ecr:GetAuthorizationToken"]
    assert len(of_type("compute", "AWS::IAM::ManagedPolicy")) == 1
