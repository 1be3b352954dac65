"""ECS and its load balancer: the service, its tasks, the targets behind which they stand."""

from botocore.exceptions import ClientError

from deploy.aws.clients import Clients

# What DescribeTasks takes at most in one call (ECS API reference).
TASKS_A_CALL = 100


def _code(error: ClientError) -> str:
    return error.response["Error"].get("Code", "")


class Service(Clients):
    """The service that runs the application."""

    def service(self, cluster: str, name: str) -> dict | None:
        """The service as DescribeServices gives it; None if it is not there, not yet or no more."""
        try:
            found = self._client("ecs").describe_services(cluster=cluster, services=[name])["services"]
        except ClientError as error:
            if _code(error) in {"ClusterNotFoundException", "ServiceNotFoundException"}:
                return None
            raise
        return next((each for each in found if each["status"] != "INACTIVE"), None)

    def tasks(self, cluster: str, status: str) -> list[dict]:
        """The cluster's tasks that are RUNNING or STOPPED; AWS forgets stopped ones after about an hour."""
        try:
            pages = self._client("ecs").get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus=status)
            arns = [arn for page in pages for arn in page["taskArns"]]
        except ClientError as error:
            if _code(error) == "ClusterNotFoundException":
                return []
            raise
        found = []
        for start in range(0, len(arns), TASKS_A_CALL):
            part = arns[start : start + TASKS_A_CALL]
            found += self._client("ecs").describe_tasks(cluster=cluster, tasks=part)["tasks"]
        return found

    def task_definition(self, arn: str) -> dict:
        """A task definition with its containers."""
        return self._client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]

    def target_health(self, target_group: str) -> list[dict]:
        """The health of every target of a group; none if the group is gone."""
        try:
            answer = self._client("elbv2").describe_target_health(TargetGroupArn=target_group)
        except ClientError as error:
            if _code(error) == "TargetGroupNotFound":
                return []
            raise
        return answer["TargetHealthDescriptions"]

    def health_check_path(self, target_group: str) -> str:
        """The path that the load balancer asks of each target."""
        groups = self._client("elbv2").describe_target_groups(TargetGroupArns=[target_group])["TargetGroups"]
        return groups[0].get("HealthCheckPath", "/")
