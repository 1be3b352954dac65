"""The task and the service."""

import pytest

from tests.nest import ENVIRONMENTS, flat, of_type


def task(env: str | None = None, **parameters: str) -> dict:
    return of_type(flat(env, **parameters), "AWS::ECS::TaskDefinition")["ComputeTaskDefinition"]


def containers(env: str | None = None, **parameters: str) -> dict[str, dict]:
    return {item["Name"]: item for item in task(env, **parameters)["ContainerDefinitions"]}


def service(env: str | None = None, **parameters: str) -> dict:
    return of_type(flat(env, **parameters), "AWS::ECS::Service")["ComputeService"]


NAMES = ["migrate", "app", "web"]


def test_fargate_task_of_three_containers():
    assert list(containers()) == NAMES
    assert task()["RequiresCompatibilities"] == ["FARGATE"]
    assert task()["NetworkMode"] == "awsvpc"


@pytest.mark.parametrize("architecture", ["X86_64", "ARM64"])
def test_architecture_is_one_parameter(architecture):
    assert task(CpuArchitecture=architecture)["RuntimePlatform"]["CpuArchitecture"] == architecture


def test_migrations_first_then_app_then_web():
    given = containers()
    assert "DependsOn" not in given["migrate"]
    assert given["app"]["DependsOn"] == [{"ContainerName": "migrate", "Condition": "SUCCESS"}]
    assert given["web"]["DependsOn"] == [{"ContainerName": "app", "Condition": "HEALTHY"}]
    assert {name: container["Essential"] for name, container in given.items()} == {
        "migrate": False,  # it ends; an essential container that ends stops the task
        "app": True,
        "web": True,
    }


@pytest.mark.parametrize("name", ["app", "web"])
def test_every_container_that_stays_has_a_health_check(name):
    check = containers()[name]["HealthCheck"]
    assert check["Command"][0] in {"CMD", "CMD-SHELL"}
    assert check["Timeout"] < check["Interval"]


@pytest.mark.parametrize("env", ENVIRONMENTS)
@pytest.mark.parametrize("name", NAMES)
def test_no_container_can_write_its_root_or_has_a_capability(env, name):
    container = containers(env)[name]
    assert container["ReadonlyRootFilesystem"] is True
    assert container["LinuxParameters"] == {"InitProcessEnabled": True, "Capabilities": {"Drop": ["ALL"]}}
    (mount,) = container["MountPoints"]
    assert mount["ContainerPath"] == "/tmp"
    assert {"Name": mount["SourceVolume"]} in task(env)["Volumes"]


@pytest.mark.parametrize("name", NAMES)
def test_logs_go_to_a_group_with_retention(name):
    options = containers()[name]["LogConfiguration"]["Options"]
    group = of_type(flat(LogRetentionInDays="7"), "AWS::Logs::LogGroup")[options["awslogs-group"]["Ref"]]
    assert group["RetentionInDays"] == 7
    assert "LogGroupName" not in group, "a name blocks the next stack when a group is left over"


def secrets(name: str) -> dict[str, str]:
    """Which secret each variable comes from."""
    return {item["Name"]: str(item["ValueFrom"]) for item in containers()[name].get("Secrets", [])}


def test_only_migrations_hold_the_masters_password():
    assert set(secrets("migrate")) == {
        "DATABASE_USERNAME",
        "DATABASE_PASSWORD",
        "APP_DATABASE_USERNAME",
        "APP_DATABASE_PASSWORD",
        "SECRET_KEY",
    }
    assert "DataDatabaseSecret" in secrets("migrate")["DATABASE_PASSWORD"]
    assert "DataAppUserSecret" in secrets("migrate")["APP_DATABASE_PASSWORD"]
    assert set(secrets("app")) == {"DATABASE_USERNAME", "DATABASE_PASSWORD", "SECRET_KEY"}
    assert "DataAppUserSecret" in secrets("app")["DATABASE_PASSWORD"]
    assert not [value for value in secrets("app").values() if "DataDatabaseSecret" in value]
    assert secrets("web") == {}
    for container in containers().values():
        plain = {variable["Name"] for variable in container.get("Environment", [])}
        assert not [name for name in plain if "PASSWORD" in name or "SECRET" in name]


