"""ECS, load balancing and scaling: what serves the application."""

from deploy.aws.clients import Clients

DIMENSION = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}


class Compute(Clients):
    """The service, its tasks and targets."""

    def service(self, cluster: str, service: str) -> dict | None:
        """The service with its deployments and last events; None if there is none."""
        found = self._client("ecs").describe_services(cluster=cluster, services=[service])["services"]
        return next((one for one in found if one["status"] != "INACTIVE"), None)

    def task_definition(self, arn: str) -> dict:
        """A revision of a task definition."""
        return self._client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]

    def running_tasks(self, cluster: str, service: str) -> list[dict]:
        """The tasks of a service that run."""
        client = self._client("ecs")
        arns = client.list_tasks(cluster=cluster, serviceName=service, desiredStatus="RUNNING")["taskArns"]
        return client.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []

    def set_count(self, cluster: str, service: str, count: int) -> None:
        """Order how many tasks the service has."""
        self._client("ecs").update_service(cluster=cluster, service=service, desiredCount=count)

    def open_shell(self, cluster: str, task: str, container: str, command: str) -> dict:
        """Order a session in a container, for session-manager-plugin; it holds a token."""
        return self._client("ecs").execute_command(
            cluster=cluster, task=task, container=container, command=command, interactive=True
        )["session"]

    def set_scaling(self, cluster: str, service: str, lowest: int, highest: int, suspended: bool) -> None:
        """Set the limits of a service's scaling, and whether it is suspended."""
        kinds = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
        self._client("application-autoscaling").register_scalable_target(
            **DIMENSION,
            ResourceId=f"service/{cluster}/{service}",
            MinCapacity=lowest,
            MaxCapacity=highest,
            SuspendedState=dict.fromkeys(kinds, suspended),
        )

    def target_health(self, target_group: str) -> list[dict]:
        """The health of each target of a group."""
        return self._client("elbv2").describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]

    def protect_load_balancer(self, load_balancer: str, protected: bool) -> None:
        """Set a load balancer's protection against deletion."""
        self._client("elbv2").modify_load_balancer_attributes(
            LoadBalancerArn=load_balancer,
            Attributes=[{"Key": "deletion_protection.enabled", "Value": str(protected).lower()}],
        )

    def load_balancer_protected(self, load_balancer: str) -> bool:
        """Whether a load balancer is protected against deletion."""
        client = self._client("elbv2")
        attributes = client.describe_load_balancer_attributes(LoadBalancerArn=load_balancer)["Attributes"]
        return {"Key": "deletion_protection.enabled", "Value": "true"} in attributes
