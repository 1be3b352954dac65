"""The service: how many tasks run, how a new version takes over, what takes it back."""

from troposphere import If, NoValue, Ref, Sub, Template, cloudwatch, ecs
from troposphere import applicationautoscaling as scaling

from templates.containers import WEB_PORT
from templates.parts import name_tag, note, only_if

# Deployment alarm: (metric of the load balancer, statistic, threshold in a minute, description).
ROLLBACK_ALARMS = {
    "ErrorRollbackAlarm": (
        "HTTPCode_Target_5XX_Count",
        {"Statistic": "Sum"},
        10,
        "Tasks answer with errors: a deployment under way is rolled back. Look at the application's log",
    ),
    "LatencyRollbackAlarm": (
        "TargetResponseTime",
        {"ExtendedStatistic": "p99"},
        5,
        "One answer in a hundred takes over 5 s: a deployment under way is rolled back. Look at the database's load",
    ),
}


def add_rollback_alarms(t: Template) -> None:
    """Add the alarms that roll a deployment back. ECS must find them when the service is made."""
    note(t, "ErrorRollbackAlarm", "What takes a new version back although its tasks are healthy.")
    for title, (metric, statistic, threshold, description) in ROLLBACK_ALARMS.items():
        t.add_resource(
            cloudwatch.Alarm(
                title,
                Condition="IsRolledBackByAlarm",
                AlarmDescription=description,
                Namespace="AWS/ApplicationELB",
                MetricName=metric,
                Dimensions=[
                    cloudwatch.MetricDimension(Name="LoadBalancer", Value=Ref("LoadBalancerFullName")),
                    cloudwatch.MetricDimension(Name="TargetGroup", Value=Ref("TargetGroupFullName")),
                ],
                **statistic,
                Period=60,
                EvaluationPeriods=3,
                DatapointsToAlarm=2,
                Threshold=threshold,
                ComparisonOperator="GreaterThanThreshold",
                TreatMissingData="notBreaching",  # without requests there is no metric
                Tags=name_tag("rollback"),
            )
        )


def add_service(t: Template) -> None:
    """Add the service. Its target group comes from the edge stack, whose listeners are there by then.

    Without a circuit breaker, tasks that never become healthy would hold the stack for three hours. With scaling the
    template must not say how many tasks run, or each deployment would reset it.
    """
    note(
        t, "Service", "A deployment keeps the tasks that serve until new ones are healthy; three failures roll it back."
    )
    t.add_resource(
        ecs.Service(
            "Service",
            Cluster=Ref("Cluster"),
            TaskDefinition=Ref("TaskDefinition"),
            CapacityProviderStrategy=[
                ecs.CapacityProviderStrategyItem(
                    CapacityProvider="FARGATE", Base=Ref("OnDemandBase"), Weight=Ref("OnDemandWeight")
                ),
                ecs.CapacityProviderStrategyItem(CapacityProvider="FARGATE_SPOT", Weight=Ref("SpotWeight")),
            ],
            PlatformVersion="LATEST",
            DesiredCount=If("IsScaled", NoValue, Ref("DesiredCount")),
            AvailabilityZoneRebalancing="ENABLED",
            EnableExecuteCommand=Ref("EnableExecuteCommand"),
            ForceNewDeployment=only_if(
                "HasNonce",
                ecs.ForceNewDeployment(EnableForceNewDeployment=True, ForceNewDeploymentNonce=Ref("DeploymentNonce")),
            ),
            HealthCheckGracePeriodSeconds=Ref("HealthCheckGracePeriodSeconds"),
            NetworkConfiguration=ecs.NetworkConfiguration(
                AwsvpcConfiguration=ecs.AwsvpcConfiguration(
                    AssignPublicIp=If("HasPublicAddress", "ENABLED", "DISABLED"),
                    Subnets=Ref("TaskSubnetIds"),
                    SecurityGroups=[Ref("PrivateSecurityGroupId")],
                )
            ),
            LoadBalancers=[
                ecs.LoadBalancer(ContainerName="web", ContainerPort=WEB_PORT, TargetGroupArn=Ref("TargetGroupArn"))
            ],
            DeploymentConfiguration=_deployment(),
            EnableECSManagedTags=True,
            PropagateTags="SERVICE",
            Tags=name_tag("service"),
        )
    )


def _deployment():
    return ecs.DeploymentConfiguration(
        MinimumHealthyPercent=100,
        MaximumPercent=200,
        DeploymentCircuitBreaker=ecs.DeploymentCircuitBreaker(
            Enable=True,
            Rollback=True,
            ResetOnHealthyTask=False,
            ThresholdConfiguration=ecs.ThresholdConfiguration(Type="COUNT", Value=3),
        ),
        Alarms=only_if(
            "IsRolledBackByAlarm",
            ecs.DeploymentAlarms(AlarmNames=[Ref(alarm) for alarm in ROLLBACK_ALARMS], Enable=True, Rollback=True),
        ),
    )


def add_scaling(t: Template) -> None:
    """Add the limits and the two targets between which the number of tasks moves."""
    note(t, "ScalableTarget", "How many tasks run, if that is left to CPU use and requests.")
    t.add_resource(
        scaling.ScalableTarget(
            "ScalableTarget",
            Condition="IsScaled",
            ServiceNamespace="ecs",
            ScalableDimension="ecs:service:DesiredCount",
            ResourceId=Sub("service/${Cluster}/${Service.Name}"),
            MinCapacity=Ref("MinCapacity"),
            MaxCapacity=Ref("MaxCapacity"),
            Tags=name_tag("scaling"),
        )
    )
    targets = {
        "CpuScalingPolicy": ("CpuTargetPercent", "ECSServiceAverageCPUUtilization", {}),
        "RequestScalingPolicy": (
            "RequestsPerTarget",
            "ALBRequestCountPerTarget",
            {"ResourceLabel": Sub("${LoadBalancerFullName}/${TargetGroupFullName}")},
        ),
    }
    for title, (target, metric, label) in targets.items():
        t.add_resource(
            scaling.ScalingPolicy(
                title,
                Condition="IsScaled",
                PolicyName=Sub("${NamePrefix}-" + metric),
                PolicyType="TargetTrackingScaling",
                ScalingTargetId=Ref("ScalableTarget"),
                TargetTrackingScalingPolicyConfiguration=scaling.TargetTrackingScalingPolicyConfiguration(
                    PredefinedMetricSpecification=scaling.PredefinedMetricSpecification(
                        PredefinedMetricType=metric, **label
                    ),
                    TargetValue=Ref(target),
                    ScaleOutCooldown=60,
                    ScaleInCooldown=300,
                ),
            )
        )
