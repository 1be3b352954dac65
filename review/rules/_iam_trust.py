"""Who may take a role: the service that uses it, and for this account only."""

from ._nest import Reference, Rule, Text, known
from ._policies import actions, principals, statements

ROLE = "AWS::IAM::Role"
DEPUTY = "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"

# Property that takes a role: who must be trusted. Source: the user guides' sections on these roles.
USERS = {
    ("AWS::ECS::TaskDefinition", "ExecutionRoleArn"): "ecs-tasks.amazonaws.com",
    ("AWS::ECS::TaskDefinition", "TaskRoleArn"): "ecs-tasks.amazonaws.com",
    ("AWS::RDS::DBInstance", "MonitoringRoleArn"): "monitoring.rds.amazonaws.com",
    ("AWS::RDS::DBProxy", "RoleArn"): "rds.amazonaws.com",
    ("AWS::EC2::FlowLog", "DeliverLogsPermissionArn"): "vpc-flow-logs.amazonaws.com",
    ("AWS::ECS::Service", "LoadBalancers.*.AdvancedConfiguration.RoleArn"): "ecs.amazonaws.com",
    ("AWS::ECS::Service", "VpcLatticeConfigurations.*.RoleArn"): "ecs.amazonaws.com",
    ("AWS::ECS::Service", "VolumeConfigurations.*.ManagedEBSVolume.RoleArn"): "ecs.amazonaws.com",
    ("AWS::Lambda::Function", "Role"): "lambda.amazonaws.com",
    ("AWS::Logs::SubscriptionFilter", "RoleArn"): "logs.amazonaws.com",
    ("AWS::Events::Rule", "Targets.*.RoleArn"): "events.amazonaws.com",
}

# Services that send the account, or the ARN, with their request. Source: their user guides, confused deputy prevention.
SENDS_SOURCE = {
    "ecs-tasks.amazonaws.com",
    "ecs.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
    "monitoring.rds.amazonaws.com",
    "rds.amazonaws.com",
    "logs.amazonaws.com",
    "delivery.logs.amazonaws.com",
    "sns.amazonaws.com",
    "scheduler.amazonaws.com",
    "codebuild.amazonaws.com",
    "backup.amazonaws.com",
}
SOURCE_KEYS = {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"}


class NotTrusted(Rule):
    """The service that is given a role must be trusted by it, else it cannot take the role.

    Source: IAM user guide, roles for services; the user guides of ECS, RDS and VPC flow logs.
    """

    id = "E9520"
    shortdesc = "Role does not trust the service that uses it"
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-service.html"
    types = tuple({kind for kind, _ in USERS})

    def judge(self, r):
        for (kind, path), service in USERS.items():
            for value in r.values(path) if kind == r.type else ():
                role = value.value.resource if isinstance(value.value, Reference) else None
                if role is not None and role.type == ROLE:
                    trusted = trusts(role)
                    if trusted is not None and service not in trusted:
                        there = ", ".join(sorted(trusted)) or "no service"
                        yield value.fault(f"role {role.id} trusts {there}; it must trust {service}")


def trusts(role) -> set | None:
    """The services that may take the role; None if that is not wholly known."""
    found = set()
    for statement in statements(role, "AssumeRolePolicyDocument"):
        for kind, value in principals(statement):
            name = value.value
            if isinstance(name, Text) and len(name.parts) == 2 and name.head:
                name = name.head + "amazonaws.com"
            if kind in ("Service", "*") and not known(name):
                return None
            found |= {str(name)} if kind == "Service" else set()
            if kind == "*":
                return None
    return found


class AnyAccount(Rule):
    """A role that a service may take for any customer: who knows its ARN can make the service use it for him.

    Source: IAM user guide, the confused deputy problem, cross-service prevention.
    """

    id = "W9520"
    shortdesc = "Trust in a service without the account it acts for"
    source_url = DEPUTY
    types = (ROLE,)

    def judge(self, r):
        for statement in statements(r, "AssumeRolePolicyDocument"):
            services = {v.value for kind, v in principals(statement) if kind == "Service" and known(v.value)}
            keys = {
                key.lower()
                for block in statement.blocks("Condition")
                for test in block.node
                for key in condition_keys(block, test)
            }
            if services & SENDS_SOURCE and services <= SENDS_SOURCE and not keys & SOURCE_KEYS:
                yield statement.fault("add a Condition on aws:SourceAccount or aws:SourceArn", "Principal")


def condition_keys(block, test: str):
    for inner in block.blocks(test):
        yield from map(str, inner.node)


class OpenTrust(Rule):
    """A role that everybody may take.

    Source: AWS Foundational Security Best Practices, IAM.21; IAM user guide, principal element.
    """

    id = "W9521"
    shortdesc = "Role that everybody may take"
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"
    types = (ROLE,)

    def judge(self, r):
        for statement in statements(r, "AssumeRolePolicyDocument"):
            for kind, value in principals(statement):
                everybody = value.value == "*" and kind in ("*", "AWS")
                if everybody and not any(True for _ in statement.blocks("Condition")) and not denies(statement):
                    yield value.fault("everybody may take this role; name who")


def denies(statement) -> bool:
    return any(value.value == "Deny" for value in statement.values("Effect"))


class TrustAction(Rule):
    """A trust policy allows sts:AssumeRole and its like; other actions mean nothing there.

    Source: IAM user guide, trust policies; the API's answer, "AssumeRole policy may only specify STS".
    """

    id = "E9522"
    shortdesc = "Trust policy with an action that is none of STS"
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html"
    types = (ROLE,)

    def judge(self, r):
        for statement in statements(r, "AssumeRolePolicyDocument"):
            for value in actions(statement):
                if isinstance(value.value, str) and not value.value.lower().startswith("sts:"):
                    yield value.fault(f"{value.value} has no place in a trust policy; write sts:AssumeRole")
