"""The kinds of updates that an environment meets, each as a change of a parameter, an image or a template."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass

from review import environment, workspace
from review.price.choices import SIZES
from review.problem import Problem
from review.resolve import Nest
from review.timing.deployment import update
from review.timing.path import Schedule

NEW_IMAGES = {
    name: image.replace("aaaa", "cccc").replace("bbbb", "dddd") for name, image in environment.FROM_DEPLOY.items()
}


@dataclass(frozen=True)
class Kind:
    """A kind of update: what to change for it, given what the environment has; None: it has no such update."""

    name: str
    changes: Callable[[Mapping[str, str]], dict[str, str] | None] = lambda values: {}
    images: Mapping[str, str] | None = None  # others than those that a review assumes
    edit: Callable[[dict[str, dict]], dict[str, dict]] | None = None  # the templates as they are then


def _next_class(values):
    family, _, size = values["DBInstanceClass"].rpartition(".")
    if size not in SIZES[:-1]:
        return None
    return {"DBInstanceClass": f"{family}.{SIZES[SIZES.index(size) + 1]}"}


def _next_task(values):
    cpu = int(values["TaskCpu"])
    return {"TaskCpu": str(2 * cpu), "TaskMemory": str(4 * cpu)}


def _one_more_task(values):
    name = "MinCapacity" if values["AutoScaling"] == "true" else "DesiredCount"
    return {name: str(int(values[name]) + 1)}


def _certificate(values):
    if values["CertificateArn"] or values["DomainName"]:
        return None
    return {"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0d4f3c1e-8d5c-4b7a-9c65-1f2e3d4c5b6a"}


def _host_name(values):
    return None if values["DomainName"] else {"DomainName": "shop.example.org", "HostedZoneId": "Z0123456789"}


def _replica(values):
    there = int(values["ReadReplicas"])
    return {"ReadReplicas": str(there + 1)} if there < 2 else None


def _switch(name: str, to: str):
    return lambda values: None if values[name] == to else {name: to}


def _more(name: str, by: int):
    return lambda values: {name: str(int(values[name]) + by)}


def _slow_queries(templates):
    data = deepcopy(templates["data.yaml"])
    data["Resources"]["DBParameterGroup"]["Properties"]["Parameters"]["long_query_time"] = "2"
    return templates | {"data.yaml": data}


IMAGE = Kind("other images", images=NEW_IMAGES)
KINDS = [
    Kind("all tasks restarted", lambda values: {"DeploymentNonce": "again"}),
    Kind("larger tasks", _next_task),
    Kind("one task more", _one_more_task),
    Kind("next larger database class", _next_class),
    Kind("more storage", _more("AllocatedStorage", 20)),
    Kind("standby added", _switch("MultiAZ", "true")),
    Kind("replica added", _replica),
    Kind("database parameter changed", edit=_slow_queries),
    Kind("certificate added", _certificate),
    Kind("host name added", _host_name),
    Kind("alarms and dashboard added", _switch("EnableMonitoring", "true")),
    Kind("firewall added", _switch("Firewall", "true")),
    Kind("NAT gateway in each zone", _switch("EgressMode", "nat-gateway-per-zone")),
    Kind("logs kept for a year", _switch("LogRetentionInDays", "365")),
]


def after(env: workspace.Environment, kind: Kind, region: str = workspace.REGION) -> Nest | None:
    """The environment after such an update; None: it has no such update. Problem: it would be refused."""
    values = {name: str(body.get("Default", "")) for name, body in env.definitions.items()} | env.values
    changes = kind.changes(values)
    if changes is None:
        return None
    templates = workspace.read_templates()
    if kind.edit:
        templates = kind.edit(templates)
    images = dict(kind.images or environment.FROM_DEPLOY)
    return workspace.resolved(templates, env.name, workspace.config(), region, images, changes).nest


def schedules(
    env: workspace.Environment, kinds: Iterable[Kind], region: str = workspace.REGION
) -> Iterator[tuple[Kind, Schedule | str]]:
    """Each of the kinds that the environment has, with its schedule, or with why it would be refused."""
    for kind in kinds:
        try:
            nest = after(env, kind, region)
        except Problem as problem:
            yield kind, str(problem).rpartition(": ")[2]
            continue
        if nest is not None:
            yield kind, update(env.nest, nest)
