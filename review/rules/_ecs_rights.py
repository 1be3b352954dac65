"""What the roles of a task may do: as much as its secrets, logs and images need."""

from ._ecs_capacity import ROLE, attached
from ._ecs_wiring import SERVICE, TASK, targets
from ._nest import Reference, Rule, Text, flag, known, text, together
from ._policies import actions, allows, resources, statements

GUIDE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  a resource type, no password


class ExecWithoutRights(Rule):
    """ECS Exec opens its channel with ssmmessages, in the task role, and must write to the container's file system.

    Source: ECS developer guide, ECS Exec, considerations and IAM permissions.
    """

    id = "W9369"
    shortdesc = "ECS Exec that cannot work"
    source_url = GUIDE + "ecs-exec.html"
    types = (SERVICE,)

    def judge(self, r):
        switches = [flag(v["EnableExecuteCommand"]) for v in r.variants("EnableExecuteCommand")]
        for task, _ in targets(r, "TaskDefinition", TASK) if True in switches else ():
            for role, _ in targets(task, "TaskRoleArn", ROLE):
                if not may(role, "ssmmessages:"):
                    yield r.fault(f"allow ssmmessages:* channels in task role {role.id}", "EnableExecuteCommand")
            roots = [flag(value.value) for value in task.values("ContainerDefinitions.*.ReadonlyRootFilesystem")]
            containers = list(task.blocks("ContainerDefinitions"))
            if all(switches) and containers and roots == [True] * len(containers):
                yield r.fault(
                    "no container can write its root file system, which ECS Exec needs", "EnableExecuteCommand"
                )


class ExecutionRoleMayNot(Rule):
    """The execution role must be allowed what ECS does in its name, else no task starts.

    Judged only if all its policies are in the nest: a managed policy by ARN may allow more.
    Source: ECS developer guide, task execution role, permissions for secrets, logs and private images.
    """

    id = "E9371"
    shortdesc = "Execution role may not do what the task needs"
    source_url = GUIDE + "task_execution_IAM_role.html"
    types = (TASK,)
    needs = (
        ("ContainerDefinitions.*.LogConfiguration.LogDriver", "logs:PutLogEvents", "write its logs"),
        ("ContainerDefinitions.*.Secrets.*.ValueFrom", "secretsmanager:GetSecretValue", "read its secrets"),
    )

    def judge(self, r):
        for role, held in targets(r, "ExecutionRoleArn", ROLE):
            for path, action, purpose in self.needs:
                for value in r.values(path):
                    wanted = secret_of(value.value) if "Secrets" in path else value.value == "awslogs"
                    if (
                        wanted
                        and together(held.where, value.where)
                        and not may(role, action, wanted if "Secrets" in path else None)
                    ):
                        yield held.fault(f"role {role.id} may not {purpose}: allow {action}")
                        break


def secret_of(source):
    """The secret of the nest that ValueFrom names, if it is one."""
    first = source.parts[0] if isinstance(source, Text) else source
    return first if isinstance(first, Reference) and first.resource.type == SECRET else None


def may(role, action: str, on=None) -> bool:
    """Can the role have a right (on a resource)? What is not wholly known may give it."""
    if any(True for _ in role.values("ManagedPolicyArns.*")):
        return True
    found = [*statements(role, "Policies.*.PolicyDocument")]
    for policy in attached(role):
        found.extend(statements(policy, "PolicyDocument"))
    return any(
        allows(statement)
        and any(fits(value.value, action) for value in actions(statement))
        and (on is None or any(covers(value.value, on) for value in resources(statement)))
        for statement in found
    )


def fits(pattern, action: str) -> bool:
    """Does what stands in Action include the action, or its beginning?"""
    if not known(pattern):
        return True
    stem, star, _ = text(pattern).lower().partition("*")
    return action.lower().startswith(stem) if star else stem.startswith(action.lower())


def covers(resource, on) -> bool:
    """Is it the resource, or can it be?"""
    if isinstance(resource, Reference):
        return (resource.resource.id, resource.resource.view.key) == (on.resource.id, on.resource.view.key)
    return True
