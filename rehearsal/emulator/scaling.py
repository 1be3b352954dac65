"""AWS::ApplicationAutoScaling::ScalableTarget and ScalingPolicy for the services of ECS, which the emulator refuses.

Nothing is measured here, so a policy is only remembered; the target's limits hold at once, as on AWS.
"""

import json
import secrets

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs

from rehearsal.emulator.patch import ResourceType

DIMENSION = "ecs:service:DesiredCount"


def hold(props: dict) -> None:
    """Bring the service's number of tasks within the limits; ValueError when there is no such service."""
    lowest, highest = int(props["MinCapacity"]), int(props["MaxCapacity"])
    if lowest > highest:
        raise ValueError(f"Minimum capacity cannot be greater than maximum capacity: {lowest} > {highest}")
    cluster, _, name = props["ResourceId"].removeprefix("service/").partition("/")
    service = ecs._services.get(f"{cluster}/{name}")
    if service is None or service["status"] != "ACTIVE":
        raise ValueError(f"ECS service doesn't exist: {props['ResourceId']}")
    wanted = min(max(service["desiredCount"], lowest), highest)
    if wanted != service["desiredCount"]:
        status, _, body = ecs._update_service({"cluster": cluster, "service": name, "desiredCount": wanted})
        if status >= 400:
            raise ValueError(json.loads(body)["message"])


def create_target(_logical_id, props, _stack_name):
    """Ref is service/CLUSTER/SERVICE|ecs:service:DesiredCount|ecs."""
    if props.get("ScalableDimension") != DIMENSION or props.get("ServiceNamespace") != "ecs":
        raise ValueError(f"Only {DIMENSION} is known here, not {props.get('ScalableDimension')}")
    hold(props)
    name = f"{props['ResourceId']}|{DIMENSION}|ecs"
    return name, {"Id": name}


def update_target(physical_id, _old, new, _stack_name, _logical_id):
    """New limits hold at once."""
    hold(new)
    return physical_id, {"Id": physical_id}


def delete_target(_physical_id, _props):
    """The service keeps the number of tasks that it has."""


def create_policy(_logical_id, props, _stack_name):
    """Ref is the policy's ARN."""
    policy, resource = secrets.token_hex(16), props["ScalingTargetId"].partition("|")[0]
    arn = f"arn:aws:autoscaling:{get_region()}:{get_account_id()}:scalingPolicy:{policy}"
    arn += f":resource/ecs/{resource}:policyName/{props['PolicyName']}"
    return arn, {"Arn": arn}


def update_policy(physical_id, _old, _new, _stack_name, _logical_id):
    """Keep the policy's ARN."""
    return physical_id, {"Arn": physical_id}


def delete_policy(_physical_id, _props):
    """Nothing is left of it."""


ADDED = (
    ResourceType(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        create_target,
        delete_target,
        update_target,
        replacing=("ResourceId", "ScalableDimension", "ServiceNamespace"),
        tags=False,
    ),
    ResourceType(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        create_policy,
        delete_policy,
        update_policy,
        replacing=("PolicyName", "ResourceId", "ScalableDimension", "ScalingTargetId", "ServiceNamespace"),
        tags=False,
    ),
)


def install() -> None:
    """Register the types."""
    for added in ADDED:
        added.register()