def test_the_load_balancer_reaches_the_web_container():
    (wired,) = service()["LoadBalancers"]
    assert wired == {"ContainerName": "web", "ContainerPort": 80, "TargetGroupArn": {"Ref": "EdgeTargetGroup"}}
    assert containers()["web"]["PortMappings"] == [{"ContainerPort": 80, "Protocol": "tcp"}]
    assert not [name for name in ("migrate", "app") if "PortMappings" in containers()[name]]


def test_service_waits_for_the_listeners():
    """ECS refuses a target group that no listener forwards to; here the whole edge stack is there before."""
    from tests.nest import stack

    parameters = stack("root")["Resources"]["Compute"]["Properties"]["Parameters"]
    assert parameters["TargetGroupArn"] == {"Fn::GetAtt": ["Edge", "Outputs.TargetGroupArn"]}
    assert {"HttpListener", "HttpsListener"} <= set(stack("edge")["Resources"])


def test_one_task_in_the_private_subnets_by_default():
    given = service()
    assert given["DesiredCount"] == 1
    assert given["AvailabilityZoneRebalancing"] == "ENABLED"
    assert given["NetworkConfiguration"]["AwsvpcConfiguration"] == {
        "AssignPublicIp": "DISABLED",
        "Subnets": [{"Ref": "NetworkPrivateSubnet1"}, {"Ref": "NetworkPrivateSubnet2"}],
        "SecurityGroups": [{"Ref": "NetworkPrivateSecurityGroup"}],
    }


