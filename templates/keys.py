"""Keys: one customer-managed key for all that is kept. The stack exists only where it is asked for."""

from awacs import kms as actions
from awacs.aws import Allow, ArnLike, Condition, PolicyDocument, Principal, Statement, StringEquals
from troposphere import AccountId, GetAtt, Sub, Template, kms

from templates.parts import add_outputs, add_parameters, name_tag, new_template, note

DESCRIPTION = "Keys: one customer-managed key for database, secrets, logs and alarms"

USE = [
    actions.Encrypt,
    actions.Decrypt,
    actions.ReEncryptFrom,
    actions.ReEncryptTo,
    actions.GenerateDataKey,
    actions.DescribeKey,
]


# Who writes to the topic of the alarms (templates/monitoring.py), and so must use the key that it is encrypted with.
ALARMING_SERVICES = ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"]


def build() -> Template:
    """The keys stack."""
    t = new_template(DESCRIPTION)
    add_parameters(t, ["NamePrefix"])
    note(t, "Key", "Stays when the stack goes: a snapshot of the database cannot be read without it.")
    t.add_resource(
        kms.Key(
            "Key",
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
            Description=Sub("What ${NamePrefix} keeps: database, secrets, logs, alarms"),
            EnableKeyRotation=True,
            PendingWindowInDays=30,
            KeyPolicy=_policy(),
            Tags=name_tag("key"),
        )
    )
    add_outputs(t, {"KeyArn": GetAtt("Key", "Arn")})
    return t


def _policy():
    """Who may use the key. Resource * in a key's policy is this key (KMS developer guide, key policies)."""
    return PolicyDocument(
        Version="2012-10-17",
        Statement=[
            Statement(
                Sid="AccountDecidesByIam",
                Effect=Allow,
                Principal=Principal("AWS", Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")),
                Action=[actions.Action("*")],
                Resource=["*"],
            ),
            Statement(
                Sid="LogGroupsOfThisAccount",
                Effect=Allow,
                Principal=Principal("Service", Sub("logs.${AWS::Region}.${AWS::URLSuffix}")),
                Action=USE,
                Resource=["*"],
                Condition=Condition(
                    ArnLike(
                        {
                            "kms:EncryptionContext:aws:logs:arn": Sub(
                                "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*"
                            )
                        }
                    )
                ),
            ),
            Statement(
                Sid="AlarmsOfThisAccount",
                Effect=Allow,
                Principal=Principal("Service", ALARMING_SERVICES),
                Action=[actions.Decrypt, actions.GenerateDataKey],
                Resource=["*"],
                Condition=Condition(StringEquals({"aws:SourceAccount": AccountId})),
            ),
        ],
    )
