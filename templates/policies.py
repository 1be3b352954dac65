"""Policy documents that more than one stack writes."""

from awacs import s3, sts
from awacs.aws import (
    Allow,
    ArnLike,
    Bool,
    Condition,
    Deny,
    PolicyDocument,
    Principal,
    Statement,
    StringEquals,
)
from troposphere import AccountId, GetAtt, Ref, Sub, Template, iam


def trust(service: str, source: str | None = None) -> PolicyDocument:
    """Who may take a role: a service, and only for this account (IAM user guide, the confused deputy problem).

    `source` is the service's part of the ARNs on whose behalf it may act, as in ecs.
    """
    conditions = [StringEquals({"aws:SourceAccount": AccountId})]
    if source:
        arn = Sub(f"arn:${{AWS::Partition}}:{source}:${{AWS::Region}}:${{AWS::AccountId}}:*")
        conditions.append(ArnLike({"aws:SourceArn": arn}))
    return PolicyDocument(
        Version="2012-10-17",
        Statement=[
            Statement(
                Effect=Allow,
                Principal=Principal("Service", service),
                Action=[sts.AssumeRole],
                Condition=Condition(conditions),
            )
        ],
    )


def add_policy(
    t: Template, title: str, condition: str, description: str, statements: list[Statement], role: str | None = None
) -> None:
    """Add a managed policy under a condition. It names its role, or roles name it."""
    of_role = {"Roles": [Ref(role)]} if role else {}
    t.add_resource(
        iam.ManagedPolicy(
            title,
            Condition=condition,
            Description=description,
            **of_role,
            PolicyDocument=PolicyDocument(Version="2012-10-17", Statement=statements),
        )
    )


def tls_only(bucket: str) -> Statement:
    """Refuse whoever talks to the bucket without TLS."""
    return Statement(
        Sid="TlsOnly",
        Effect=Deny,
        Principal=Principal("*"),
        Action=[s3.Action("*")],
        Resource=[GetAtt(bucket, "Arn"), Sub(f"${{{bucket}.Arn}}/*")],
        Condition=Condition(Bool({"aws:SecureTransport": "false"})),
    )


def delivery(bucket: str, service: str, conditions: list | None = None) -> Statement:
    """Let a service of AWS put logs of this account into the bucket."""
    return Statement(
        Sid="LogDelivery",
        Effect=Allow,
        Principal=Principal("Service", service),
        Action=[s3.PutObject],
        Resource=[Sub(f"${{{bucket}.Arn}}/AWSLogs/${{AWS::AccountId}}/*")],
        Condition=Condition([StringEquals({"aws:SourceAccount": AccountId}), *(conditions or [])]),
    )


def delivery_check(bucket: str, service: str) -> Statement:
    """Let the service look whether it may put logs there (CloudWatch Logs user guide, permissions for vended logs)."""
    return Statement(
        Sid="LogDeliveryCheck",
        Effect=Allow,
        Principal=Principal("Service", service),
        Action=[s3.GetBucketAcl],
        Resource=[GetAtt(bucket, "Arn")],
        Condition=Condition(StringEquals({"aws:SourceAccount": AccountId})),
    )
