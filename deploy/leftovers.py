"""The end of an environment: what goes, what stays, what to try again."""

import re

from deploy import template
from deploy.events import NESTED

AGAIN, EMPTY, UNPROTECT = "wait, then try again", "empty it, then try again", "lift the protection, then try again"

# What AWS says when a deletion fails (matched in lower case): what is known to help.
_REMEDIES = (
    (r"deletion protection|cannot delete protected", UNPROTECT),
    (r"not empty|still contains images", EMPTY),
    # Network interfaces of tasks that have ended, and of load balancers, go a while after their owner.
    (r"dependent object|dependencyviolation|has dependencies|has some mapped public address", AGAIN),
    (r"network interface .* in use|currently in use|is in use|being used", AGAIN),
    (r"rate exceeded|throttl|not currently in the available state", AGAIN),
)

# Resource type: how a person removes one that has stayed.
_COMMANDS = {
    "AWS::S3::Bucket": "empty it in the console, then aws s3 rb s3://{}",
    "AWS::KMS::Key": "aws kms schedule-key-deletion --key-id {} --pending-window-in-days 7",
    "AWS::RDS::OptionGroup": "aws rds delete-option-group --option-group-name {}, once no snapshot needs it",
    "snapshot": "aws rds delete-db-snapshot --db-snapshot-identifier {}",
    "log group": "aws logs delete-log-group --log-group-name {}",
}

_WORDS = {"AWS::S3::Bucket": "bucket", "AWS::KMS::Key": "key", "AWS::RDS::OptionGroup": "option group"}

# Of what is lost, the types that a person would miss, and their names.
_MISSED = {
    "AWS::RDS::DBInstance": "database",
    "AWS::ECS::Service": "service",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "load balancer",
}


def remedy(reason: str) -> str | None:
    """What is known to help against a failed deletion, from the reason that AWS gives; None: nothing."""
    return next((what for words, what in _REMEDIES if re.search(words, reason.lower())), None)


def retained(templates: dict[str, str]) -> set[str]:
    """Paths of the resources that the deletion of the nest leaves: those whose DeletionPolicy retains them."""
    found = set()
    for title, resource in template.parse(templates["root.yaml"], "out/root.yaml")["Resources"].items():
        if resource["Type"] == NESTED:
            name = resource["Properties"]["TemplateURL"]
            nested = template.parse(templates[name], f"out/{name}")["Resources"]
            found |= {f"{title}/{key}" for key, one in nested.items() if _is_retained(one)}
    return found


def _is_retained(resource):
    return resource.get("DeletionPolicy", "Delete").startswith("Retain")


def lost(resources: list[dict], kept: set[str]) -> list[str]:
    """What the deletion of these resources of the nest takes away, for a person; `kept` as `retained` gives it."""
    going = [entry for entry in resources if entry["Path"] not in kept]
    named = [
        f"{_MISSED[entry['ResourceType']]} {_name(entry.get('PhysicalResourceId', ''))}"
        for entry in going
        if entry["ResourceType"] in _MISSED
    ]
    groups = sum(entry["ResourceType"] == "AWS::Logs::LogGroup" for entry in going)
    rest = len(going) - len(named) - groups
    return [*sorted(named), f"log groups: {groups}", f"other resources: {rest}"]


def fate(kind: str, price: str) -> str:
    """What becomes of a thing that stays; `price` is what it goes on costing, empty where that is not known."""
    if kind == "AWS::RDS::OptionGroup":
        return "kept, and costs nothing"
    return f"kept, and costs {price} until you delete it" if price else "kept, and costs until you delete it"


def _name(physical_id):
    """The name in an ARN; that of a load balancer stands before its id: ...:loadbalancer/app/NAME/ID."""
    parts = physical_id.split("/")
    return parts[-2] if ":loadbalancer/" in physical_id else parts[-1]


def staying(kind: str, name: str) -> str:
    """A thing that stays and how to remove it; `kind` is its resource type, snapshot, or log group."""
    return f"{_WORDS.get(kind, kind)} {name}: {_COMMANDS[kind].format(name)}"
