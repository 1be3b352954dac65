"""The two roles of a task, made only when no existing one is named."""

from awacs import ecr, logs, secretsmanager, ssmmessages
from awacs import kms as kms_actions
from awacs.aws import Allow, Statement
from troposphere import And, Condition, Equals, GetAtt, If, Ref, Sub, Tags, Template, iam

from templates.containers import LOG_GROUPS
from templates.parts import add_conditions, name_tag, note
from templates.policies import add_policy, trust

# Role: (parameter that names an existing one, condition under which it is made).
ROLES = {
    "ExecutionRole": ("ExecutionRoleName", "NeedsExecutionRole"),
    "TaskRole": ("TaskRoleName", "NeedsTaskRole"),
}


# What they may do, policy by policy: (the role, condition under which it is made, what it is for).
RIGHTS = {
    "ExecutionManagedPolicy": (
        "ExecutionRole",
        "NeedsExecutionRole",
        "Pull the images, read three secrets, write three log groups",
    ),
    "KeyManagedPolicy": ("ExecutionRole", "NeedsKeyPolicy", "Decrypt the secrets"),
    "ExecManagedPolicy": ("TaskRole", "NeedsExecPolicy", "Serve an operator's shell"),
}


def role_arn(role: str) -> If:
    """The ARN of the role that was made, or of the existing one."""
    parameter, needed = ROLES[role]
    existing = Sub(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/${{{parameter}}}")
    return If(needed, GetAtt(role, "Arn"), existing)


def add_roles(t: Template) -> None:
    """Add the execution role and the task role, each under the condition that no existing role is named.

    A policy names its role: it needs the secrets, which the role does not, so the role is made beside them. Who is
    the first to use the rights waits for rights_tags().
    """
    for parameter, needed in ROLES.values():
        t.add_condition(needed, Equals(Ref(parameter), ""))
    add_conditions(
        t,
        {
            "NeedsKeyPolicy": And(Condition("NeedsExecutionRole"), Condition("HasKey")),
            "NeedsExecPolicy": And(Condition("NeedsTaskRole"), Condition("IsExecutable")),
        },
    )
    note(t, "ExecutionRole", "With an existing role's name given, no role is made: a Learner Lab allows none.")
    _add_role(t, "ExecutionRole", "ECS itself: pulls images, reads secrets, writes logs")
    _add_role(t, "TaskRole", "The application: makes no AWS calls, so it may do nothing but serve an operator's shell")
    for statements, (title, (role, condition, purpose)) in zip(
        (_execution_statements(), _key_statements(), _exec_statements()), RIGHTS.items(), strict=True
    ):
        add_policy(t, title, condition, purpose, statements, role)


def rights_tags() -> Tags:
    """Tags that make a task definition wait for the rights of its roles, which nothing else in it names."""
    return Tags(**{title: If(condition, Ref(title), "none") for title, (_, condition, _) in RIGHTS.items()})


def _add_role(t, title, description):
    t.add_resource(
        iam.Role(
            title,
            Condition=ROLES[title][1],
            Description=description,
            AssumeRolePolicyDocument=trust("ecs-tasks.amazonaws.com", "ecs"),
            Tags=name_tag("task"),
        )
    )


def _execution_statements():
    return [
        # GetAuthorizationToken knows no resource (service authorization reference, Amazon ECR).
        Statement(Sid="RegistryLogin", Effect=Allow, Action=[ecr.GetAuthorizationToken], Resource=["*"]),
        Statement(
            Sid="PullImages",
            Effect=Allow,
            Action=[ecr.BatchCheckLayerAvailability, ecr.BatchGetImage, ecr.GetDownloadUrlForLayer],
            Resource=[Sub("arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/*")],
        ),
        Statement(
            Sid="ReadSecrets",
            Effect=Allow,
            Action=[secretsmanager.GetSecretValue],
            Resource=[Ref("MasterCredentialsArn"), Ref("AppCredentialsArn"), Ref("SessionSecret")],
        ),
        Statement(
            Sid="WriteLogs",
            Effect=Allow,
            Action=[logs.CreateLogStream, logs.PutLogEvents],
            Resource=[GetAtt(title, "Arn") for title in LOG_GROUPS.values()],
        ),
    ]


def _key_statements():
    return [Statement(Sid="DecryptSecrets", Effect=Allow, Action=[kms_actions.Decrypt], Resource=[Ref("KeyArn")])]


def _exec_statements():
    # These know no resource (service authorization reference, Amazon Session Manager Message Gateway Service).
    return [
        Statement(
            Sid="OpenShell",
            Effect=Allow,
            Action=[
                ssmmessages.CreateControlChannel,
                ssmmessages.CreateDataChannel,
                ssmmessages.OpenControlChannel,
                ssmmessages.OpenDataChannel,
            ],
            Resource=["*"],
        )
    ]
