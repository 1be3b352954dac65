"""Compute: the load balancer, and the service whose tasks run nginx and Gunicorn."""

from troposphere import Equals, GetAtt, If, Not, Ref, Sub, Tags, Template, ecs, logs, secretsmanager
from troposphere import elasticloadbalancingv2 as elb

from templates.containers import (
    HEALTH_PATH,
    LOG_GROUPS,
    VOLUMES,
    WEB_PORT,
    app_container,
    migrate_container,
    web_container,
)
from templates.parts import add_outputs, add_parameters, name_tag, new_template, note
from templates.roles import add_roles

DESCRIPTION = "Compute: public load balancer, ECS service on Fargate (nginx and Gunicorn in each task), logs, roles"

CHOICES = [
    "AppImage",
    "WebImage",
    "CpuArchitecture",
    "CertificateArn",
    "DesiredCount",
    "TaskCpu",
    "TaskMemory",
    "HealthCheckGracePeriodSeconds",
    "LogRetentionInDays",
    "ExecutionRoleName",
    "TaskRoleName",
]
WIRING = [
    "NamePrefix",
    "VpcId",
    "PublicSubnetIds",
    "PrivateSubnetIds",
    "PublicSecurityGroupId",
    "PrivateSecurityGroupId",
    "DatabaseHost",
    "DatabasePort",
    "DatabaseName",
    "DatabaseCredentialsArn",
]

# The default of a listener made by CloudFormation still speaks TLS 1.0.
SSL_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"


def build() -> Template:
    """The compute stack."""
    t = new_template(DESCRIPTION)
    add_parameters(t, [*CHOICES, *WIRING])
    t.add_condition("HasCertificate", Not(Equals(Ref("CertificateArn"), "")))
    add_load_balancer(t)
    add_listeners(t)
    add_log_groups(t)
    add_session_secret(t)
    add_roles(t)
    add_task_definition(t)
    add_service(t)
    add_outputs(
        t,
        {
            "Url": ("Address of the application", Sub("${Scheme}://${LoadBalancer.DNSName}", Scheme=_scheme())),
            "LoadBalancerDnsName": ("Host name of the load balancer", GetAtt("LoadBalancer", "DNSName")),
            "ClusterName": ("ECS cluster", Ref("Cluster")),
            "ServiceName": ("ECS service", GetAtt("Service", "Name")),
            "TaskDefinitionArn": ("Task definition with its revision", Ref("TaskDefinition")),
            "AppLogGroupName": ("Log group of the application", Ref("AppLogGroup")),
            "WebLogGroupName": ("Log group of nginx", Ref("WebLogGroup")),
            "MigrateLogGroupName": ("Log group of the schema migrations", Ref("MigrateLogGroup")),
        },
    )
    return t


def _scheme():
    return If("HasCertificate", "https", "http")


def add_load_balancer(t: Template) -> None:
    """Add the public load balancer and the target group of the tasks."""
    note(t, "LoadBalancer", "The only thing that the internet can reach. It sends requests to healthy tasks.")
    t.add_resource(
        elb.LoadBalancer(
            "LoadBalancer",
            Type="application",
            Scheme="internet-facing",
            Subnets=Ref("PublicSubnetIds"),
            SecurityGroups=[Ref("PublicSecurityGroupId")],
            LoadBalancerAttributes=[
                elb.LoadBalancerAttributes(Key="routing.http.drop_invalid_header_fields.enabled", Value="true")
            ],
            Tags=name_tag("load-balancer"),
        )
    )
    t.add_resource(
        elb.TargetGroup(
            "TargetGroup",
            VpcId=Ref("VpcId"),
            TargetType="ip",
            Protocol="HTTP",
            Port=WEB_PORT,
            HealthCheckPath=HEALTH_PATH,
            HealthCheckIntervalSeconds=15,
            HealthCheckTimeoutSeconds=5,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=3,
            Matcher=elb.Matcher(HttpCode="200"),
            TargetGroupAttributes=[elb.TargetGroupAttribute(Key="deregistration_delay.timeout_seconds", Value="30")],
            Tags=name_tag("tasks"),
        )
    )