def test_public_addresses_only_in_public_subnets():
    network = service(EgressMode="public-addresses")["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "ENABLED"
    assert network["Subnets"] == [{"Ref": "NetworkPublicSubnet1"}, {"Ref": "NetworkPublicSubnet2"}]
    assert network["SecurityGroups"] == [{"Ref": "NetworkPrivateSecurityGroup"}]


def test_spot_is_a_share_beyond_the_base():
    ordinary, spot = service(OnDemandBase="2", OnDemandWeight="1", SpotWeight="3")["CapacityProviderStrategy"]
    assert ordinary == {"CapacityProvider": "FARGATE", "Base": 2, "Weight": 1}
    assert spot == {"CapacityProvider": "FARGATE_SPOT", "Weight": 3}
    assert "LaunchType" not in service()
    (cluster,) = of_type(flat(), "AWS::ECS::Cluster").values()
    assert set(cluster["CapacityProviders"]) == {"FARGATE", "FARGATE_SPOT"}


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_a_deployment_never_goes_below_the_desired_count_and_rolls_back_after_three_failures(env):
    configuration = service(env)["DeploymentConfiguration"]
    assert configuration["MinimumHealthyPercent"] == 100
    assert configuration["MaximumPercent"] == 200
    assert configuration["DeploymentCircuitBreaker"] == {
        "Enable": True,
        "Rollback": True,
        "ResetOnHealthyTask": False,
        "ThresholdConfiguration": {"Type": "COUNT", "Value": 3},
    }


def test_alarms_roll_back_what_is_healthy_but_wrong():
    alarms = service(AlarmRollback="true")["DeploymentConfiguration"]["Alarms"]
    assert alarms["Enable"] is alarms["Rollback"] is True
    existing = of_type(flat(AlarmRollback="true"), "AWS::CloudWatch::Alarm")
    assert {item["Ref"] for item in alarms["AlarmNames"]} <= set(existing)
    assert "Alarms" not in service(AlarmRollback="false")["DeploymentConfiguration"]


def test_with_scaling_the_template_says_no_count():
    resources = flat(AutoScaling="true", MinCapacity="2", MaxCapacity="9")
    assert "DesiredCount" not in of_type(resources, "AWS::ECS::Service")["ComputeService"]
    (target,) = of_type(resources, "AWS::ApplicationAutoScaling::ScalableTarget").values()
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 9)
    policies = of_type(resources, "AWS::ApplicationAutoScaling::ScalingPolicy").values()
    metrics = {
        item["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]["PredefinedMetricType"]
        for item in policies
    }
    assert metrics == {"ECSServiceAverageCPUUtilization", "ALBRequestCountPerTarget"}
    assert of_type(flat(AutoScaling="false"), "AWS::ApplicationAutoScaling::ScalableTarget") == {}


def test_a_nonce_restarts_the_tasks():
    assert "ForceNewDeployment" not in service()
    assert service(DeploymentNonce="7")["ForceNewDeployment"] == {
        "EnableForceNewDeployment": True,
        "ForceNewDeploymentNonce": "7",
    }


def test_a_shell_needs_a_root_that_can_be_written_and_a_right():
    resources = flat(EnableExecuteCommand="true")
    assert service(EnableExecuteCommand="true")["EnableExecuteCommand"] is True
    assert not [item for item in containers(EnableExecuteCommand="true").values() if item["ReadonlyRootFilesystem"]]
    assert "ComputeExecManagedPolicy" in resources
    assert "ComputeExecManagedPolicy" not in flat()


@pytest.mark.parametrize(
    ("execution", "own", "made"),
    [
        ("", "", {"ComputeExecutionRole", "ComputeExecutionManagedPolicy", "ComputeTaskRole"}),
        ("mine", "", {"ComputeTaskRole"}),
        ("", "mine", {"ComputeExecutionRole", "ComputeExecutionManagedPolicy"}),
        ("LabRole", "LabRole", set()),
    ],
)
def test_a_role_is_made_only_without_an_existing_one(execution, own, made):
    lab = {"StorageType": "gp2", "DBInstanceClass": "db.t3.micro"}
    resources = flat(**lab, ExecutionRoleName=execution, TaskRoleName=own)
    assert {title for title, body in resources.items() if "::IAM::" in body["Type"]} == made
    definition = of_type(resources, "AWS::ECS::TaskDefinition")["ComputeTaskDefinition"]
    for role, name in (("ExecutionRoleArn", execution), ("TaskRoleArn", own)):
        assert f":role/{name}" in str(definition[role]) if name else "Role" in definition[role]["Fn::GetAtt"][0]


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_policies_name_what_they_allow(env):
    for policy in of_type(flat(env), "AWS::IAM::ManagedPolicy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            assert not [action for action in statement["Action"] if "*" in action]
            if statement["Resource"] == ["*"]:
                # Actions that know no resource (service authorization reference).
                assert statement["Action"] == ["ecr:GetAuthorizationToken"]


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_whoever_uses_a_role_waits_for_its_rights(env):
    """A role names its policies and has them when it is made, or its task definition waits for them, by its tags."""
    resources = flat(env)
    policies = of_type(resources, "AWS::IAM::ManagedPolicy")
    named = set()
    for role in of_type(resources, "AWS::IAM::Role").values():
        named |= {item["Ref"] for item in role.get("ManagedPolicyArns", []) if "Ref" in item}
    task = of_type(resources, "AWS::ECS::TaskDefinition")["ComputeTaskDefinition"]
    waited = {tag["Value"]["Ref"] for tag in task["Tags"] if "Ref" in tag["Value"]}
    assert named | waited == set(policies)
    of_task = [task[name] for name in ("ExecutionRoleArn", "TaskRoleArn")]
    for title in waited:
        assert all({"Fn::GetAtt": [role["Ref"], "Arn"]} in of_task for role in policies[title]["Roles"]), title


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_every_role_is_trusted_to_a_service_for_this_account_only(env):
    for role in of_type(flat(env), "AWS::IAM::Role").values():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert list(statement["Principal"]) == ["Service"]
        assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]
        assert "aws:SourceArn" in statement["Condition"]["ArnLike"]
