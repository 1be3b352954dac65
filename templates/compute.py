"""Compute: the cluster, the task and the service that keeps tasks running."""

from troposphere import GetAtt, Not, Ref, Sub, Template, ecs, logs, secretsmanager

from templates.containers import LOG_GROUPS, VOLUMES, app_container, migrate_container, web_container
from templates.parameters import IMAGES, SCALING, SERVICE
from templates.parts import (
    OWN_KEY,
    accepted,
    add_conditions,
    add_outputs,
    add_parameters,
    chosen,
    given,
    name_tag,
    new_template,
    note,
    only_if,
)
from templates.roles import add_roles, rights_tags, role_arn
from templates.service import add_rollback_alarms, add_scaling, add_service

DESCRIPTION = (
    "Compute: ECS service on Fargate (migrate, then nginx and Gunicorn in each task), its logs, roles and scaling"
)

WIRING = [
    "NamePrefix",
    "TaskSubnetIds",
    "PrivateSecurityGroupId",
    "TargetGroupArn",
    "LoadBalancerFullName",
    "TargetGroupFullName",
    "DatabaseHost",
    "DatabasePort",
    "DatabaseName",
    "DatabaseReaderHosts",
    "MasterCredentialsArn",
    "AppCredentialsArn",
    "KeyArn",
]
CHOICES = [
    *IMAGES,
    *SERVICE,
    *SCALING,
    "DomainName",
    "EgressMode",
    "ExecutionRoleName",
    "TaskRoleName",
    "LogRetentionInDays",
    "ContainerInsights",
]


def build() -> Template:
    """The compute stack."""
    t = new_template(DESCRIPTION)
    add_parameters(t, [*CHOICES, *WIRING])
    add_conditions(
        t,
        {
            "HasKey": given("KeyArn"),
            "HasInsights": Not(chosen("ContainerInsights", "disabled")),
            "HasNonce": given("DeploymentNonce"),
            "HasPublicAddress": chosen("EgressMode", "public-addresses"),
            "IsExecutable": chosen("EnableExecuteCommand"),
            "IsScaled": chosen("AutoScaling"),
            "IsRolledBackByAlarm": chosen("AlarmRollback"),
        },
    )
    add_log_groups(t)
    add_session_secret(t)
    add_roles(t)
    add_cluster(t)
    add_task_definition(t)
    add_rollback_alarms(t)
    add_service(t)
    add_scaling(t)
    add_outputs(
        t,
        {
            "ClusterName": Ref("Cluster"),
            "ServiceName": GetAtt("Service", "Name"),
            "TaskDefinitionArn": Ref("TaskDefinition"),
            "AppLogGroupName": Ref("AppLogGroup"),
            "WebLogGroupName": Ref("WebLogGroup"),
            "MigrateLogGroupName": Ref("MigrateLogGroup"),
        },
    )
    return t


def add_log_groups(t: Template) -> None:
    """Add a log group a container, unnamed, so that a leftover never blocks a new stack."""
    note(t, "MigrateLogGroup", "Logs of each container, in one place and for a limited time.")
    for title in LOG_GROUPS.values():
        t.add_resource(
            logs.LogGroup(
                title,
                DeletionPolicy="Delete",
                UpdateReplacePolicy="Delete",
                Metadata=accepted({"CKV_AWS_158": ("HasKey", OWN_KEY)}),
                RetentionInDays=Ref("LogRetentionInDays"),
                KmsKeyId=only_if("HasKey", Ref("KeyArn")),
                Tags=name_tag("logs"),
            )
        )


def add_session_secret(t: Template) -> None:
    """Add the key that signs session cookies and form tokens."""
    t.add_resource(
        secretsmanager.Secret(
            "SessionSecret",
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            Metadata=accepted({"CKV_AWS_149": ("HasKey", OWN_KEY)}),
            Description=Sub("Key that signs the sessions of ${NamePrefix}"),
            KmsKeyId=only_if("HasKey", Ref("KeyArn")),
            GenerateSecretString=secretsmanager.GenerateSecretString(PasswordLength=64, ExcludePunctuation=True),
            Tags=name_tag("session"),
        )
    )


def add_cluster(t: Template) -> None:
    """Add the cluster, with ordinary Fargate and Spot to choose from."""
    t.add_resource(
        ecs.Cluster(
            "Cluster",
            Metadata=accepted(
                {
                    "CKV_AWS_65": (
                        "HasInsights",
                        "Each metric costs; a choice: ContainerInsights",
                    )
                }
            ),
            CapacityProviders=["FARGATE", "FARGATE_SPOT"],
            ClusterSettings=[ecs.ClusterSetting(Name="containerInsights", Value=Ref("ContainerInsights"))],
            Tags=name_tag("cluster"),
        )
    )


def add_task_definition(t: Template) -> None:
    """Add the task: migrate runs first and must succeed, then app, and web when app is healthy."""
    note(t, "TaskDefinition", "A task runs migrate, which must succeed, then app (Gunicorn), then web (nginx).")
    t.add_resource(
        ecs.TaskDefinition(
            "TaskDefinition",
            RequiresCompatibilities=["FARGATE"],
            NetworkMode="awsvpc",
            Cpu=Ref("TaskCpu"),
            Memory=Ref("TaskMemory"),
            RuntimePlatform=ecs.RuntimePlatform(CpuArchitecture=Ref("CpuArchitecture"), OperatingSystemFamily="LINUX"),
            ExecutionRoleArn=role_arn("ExecutionRole"),
            TaskRoleArn=role_arn("TaskRole"),
            Volumes=[ecs.Volume(Name=name) for name in VOLUMES.values()],
            ContainerDefinitions=[migrate_container(), app_container(), web_container()],
            Tags=name_tag("task") + rights_tags(),
        )
    )
