"""AWS::ECS::TaskDefinition with every field, AWS::ECS::Service with numbers that are numbers.

The emulator drops or misspells what it does not run: Secrets, HealthCheck, DependsOn, SystemControls, LinuxParameters,
RuntimePlatform; it keeps `DesiredCount: !Ref` as text, which fails, and knows no ForceNewDeployment. It has no engine,
so every task runs; here one whose image is not in the registry stops, as on AWS. A task gets an address, so that it
is a target of its load balancer; a stand-in answers there: the health check with 200, every other request with 503.
"""

import hashlib
import json
import re
import time

from ministack.services import alb, ecr, ecs
from ministack.services.cloudformation import provisioners

from rehearsal.emulator.patch import wrap
from rehearsal.emulator.values import typed

# Maps whose keys are the user's own, not names of properties.
USER_KEYS = {"dockerLabels", "driverOpts", "labels", "options"}
IMAGE = re.compile(
    r"(?P<registry>\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com)/(?P<repository>[^:@]+)"
    r"(:(?P<tag>[^@]+))?(@(?P<digest>.+))?"
)
# How often a task is tried, and how long that takes altogether.
TRIES, SECONDS_TO_FAIL = 3, 1.5
# Addresses of tasks that run nowhere; no network of this project has them.
NOWHERE = "10.255"

# Properties of the service that the emulator takes over on an update, or never.
SERVICE_FIELDS = {
    "AvailabilityZoneRebalancing": ("availabilityZoneRebalancing", "ENABLED"),
    "EnableECSManagedTags": ("enableECSManagedTags", False),
    "EnableExecuteCommand": ("enableExecuteCommand", False),
    "HealthCheckGracePeriodSeconds": ("healthCheckGracePeriodSeconds", 0),
    "PlatformVersion": ("platformVersion", "LATEST"),
    "PropagateTags": ("propagateTags", "NONE"),
}


def api_names(value: object) -> object:
    """The same value with names as the ECS API spells them: ReadonlyRootFilesystem -> readonlyRootFilesystem."""
    if isinstance(value, list):
        return [api_names(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    renamed = {key[:1].lower() + key[1:]: inner for key, inner in value.items()}
    return {key: inner if key in USER_KEYS else api_names(inner) for key, inner in renamed.items()}


def register_task_definition(_original):
    """Register through the API's own call, which keeps every field."""

    def create(logical_id, props, stack_name):
        request = api_names(typed(props))
        request.setdefault("family", f"{stack_name}-{logical_id}")
        # The API takes the task's size as text, a container's as a number.
        request |= {key: str(request[key]) for key in ("cpu", "memory") if key in request}
        for container in request.get("containerDefinitions", []):
            for variable in container.get("environment", []):
                variable["value"] = str(variable["value"])
        status, _, body = ecs._register_task_definition(request)
        answer = json.loads(body)
        if status >= 400:
            raise ValueError(answer["message"])
        arn = answer["taskDefinition"]["taskDefinitionArn"]
        return arn, {"TaskDefinitionArn": arn}

    return create


def complete(physical_id: str, props: dict) -> tuple[str, dict]:
    """Give the service's record what its handler left out; returns its real ARN and attributes."""
    cluster = props.get("Cluster", "default").rpartition("/")[2]
    name = physical_id.rpartition("/")[2]
    service = ecs._services[f"{cluster}/{name}"]
    for prop, (key, default) in SERVICE_FIELDS.items():
        service[key] = props.get(prop, default)
    return service["serviceArn"], {"ServiceArn": service["serviceArn"], "Name": name}


def missing_image(task_definition: str) -> str | None:
    """The first image of a task definition that should be in our own registry and is not."""
    containers = ecs._task_defs.get(ecs._resolve_td_key(task_definition), {}).get("containerDefinitions", [])
    for image in [container["image"] for container in containers]:
        named = IMAGE.fullmatch(image)
        if named and named["registry"] == ecr._repo_uri("").rstrip("/"):
            wanted = {"imageDigest": named["digest"]} if named["digest"] else {"imageTag": named["tag"] or "latest"}
            if not ecr._find_image(named["repository"], wanted):
                return image
    return None


def pull_images(name: str, props: dict) -> None:
    """Fail the deployment if an image is missing: stopped tasks say why, the ValueError what CloudFormation says.

    ECS tries three times, which takes it minutes; here it is a moment, in which who follows can see the tasks.
    """
    image = missing_image(props["TaskDefinition"])
    if image is None or props.get("DesiredCount", 1) == 0:
        return
    cluster = props.get("Cluster", "default")
    request = {"cluster": cluster, "taskDefinition": props["TaskDefinition"], "group": f"service:{name}"}
    reason = f"CannotPullContainerError: pull image manifest: failed to resolve ref {image}: {image}: not found"
    for _ in range(TRIES):
        started = json.loads(ecs._run_task(request | {"startedBy": name})[2])
        task = ecs._tasks[started["tasks"][0]["taskArn"]]
        ecs._mark_task_stopped(task["taskArn"], task, reason, "TaskFailedToStart")
    time.sleep(SECONDS_TO_FAIL)
    raise ValueError("Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.")


def create_service(original):
    """Create with numbers as numbers, and only if the images are there."""

    def create(logical_id, props, stack_name):
        props = typed(props)
        pull_images(props.get("ServiceName", f"{stack_name}-{logical_id}"), props)
        physical_id, _ = original(logical_id, props, stack_name)
        return complete(physical_id, props)

    return create


def update_service(original):
    """Update in the same way."""

    def update(physical_id, old, new, stack_name):
        old, new = typed(old), typed(new)
        pull_images(physical_id.rpartition("/")[2], new)
        if "DesiredCount" not in new:
            # Left out, the number of tasks stays as it is.
            old = {key: value for key, value in old.items() if key != "DesiredCount"}
        original(physical_id, old, new, stack_name)
        if is_forced(old, new):
            cluster, _, name = physical_id.rpartition("service/")[2].partition("/")
            ecs._update_service({"cluster": cluster, "service": name, "forceNewDeployment": True})
        return complete(physical_id, new)

    return update


def is_forced(old: dict, new: dict) -> bool:
    """Whether a changed nonce, and nothing else, asks for new tasks."""
    wanted = new.get("ForceNewDeployment", {})
    changed = wanted != old.get("ForceNewDeployment", {}) and wanted.get("EnableForceNewDeployment")
    return bool(changed) and new["TaskDefinition"] == old["TaskDefinition"]


def task_address(original):
    """The task's address; one that no engine runs has a made-up one, always the same."""

    def address(task):
        first, second = hashlib.sha256(task["taskArn"].encode()).digest()[:2]
        return original(task) or f"{NOWHERE}.{first}.{second}"

    return address


def answer_for_task(original):
    """What stands for a task that runs nowhere answers."""

    async def answered(target, group, method, path, *rest, **options):
        if not target["Id"].startswith(f"{NOWHERE}."):
            return await original(target, group, method, path, *rest, **options)
        healthy = path.partition("?")[0] == group.get("HealthCheckPath")
        words = b"a stand-in: this task runs nowhere\n"
        return (200 if healthy else 503), {"Content-Type": "text/plain"}, words

    return answered


def install() -> None:
    """Mend both types' handlers, and make tasks targets."""
    wrap(ecs._task_ip, task_address)
    wrap(alb._proxy_http_target, answer_for_task)
    wrap(provisioners._ecs_task_def_create, register_task_definition)
    wrap(provisioners._ecs_service_create, create_service)
    wrap(provisioners._ecs_service_update, update_service)
