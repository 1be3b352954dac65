"""From the order to the truth: follow a deployment, record it, judge it, and see that it is what it says."""

import time
from datetime import UTC, datetime

from deploy import follow as flight
from deploy import rollout, truth, visit
from deploy.aws import Aws
from deploy.commands.environment import load
from deploy.problem import Problem
from deploy.progress.display import SILENCE
from deploy.settings import Settings
from deploy.stacks import described, outputs
from deploy.states import is_over
from deploy.terminal import say
from deploy.truth import Untruth

# How long targets, a new name in the DNS and the last task may take after COMPLETE, and the pause between two looks.
SECONDS, PAUSE = 180.0, 3.0


def follow(env: str) -> None:
    """Attach to what is under way with the environment's stack, and follow it to the end and the truth."""
    wanted, _ = load(env)
    aws = Aws()
    stack = described(aws, wanted.stack)
    if is_over(stack["StackStatus"]):
        say(f"{wanted.stack}: nothing is under way; it is in {stack['StackStatus']}")
        return
    fly(aws, wanted, stack, flight.began(aws, stack["StackId"]))
    arrive(aws, wanted, images_of(described(aws, wanted.stack)))


def fly(aws: Aws, wanted: Settings, stack: dict, after: datetime | None) -> None:
    """Follow an operation on the environment's stack that began after a moment, say how it ended. Problem: badly."""
    # Until its first deployment has ended a stack has no outputs: what is made is then found in its events.
    status = flight.follow(aws, stack, after, f"`make follow ENV={wanted.env}`", outputs(stack))
    say(f"{wanted.stack}: {status}")


def images_of(stack: dict) -> dict[str, str]:
    """The images that a stack was last given, by parameter."""
    given = {item["ParameterKey"]: item.get("ParameterValue", "") for item in stack.get("Parameters", [])}
    return {name: given[name] for name in truth.IMAGES if name in given}


def arrive(aws: Aws, wanted: Settings, sent: dict[str, str]) -> None:
    """Wait until what was sent is what runs and answers. Problem: it is not, within three minutes."""
    values = outputs(described(aws, wanted.stack))
    deadline = time.monotonic() + SECONDS
    told, said = "", 0.0
    while True:
        desired, found = _untruths(aws, values, sent)
        if not found:
            break
        text = "; ".join(untruth.text for untruth in found)
        if time.monotonic() > deadline or any(untruth.final for untruth in found):
            raise Problem(f"{wanted.stack} is deployed, but not what was sent: {text}")
        if text != told or time.monotonic() - said >= SILENCE:
            say(f"{datetime.now(UTC):%H:%M:%S} not yet: {text}")
            told, said = text, time.monotonic()
        time.sleep(PAUSE)
    if desired:
        say(f"{wanted.stack}: what was sent runs, its targets are healthy, and {values['Url']} answers")
    else:
        say(f"{wanted.stack}: what was sent is in place; no task is wanted, so nothing answers")


def _untruths(aws, values, sent) -> tuple[int, list[Untruth]]:
    """How many tasks are wanted, and what is not true of the service now; what cannot be true yet is not asked."""
    cluster, name, definition = (values[key] for key in ("ClusterName", "ServiceName", "TaskDefinitionArn"))
    service = aws.service(cluster, name)
    found = truth.deployed_definition(definition, service)
    found += truth.sent_images(sent, aws.task_definition(definition))
    desired = service["desiredCount"] if service else 0
    if found or not desired:
        return desired, found
    found += truth.running_tasks(definition, sent, service, aws.tasks(cluster, "RUNNING"))
    for group in rollout.target_groups(service):
        found += truth.healthy_targets(desired, aws.target_health(group))
        path = aws.health_check_path(group)
        found = found or truth.answers(visit.ask(values["Url"], path), sent)
    return desired, found
