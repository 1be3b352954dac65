"""The two roles of a task, made only when no existing one is named."""

from awacs import ecr, logs, secretsmanager, sts
from awacs.aws import Allow, PolicyDocument, Principal, Statement
from troposphere import Equals, GetAtt, Ref, Sub, Template, iam

from templates.containers import LOG_GROUPS
from templates.parts import name_tag, note


def add_roles(t: Template) -> None:
    """Add the execution role and the task role, each under the condition that no existing role is named."""
    t.add_condition("NeedsExecutionRole", Equals(Ref("ExecutionRoleName"), ""))
    t.add_condition("NeedsTaskRole", Equals(Ref("TaskRoleName"), ""))
    note(t, "ExecutionRole", "With the name of an existing role given, no role is made: a Learner Lab allows none.")
    t.add_resource(_role("ExecutionRole", "NeedsExecutionRole", "ECS itself: pulls images, reads secrets, writes logs"))
    t.add_resource(
        iam.ManagedPolicy(
            "ExecutionManagedPolicy",
            Condition="NeedsExecutionRole",
            Description="Pull the images, read two secrets, write three log groups",
            Roles=[Ref("ExecutionRole")],
            PolicyDocument=_execution_policy(),
        )
    )
    t.add_resource(_role("TaskRole", "NeedsTaskRole", "The application: makes no AWS calls, so it may do nothing"))


def _role(title, condition, description):
    return iam.Role(
        title,
        Condition=condition,
        Description=description,
        AssumeRolePolicyDocument=PolicyDocument(
            Version="2012-10-17",
            Statement=[
                Statement(
                    Effect=Allow, Principal=Principal("Service", "ecs-tasks.amazonaws.com"), Action=[sts.AssumeRole]
                )
            ],
        ),
        Tags=name_tag("task"),
    )


def _execution_policy():
    return PolicyDocument(
        Version="2012-10-17",
        Statement=[
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
                Resource=[Ref("DatabaseCredentialsArn"), Ref("SessionSecret")],
            ),
            Statement(
                Sid="WriteLogs",
                Effect=Allow,
                Action=[logs.CreateLogStream, logs.PutLogEvents],
                Resource=[GetAtt(title, "Arn") for title in LOG_GROUPS.values()],
            ),
        ],
    )
