"""After COMPLETE: is what was sent what runs, and does it answer? Pure: answers of AWS and of the URL in, untruths out.

CloudFormation says COMPLETE of a service that ECS has rolled back (aws/containers-roadmap#1369), and of one whose tasks
nobody can reach. Images are compared by the reference in the task, which holds the digest: ECS's own `imageDigest` may
be that of one platform of an index.
"""

from collections.abc import Iterable
from dataclasses import dataclass

# Parameters of the root template that name images.
IMAGES = ("AppImage", "WebImage")


@dataclass(frozen=True)
class Answer:
    """What the URL answered to the load balancer's own question: a status, or the problem that kept it from us."""

    url: str
    status: int | None
    problem: str = ""
    release: str = ""  # what it calls itself; older images do not say it


@dataclass(frozen=True)
class Untruth:
    """Something that is not as it should be; `final` if waiting will not change it."""

    text: str
    final: bool = False


def deployed_definition(wanted: str, service: dict | None) -> list[Untruth]:
    """Whether the service's newest deployment is complete and of the task definition that the stack made."""
    if service is None:
        return [Untruth("there is no service")]
    newest = next((each for each in service.get("deployments", []) if each["status"] == "PRIMARY"), {})
    running, state = newest.get("taskDefinition", ""), newest.get("rolloutState", "")
    if running != wanted:
        text = f"the service is at {_short(running)}, not at {_short(wanted)}: ECS has taken the new version back"
        return [Untruth(text, final=state == "COMPLETED")]
    if state != "COMPLETED":
        return [Untruth(f"the rollout is {state or 'unknown'}: {newest.get('rolloutStateReason', '')}".rstrip(": "))]
    return []


def sent_images(sent: dict[str, str], definition: dict) -> list[Untruth]:
    """Whether the task definition has exactly the images that were sent."""
    images = {container["image"] for container in definition.get("containerDefinitions", [])}
    wanted = {sent[name] for name in IMAGES if name in sent}
    missing = [Untruth(f"the task definition lacks {image}", final=True) for image in sorted(wanted - images)]
    return missing + [Untruth(f"the task definition has {image} too", final=True) for image in sorted(images - wanted)]


def running_tasks(wanted: str, sent: dict[str, str], service: dict, tasks: Iterable[dict]) -> list[Untruth]:
    """Whether as many tasks as wanted run, all of them of the new definition with the images that were sent."""
    desired = service.get("desiredCount", 0)
    mine = [task for task in tasks if task.get("group") == f"service:{service['serviceName']}"]
    running = [task for task in mine if task.get("lastStatus") == "RUNNING" and task["taskDefinitionArn"] == wanted]
    found = [] if len(running) >= desired else [Untruth(f"{len(running)} of {desired} tasks of the new version run")]
    images = {sent[name] for name in IMAGES if name in sent}
    others = {each["image"] for task in running for each in task.get("containers", []) if "image" in each} - images
    return found + [Untruth(f"a task runs {image}, which was not sent", final=True) for image in sorted(others)]


def healthy_targets(desired: int, targets: Iterable[dict]) -> list[Untruth]:
    """Whether every target is healthy, and there are as many as tasks; one that is draining is on its way out."""
    staying = [target["TargetHealth"] for target in targets if target["TargetHealth"]["State"] != "draining"]
    healthy = sum(health["State"] == "healthy" for health in staying)
    if healthy < max(desired, len(staying)):
        said = sorted({health.get("Description", "") for health in staying if health["State"] != "healthy"} - {""})
        return [Untruth(f"{healthy} of {max(desired, len(staying))} targets are healthy{_because(said)}")]
    return []


def answers(answer: Answer, sent: dict[str, str]) -> list[Untruth]:
    """Whether the URL answers, and where the answer names its release, whether that is the image that was sent."""
    if answer.status != 200:
        return [Untruth(f"{answer.url} answers {answer.status or f'nothing: {answer.problem}'}")]
    if answer.release and answer.release != release(sent.get(IMAGES[0], "")):
        return [Untruth(f"{answer.url} is answered by another release, {answer.release}")]
    return []


def release(image: str) -> str:
    """What the application in an image calls its release (app/config.py): the first digits of the digest."""
    return image.partition("@sha256:")[2][:12]


def _short(arn):
    return arn.rpartition("/")[2] or "no task definition"


def _because(said):
    return f" ({'; '.join(said)})" if said else ""
