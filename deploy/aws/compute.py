"""ECS, load balancing and scaling: orders to what serves the application."""

from deploy.aws.clients import Clients

DIMENSION = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}


class Compute(Clients):
    """How many tasks there are, a shell in one, and the load balancer's protection."""

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