def add_listeners(t: Template) -> None:
    """Add the HTTP listener, and with a certificate the HTTPS one, to which HTTP then redirects."""
    forward = elb.Action(Type="forward", TargetGroupArn=Ref("TargetGroup"))
    redirect = elb.Action(
        Type="redirect", RedirectConfig=elb.RedirectConfig(Protocol="HTTPS", Port="443", StatusCode="HTTP_301")
    )
    t.add_resource(
        elb.Listener(
            "HttpListener",
            LoadBalancerArn=Ref("LoadBalancer"),
            Port=80,
            Protocol="HTTP",
            DefaultActions=[If("HasCertificate", redirect, forward)],
        )
    )
    t.add_resource(
        elb.Listener(
            "HttpsListener",
            Condition="HasCertificate",
            LoadBalancerArn=Ref("LoadBalancer"),
            Port=443,
            Protocol="HTTPS",
            SslPolicy=SSL_POLICY,
            Certificates=[elb.Certificate(CertificateArn=Ref("CertificateArn"))],
            DefaultActions=[forward],
        )
    )


def add_log_groups(t: Template) -> None:
    """Add a log group a container, unnamed, so that a leftover never blocks a new stack."""
    note(t, "MigrateLogGroup", "Logs of each container, in one place and for a limited time.")
    for title in LOG_GROUPS.values():
        t.add_resource(
            logs.LogGroup(
                title,
                DeletionPolicy="Delete",
                UpdateReplacePolicy="Delete",
                RetentionInDays=Ref("LogRetentionInDays"),
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
            Description=Sub("Key that signs the sessions of ${NamePrefix}"),
            GenerateSecretString=secretsmanager.GenerateSecretString(PasswordLength=64, ExcludePunctuation=True),
            Tags=name_tag("session"),
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
            ExecutionRoleArn=_role_arn("ExecutionRole", "ExecutionRoleName", "NeedsExecutionRole"),
            TaskRoleArn=_role_arn("TaskRole", "TaskRoleName", "NeedsTaskRole"),
            Volumes=[ecs.Volume(Name=name) for name in VOLUMES.values()],
            ContainerDefinitions=[migrate_container(), app_container(), web_container()],
            Tags=name_tag("task"),
        )
    )


def _role_arn(role, parameter, needed):
    existing = Sub(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/${{{parameter}}}")
    return If(needed, GetAtt(role, "Arn"), existing)


def add_service(t: Template) -> None:
    """Add the cluster and the service.

    ECS refuses a target group that no listener forwards to yet, and CloudFormation sees no such dependency. DependsOn
    cannot name a listener that exists under a condition only; the tag names the one that forwards, and so waits for it.
    Without a circuit breaker, tasks that never become healthy would hold the stack for three hours.
    """
    forwarding = If("HasCertificate", Ref("HttpsListener"), Ref("HttpListener"))
    t.add_resource(ecs.Cluster("Cluster", Tags=name_tag("cluster")))
    note(
        t, "Service", "A deployment keeps the tasks that serve until new ones are healthy; three failures roll it back."
    )
    t.add_resource(
        ecs.Service(
            "Service",
            Cluster=Ref("Cluster"),
            TaskDefinition=Ref("TaskDefinition"),
            LaunchType="FARGATE",
            PlatformVersion="LATEST",
            DesiredCount=Ref("DesiredCount"),
            AvailabilityZoneRebalancing="ENABLED",
            HealthCheckGracePeriodSeconds=Ref("HealthCheckGracePeriodSeconds"),
            NetworkConfiguration=ecs.NetworkConfiguration(
                AwsvpcConfiguration=ecs.AwsvpcConfiguration(
                    AssignPublicIp="DISABLED",
                    Subnets=Ref("PrivateSubnetIds"),
                    SecurityGroups=[Ref("PrivateSecurityGroupId")],
                )
            ),
            LoadBalancers=[
                ecs.LoadBalancer(ContainerName="web", ContainerPort=WEB_PORT, TargetGroupArn=Ref("TargetGroup"))
            ],
            DeploymentConfiguration=ecs.DeploymentConfiguration(
                MinimumHealthyPercent=100,
                MaximumPercent=200,
                DeploymentCircuitBreaker=ecs.DeploymentCircuitBreaker(
                    Enable=True,
                    Rollback=True,
                    ResetOnHealthyTask=False,
                    ThresholdConfiguration=ecs.ThresholdConfiguration(Type="COUNT", Value=3),
                ),
            ),
            EnableECSManagedTags=True,
            PropagateTags="SERVICE",
            Tags=name_tag("service") + Tags(Listener=forwarding),
        )
    )
