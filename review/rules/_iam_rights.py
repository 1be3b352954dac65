"""What a policy allows: no more than needed, and in a form that IAM takes."""

import json
from functools import cache

import cfnlint.data.AdditionalSpecs
from cfnlint.helpers import load_resource

from ._nest import Reference, Rule, Text, known, text
from ._policies import IDENTITY, RESOURCE, TRUST, actions, allows, listed, resources, statements

GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
CONTROLS = "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html"
VERSION = "2012-10-17"

# Services in use here whose actions are judged against '*'. Which actions know resources is in cfn-lint's own table,
# which is made from AWS's service authorization reference.
JUDGED = {
    "ecr",
    "ecs",
    "kms",
    "logs",
    "rds",
    "rds-db",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "iam",
    "sts",
    "dynamodb",
}
READS = ("describe", "list")
GROUPS = {"AWS::IAM::Role": None, "AWS::IAM::Policy": 10_240, "AWS::IAM::ManagedPolicy": 6_144}


@cache
def service_map() -> dict:
    return load_resource(cfnlint.data.AdditionalSpecs, "Policies.json")


def knows_resources(action: str) -> bool:
    """Can the action be limited to resources?"""
    service, _, name = action.lower().partition(":")
    return bool(service_map().get(service, {}).get("Actions", {}).get(name, {}).get("Resources"))


class Identity(Rule):
    """The base of rules about identity policies."""

    types = tuple(IDENTITY)

    def allowed(self, r):
        for statement in statements(r, *IDENTITY[r.type]):
            if allows(statement):
                yield statement


class AllActions(Identity):
    """A policy that allows everything.

    Source: AWS Foundational Security Best Practices, IAM.1.
    """

    id = "W9530"
    shortdesc = "Policy that allows everything"
    source_url = CONTROLS + "#iam-1"

    def judge(self, r):
        for statement in self.allowed(r):
            everywhere = any(value.value == "*" for value in resources(statement))
            for value in actions(statement):
                if value.value in ("*", "*:*") and everywhere:
                    yield value.fault("every action on everything is allowed; name the actions and the resources")


class ServiceActions(Identity):
    """All actions of a service, where some are meant.

    Source: AWS Foundational Security Best Practices, IAM.21.
    """

    id = "W9531"
    shortdesc = "Policy with all actions of a service"
    source_url = CONTROLS + "#iam-21"

    def judge(self, r):
        for statement in self.allowed(r):
            for value in actions(statement):
                if isinstance(value.value, str) and value.value.endswith(":*") and value.value != "*:*":
                    yield value.fault(f"{value.value} allows deletion too; name the actions")
            for value in listed(statement, "NotAction"):
                yield value.fault("Allow with NotAction allows everything else; name the actions")
                break


class AllResources(Identity):
    """An action that can be limited to resources, allowed on all of them.

    Source: service authorization reference, resource types of each action; IAM user guide, least privilege.
    """

    id = "W9532"
    shortdesc = "Action on all resources that could be limited"
    source_url = GUIDE + "best-practices.html#grant-least-privilege"

    def judge(self, r):
        for statement in self.allowed(r):
            if any(True for _ in statement.blocks("Condition")) or not any(
                v.value == "*" for v in resources(statement)
            ):
                continue
            for value in actions(statement):
                service, _, name = value.value.lower().partition(":") if isinstance(value.value, str) else ("", "", "")
                judged = service in JUDGED and not name.startswith((*READS, "pass"))
                if judged and knows_resources(value.value):
                    yield value.fault(f"{value.value} on '*': name its resources")


class PassesAnyRole(Identity):
    """Who may pass any role to a service has the rights of every role.

    Source: IAM user guide, granting a user permissions to pass a role to a service.
    """

    id = "W9533"
    shortdesc = "Policy lets every role be passed"
    source_url = GUIDE + "id_roles_use_passrole.html"

    def judge(self, r):
        for statement in self.allowed(r):
            if any(True for _ in statement.blocks("Condition")):
                continue
            for value in actions(statement):
                passes = isinstance(value.value, str) and value.value.lower() in ("iam:passrole", "iam:pass*")
                if passes and any(v.value == "*" for v in resources(statement)):
                    yield value.fault("name the roles that may be passed, or iam:PassedToService")


class OldLanguage(Rule):
    """Without Version 2012-10-17 a policy is read as of 2008: variables in it are plain text.

    Source: IAM user guide, policy elements, Version.
    """

    id = "W9534"
    shortdesc = "Policy without Version 2012-10-17"
    source_url = GUIDE + "reference_policies_elements_version.html"
    types = tuple({**IDENTITY, **RESOURCE})

    def judge(self, r):
        for path in (*IDENTITY.get(r.type, ()), *TRUST.get(r.type, ()), *RESOURCE.get(r.type, ())):
            for document in r.blocks(path):
                for v in document.variants("Version"):
                    if v["Version"] is None or (known(v["Version"]) and text(v["Version"]) != VERSION):
                        yield document.fault(f"set Version: '{VERSION}'", "Version")


class PolicyTooLong(Rule):
    """A managed policy has at most 6,144 characters without white space, an inline one of a role 10,240.

    Source: IAM user guide, IAM and AWS STS quotas.
    """

    id = "E9535"
    shortdesc = "Policy longer than IAM takes"
    source_url = GUIDE + "reference_iam-quotas.html"
    types = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")

    def judge(self, r):
        limit = GROUPS[r.type]
        for value in r.values("PolicyDocument"):
            size = len("".join(json.dumps(value.value, default=shortest, separators=(",", ":")).split()))
            if size > limit:
                yield value.fault(f"{size} characters, {limit} are allowed; make two policies")


def shortest(value) -> str:
    """The literal part of what is not wholly known: it is at least as long."""
    return "".join(part for part in value.parts if isinstance(part, str)) if isinstance(value, Text) else ""


class InlinePolicy(Rule):
    """An inline policy is seen in no list and can be used once; rule sets ask for managed ones.

    Source: AWS Config, iam-no-inline-policy-check; IAM user guide, managed policies and inline policies.
    """

    id = "W9536"
    shortdesc = "Inline policy"
    source_url = GUIDE + "access_policies_managed-vs-inline.html"
    types = ("AWS::IAM::Role", "AWS::IAM::Policy")

    def judge(self, r):
        if r.type == "AWS::IAM::Policy" or any(True for _ in r.blocks("Policies")):
            yield r.fault("write it as AWS::IAM::ManagedPolicy", "Policies")


class RegistryLogin(Identity):
    """ecr:GetAuthorizationToken knows no repository: limited to one it allows nothing, and no image can be pulled.

    Source: service authorization reference, Amazon ECR, actions without resource types.
    """

    id = "E9537"
    shortdesc = "Action without resources limited to some"
    source_url = (
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html"
    )
    alone = (
        "ecr:getauthorizationtoken",
        "ssmmessages:createcontrolchannel",
        "ssmmessages:createdatachannel",
        "ssmmessages:opencontrolchannel",
        "ssmmessages:opendatachannel",
    )

    def judge(self, r):
        for statement in self.allowed(r):
            on = [value.value for value in resources(statement)]
            limited = on and all(
                isinstance(item, Reference | Text) or (known(item) and "*" not in text(item)) for item in on
            )
            for value in actions(statement) if limited else ():
                if (
                    isinstance(value.value, str)
                    and value.value.lower() in self.alone
                    and "describe" not in value.value.lower()
                ):
                    yield value.fault(f"{value.value} knows no resources: allow it on '*'")
