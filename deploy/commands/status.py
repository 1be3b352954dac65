"""What a deployed environment is doing now."""

import re

from deploy import images, recorder
from deploy.answers import ask
from deploy.aws import Aws
from deploy.commands.environment import ROOT, load
from deploy.report import Facts, Image, screen
from deploy.stacks import outputs
from deploy.terminal import say

KINDS = {
    "cluster": "AWS::ECS::Cluster",
    "service": "AWS::ECS::Service",
    "target_group": "AWS::ElasticLoadBalancingV2::TargetGroup",
}


def status(env: str) -> None:
    """Print one screen: stack, service, images, targets, database, alarms, URL. What is missing is said to be."""
    wanted, _ = load(env)
    aws = Aws()
    facts = Facts(wanted.stack, aws.region, aws.stack(wanted.stack))
    if facts.stack:
        facts.url = outputs(facts.stack).get("Url", "")
        facts.resources = list(aws.nest(wanted.stack))
        _look(aws, wanted, facts)
        facts.record = _last_recording(wanted.stack)
    for line in screen(facts):
        say(line)


def _look(aws, wanted, facts):
    """Ask for everything that the nest holds by now; it need not be whole."""
    found = {entry["ResourceType"]: entry.get("PhysicalResourceId", "") for entry in facts.resources}
    ids = {name: found.get(kind, "") for name, kind in KINDS.items()}
    if ids["cluster"] and ids["service"]:
        facts.service = ask(aws.service, ids["cluster"], ids["service"])
        if facts.service.value:
            facts.images = ask(_running_images, aws, wanted, facts.service.value["taskDefinition"])
    if ids["target_group"]:
        facts.targets = ask(aws.target_health, ids["target_group"])
    if database := _physical(facts.resources, "Data/DBInstance"):
        facts.database = ask(aws.database, database)
    alarms = [one["PhysicalResourceId"] for one in facts.resources if one["ResourceType"] == "AWS::CloudWatch::Alarm"]
    facts.alarms = ask(aws.alarms, alarms)


def _last_recording(stack):
    """The folder of the last deployment from here; a second one of the same second has a number after a dot."""
    found = [path for path in recorder.base().glob(f"*-{stack}*") if re.fullmatch(rf"[^-]+-{stack}(\.\d+)?", path.name)]
    return recorder.shown(max(found)) if found else ""


def _physical(resources, path):
    return next((entry.get("PhysicalResourceId", "") for entry in resources if entry["Path"] == path), "")


def _running_images(aws, wanted, arn):
    """The images of the service's task definition, each once, beside those of this checkout."""
    tag = images.content_tag(ROOT, wanted.architecture)
    references = dict.fromkeys(one["image"] for one in aws.task_definition(arn)["containerDefinitions"])
    found = []
    for reference in references:
        address, _, digest = reference.partition("@")
        repository = address.partition("/")[2]
        name = repository.rpartition("/")[2]
        found.append(
            Image(name, digest, aws.image_tags(repository, digest) or [], aws.image_digest(repository, tag) or "")
        )
    return found
