"""Logs of the database: what MySQL records, and the log groups into which RDS copies it."""

from troposphere import If, Ref, Sub, Tags, Template, logs, rds

from templates.parts import OWN_KEY, accepted, name_tag, note, only_if

# Log of MySQL: (its log group, condition under which it leaves the instance). The general log stays off, for it has
# every value that anybody stores; it is named so that it has a group with an end, should an operator switch it on.
LOGS = {
    "error": ("ErrorLogGroup", "HasName"),
    "slowquery": ("SlowQueryLogGroup", "HasName"),
    "audit": ("AuditLogGroup", "HasNameAndAudit"),
    "general": ("GeneralLogGroup", "HasNameAndAudit"),
}

# Our own rule says that the general log is exported and not written: it is meant so.
NOT_WRITTEN = {"cfn-lint": {"config": {"ignore_checks": ["W9445"]}}}

# What the audit log records: logins, and statements that change tables or rights (RDS user guide, audit plugin).
AUDITED = "CONNECT,QUERY_DDL,QUERY_DCL"


def add_log_groups(t: Template) -> None:
    """Add the groups of MySQL's logs. RDS would make them itself, without an end; so they must be there first."""
    note(t, "ErrorLogGroup", "RDS writes to groups of these names. Only for an instance with a name are they known.")
    for log, (title, condition) in LOGS.items():
        t.add_resource(
            logs.LogGroup(
                title,
                Condition=condition,
                Metadata=accepted({"CKV_AWS_158": ("HasKey", OWN_KEY)}),
                DeletionPolicy="Delete",
                UpdateReplacePolicy="Delete",
                LogGroupName=Sub(f"/aws/rds/instance/${{DBInstanceIdentifier}}/{log}"),
                RetentionInDays=Ref("LogRetentionInDays"),
                KmsKeyId=only_if("HasKey", Ref("KeyArn")),
                Tags=name_tag("database"),
            )
        )


def add_option_group(t: Template) -> None:
    """Add what makes MySQL keep an audit log."""
    note(t, "OptionGroup", "Stays when the stack goes: RDS keeps the option group of a snapshot that is kept.")
    t.add_resource(
        rds.OptionGroup(
            "OptionGroup",
            Condition="HasAudit",
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
            EngineName="mysql",
            MajorEngineVersion="8.4",
            OptionGroupDescription="MySQL 8.4 with an audit log of logins and of changes of tables and rights",
            OptionConfigurations=[
                rds.OptionConfiguration(
                    OptionName="MARIADB_AUDIT_PLUGIN",
                    OptionSettings=[rds.OptionSetting(Name="SERVER_AUDIT_EVENTS", Value=AUDITED)],
                )
            ],
            Tags=name_tag("database"),
        )
    )


def exported_logs() -> If:
    """The logs that leave the instance."""
    always = [log for log, (_, condition) in LOGS.items() if condition == "HasName"]
    return only_if("HasName", If("HasAudit", list(LOGS), always))


def log_group_tags() -> Tags:
    """Tags that make the instance wait for the groups: RDS makes those that it misses, also while it is deleted."""
    return Tags(**{group: If(condition, Ref(group), "none") for group, condition in LOGS.values()})
