"""Policies, written with awacs."""

import json
from collections.abc import Iterable
from itertools import groupby

from awacs.aws import Action, Allow, Condition, PolicyDocument, Statement, StringEquals, StringLike

from review.permissions import needed
from review.permissions.places import BY_TAG, ON_WHAT_IS_THERE, Places
from review.permissions.reference import known
from review.resolve import Nest
from review.text import references

LIMIT = 6144  # characters of a managed policy, white space not counted
PASS_ROLE, SERVICE_ROLE, LOOK_UP = "iam:PassRole", "iam:CreateServiceLinkedRole", "iam:GetRole"
ATTACH = {"iam:AttachRolePolicy", "iam:DetachRolePolicy"}
SPECIAL = {PASS_ROLE, SERVICE_ROLE, LOOK_UP, *ATTACH}
# Services that make a role of their own at their first use, by the resource types that bring it about.
SERVICE_LINKED = {
    "AWS::ApplicationAutoScaling::": "ecs.application-autoscaling.amazonaws.com",
    "AWS::ECS::": "ecs.amazonaws.com",
    "AWS::ElasticLoadBalancingV2::": "elasticloadbalancing.amazonaws.com",
    "AWS::RDS::": "rds.amazonaws.com",
    "AWS::WAFv2::LoggingConfiguration": "wafv2.amazonaws.com",
}
# Properties that name a role, and who takes it.
ROLE_PROPERTIES = {
    "ExecutionRoleArn": "ecs-tasks.amazonaws.com",
    "TaskRoleArn": "ecs-tasks.amazonaws.com",
    "MonitoringRoleArn": "monitoring.rds.amazonaws.com",
    "DeliverLogsPermissionArn": "vpc-flow-logs.amazonaws.com",
}


def deploying(stack: str, nests: Iterable[Nest], region: str, account: str = "*") -> list[PolicyDocument]:
    """What whoever creates, updates and deletes an environment may do: as many policies as the limit makes it."""
    nests = list(nests)
    places = Places(stack, nests, region, account)
    actions = needed.to_deploy(*nests)
    return split([*_plain(sorted(actions - SPECIAL), places), *_roles(actions & SPECIAL, places)])


def operating(stack: str, nests: Iterable[Nest], region: str, account: str = "*") -> PolicyDocument:
    """What whoever operates it may do, beside what a change set does."""
    return _document(_plain(sorted(needed.listed(needed.OPERATE)), Places(stack, list(nests), region, account)))


def reading(stack: str, nests: Iterable[Nest], region: str, account: str = "*") -> PolicyDocument:
    """What whoever only looks may do."""
    return _document(_plain(sorted(needed.listed(needed.READ)), Places(stack, list(nests), region, account)))


def _plain(actions, places):
    """Statements of actions on any resource, then by service on its own ones, then on those with the tag."""
    anywhere = [name for name in actions if not known(name).on_resources]
    if anywhere:
        yield _statement("Anywhere", anywhere, ["*"])
    for service, group in groupby(actions, lambda name: name.partition(":")[0]):
        on_own = [name for name in group if known(name).on_resources]
        tagged = [name for name in on_own if _by_tag(name)]
        title = "".join(part.capitalize() for part in service.split("-"))
        if plain := [name for name in on_own if name not in tagged]:
            yield _statement(title, plain, places.of(service))
        if tagged:
            condition = StringLike({"aws:ResourceTag/Name": f"{places.stack}-*"})
            yield _statement(f"{title}Own", tagged, places.of(service), condition)


def _by_tag(name):
    service, _, verb = name.partition(":")
    return service in BY_TAG and known(name).on_tagged and verb.startswith(ON_WHAT_IS_THERE)


def _roles(actions, places):
    """The actions that could give rights away, each only for what the templates ask."""
    passed = _passed(places)
    if PASS_ROLE in actions:
        for number, (arns, services) in enumerate(passed.items()):
            condition = StringEquals({"iam:PassedToService": sorted(services)})
            yield _statement(f"PassRole{number or ''}", [PASS_ROLE], list(arns), condition)
    if LOOK_UP in actions:
        yield _statement(
            "LookUpRoles", [LOOK_UP], sorted({arn for arns in passed for arn in arns} | set(_own(places, "role")))
        )
    if SERVICE_ROLE in actions:
        used = needed.kinds(*places.nests)
        names = [name for prefix, name in SERVICE_LINKED.items() if any(kind.startswith(prefix) for kind in used)]
        arn = f"arn:{places.partition}:iam::{places.account}:role/aws-service-role/*"
        yield _statement("ServiceLinkedRoles", [SERVICE_ROLE], [arn], StringEquals({"iam:AWSServiceName": names}))
    if attach := sorted(actions & ATTACH):
        condition = StringLike({"iam:PolicyARN": _attached(places)})
        yield _statement("AttachPolicies", attach, _own(places, "role"), condition)


def _own(places, kind):
    """The ARNs of the roles, or policies, that the environment makes."""
    return [arn for arn in places.of("iam") if f":{kind}/" in arn]


def _passed(places) -> dict[tuple[str, ...], set[str]]:
    """Role ARNs that the nests hand to services, with the services: roles of their own, and existing ones."""
    found = {}
    for nest in places.nests:
        resources = nest.flat["Resources"]
        for body in resources.values():
            for name, value in body.get("Properties", {}).items():
                if name in ROLE_PROPERTIES:
                    is_own = any(title in resources for title in references(value))
                    arns = tuple(_own(places, "role")) if is_own else (_given(value, places),)
                    found.setdefault(arns, set()).add(ROLE_PROPERTIES[name])
    return found


def _given(value, places):
    """The ARN of a role that is there already, as a template writes it."""
    text = value["Fn::Sub"] if isinstance(value, dict) else value
    return text.replace("${AWS::AccountId}", places.account).replace("${AWS::Partition}", places.partition)


def _attached(places):
    """The policies that the nests attach to roles: their own, and AWS's where one is named."""
    roles = [
        body for nest in places.nests for body in nest.flat["Resources"].values() if body["Type"] == "AWS::IAM::Role"
    ]
    arns = {arn for body in roles for arn in body["Properties"].get("ManagedPolicyArns", []) if isinstance(arn, str)}
    return _own(places, "policy") + sorted(arns)


def _statement(sid, actions, resources, condition=None):
    words = [Action(*name.split(":")) for name in actions]
    more = {"Condition": Condition(condition)} if condition else {}
    return Statement(Sid=sid, Effect=Allow, Action=words, Resource=resources, **more)


def _document(statements):
    return PolicyDocument(Version="2012-10-17", Statement=list(statements))


def size(document: PolicyDocument | str) -> int:
    """Characters as IAM counts them, of a document or its text."""
    text = document if isinstance(document, str) else document.to_json()
    return len(json.dumps(json.loads(text), separators=(",", ":")))


def split(statements: list[Statement]) -> list[PolicyDocument]:
    """The statements in as few documents, in their order, as the limit allows."""
    groups = [[]]
    for statement in statements:
        if groups[-1] and size(_document([*groups[-1], statement])) > LIMIT:
            groups.append([])
        groups[-1].append(statement)
    return [_document(group) for group in groups]
