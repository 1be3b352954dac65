"""The rollout as records: what DescribeServices, DescribeTasks and DescribeTargetHealth say, field by field."""

from collections.abc import Iterable
from datetime import datetime

from deploy.events import Event

CLUSTER, SERVICE = "AWS::ECS::Cluster", "AWS::ECS::Service"

# Tasks that ECS stops because something is wrong with them; it also stops tasks because there are too many.
FAILURES = {"TaskFailedToStart", "EssentialContainerExited"}
_CHECKS = "health check"

# Signals with which a sibling is ended when an essential container has ended: SIGKILL, SIGTERM.
ENDED_BY_OTHERS = {137, 143}


def place(outputs: dict[str, str], events: Iterable[Event]) -> tuple[str, str] | None:
    """Cluster and service of the stack: from its events, which know new ones, else from its outputs. None: not yet."""
    made = {event.type: event.physical_id for event in events if event.physical_id and not event.own}
    cluster = made.get(CLUSTER) or outputs.get("ClusterName")
    service = made.get(SERVICE) or outputs.get("ServiceName")
    return (cluster, service or "") if cluster else None


def service_record(service: dict) -> dict:
    """How far the newest deployment of a service is."""
    newest = next((each for each in service.get("deployments", []) if each["status"] == "PRIMARY"), {})
    return {
        "deployment": newest.get("id", ""),
        "definition": newest.get("taskDefinition", "").rpartition("/")[2],
        "desired": newest.get("desiredCount", service.get("desiredCount", 0)),
        "running": newest.get("runningCount", 0),
        "pending": newest.get("pendingCount", 0),
        "failed": newest.get("failedTasks", 0),
        "state": newest.get("rolloutState", ""),
        "reason": newest.get("rolloutStateReason", ""),
    }


def target_groups(service: dict) -> list[str]:
    """The target groups behind which a service's tasks stand."""
    return [each["targetGroupArn"] for each in service.get("loadBalancers", []) if "targetGroupArn" in each]


def is_failure(task: dict, began: datetime) -> bool:
    """Whether a stopped task was started for this deployment and did not stop by plan."""
    if task.get("createdAt", began) < began.replace(microsecond=0):  # some tell whole seconds only
        return False
    return task.get("stopCode") in FAILURES or _CHECKS in task.get("stoppedReason", "")


def task_id(task: dict) -> str:
    """The last part of a task's ARN."""
    return task["taskArn"].rpartition("/")[2]


def task_record(task: dict) -> dict:
    """Why a task has stopped."""
    return {
        "task": task_id(task),
        "code": task.get("stopCode", ""),
        "reason": task.get("stoppedReason", ""),
        "definition": task.get("taskDefinitionArn", "").rpartition("/")[2],
    }


def container_records(task: dict) -> list[dict]:
    """How each container of a stopped task has ended; an exit code of None means that it never ran."""
    return [
        {
            "task": task_id(task),
            "name": container.get("name", ""),
            "exit": container.get("exitCode"),
            "reason": container.get("reason", ""),
            "image": container.get("image", ""),
            "digest": container.get("imageDigest", ""),
        }
        for container in task.get("containers", [])
    ]


def failing(containers: list[dict]) -> list[str]:
    """The containers of a stopped task whose last words are worth reading.

    Those that ended badly by themselves; else those that were ended, or run on, as when a health check fails.
    """
    bad = [each["name"] for each in containers if each["exit"] not in {None, 0, *ENDED_BY_OTHERS} or each["reason"]]
    return bad or [each["name"] for each in containers if each["exit"] != 0 or len(containers) == 1]


def log_places(definition: dict) -> dict[str, tuple[str, str]]:
    """Log group and stream prefix of each container of a task definition that writes to CloudWatch."""
    places = {}
    for container in definition.get("containerDefinitions", []):
        options = container.get("logConfiguration", {}).get("options", {})
        if "awslogs-group" in options:
            places[container["name"]] = options["awslogs-group"], options.get("awslogs-stream-prefix", "")
    return places


def target_record(described: dict) -> dict:
    """The health of one target."""
    target, health = described["Target"], described.get("TargetHealth", {})
    return {
        "target": f"{target['Id']}:{target.get('Port', '')}",
        "state": health.get("State", ""),
        "reason": health.get("Reason", ""),
        "description": health.get("Description", ""),
    }
