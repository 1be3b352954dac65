"""Data: the MySQL database, its replicas, and the secrets of its users."""

from troposphere import And, Condition, GetAtt, If, Join, Not, NoValue, Ref, Snapshot, Sub, Template, rds

from templates.database_logs import NOT_WRITTEN, add_log_groups, add_option_group, exported_logs, log_group_tags
from templates.database_roles import add_credentials, add_monitoring_role
from templates.parameters import DATABASE
from templates.parts import (
    accepted,
    add_conditions,
    add_outputs,
    add_parameters,
    chosen,
    given,
    name_tag,
    new_template,
    note,
    only_if,
)

DESCRIPTION = (
    "Data: RDS MySQL and its replicas, reached by the tasks only; passwords generated and kept in Secrets Manager"
)

WIRING = ["NamePrefix", "DatabaseSubnetIds", "RdsSecurityGroupId", "KeyArn"]

# Parameters of MySQL. Clients must use TLS; what takes longer than a second is logged.
PARAMETERS = {
    "require_secure_transport": "1",
    "character_set_server": "utf8mb4",
    "collation_server": "utf8mb4_0900_ai_ci",
    "log_output": "FILE",
    "slow_query_log": "1",
    "long_query_time": "1",
    "time_zone": "UTC",
}

# What checkov finds and why it is so.
ACCEPTED = {
    "CKV_AWS_161": (
        "HasIamLogin",
        "The application logs in over TLS with a generated password; IAM for people is a choice:"
        " EnableIAMDatabaseAuthentication",
    ),
    "CKV_AWS_157": ("IsMultiAZ", "A standby doubles the price; it is a choice: MultiAZ"),
    "CKV_AWS_118": ("HasMonitoring", "Enhanced monitoring needs a role; it is a choice: MonitoringInterval"),
}
ACCEPTED_OF_REPLICAS = ACCEPTED | {
    "CKV_AWS_16": "A replica is encrypted as its source is, and may not say so itself",
    "CKV_AWS_157": "A replica is a second copy itself",
}

REPLICAS = {"ReplicaDBInstance1": "HasReplica1", "ReplicaDBInstance2": "HasReplica2"}


def build() -> Template:
    """The data stack."""
    t = new_template(DESCRIPTION)
    add_parameters(t, [*DATABASE, "LogRetentionInDays", *WIRING])
    add_conditions(
        t,
        {
            "HasKey": given("KeyArn"),
            "HasSnapshot": given("DBSnapshotIdentifier"),
            "HasName": given("DBInstanceIdentifier"),
            "HasStorageScaling": Not(chosen("MaxAllocatedStorage", 0)),
            "HasMonitoring": Not(chosen("MonitoringInterval", 0)),
            "IsMultiAZ": chosen("MultiAZ"),
            "HasIamLogin": chosen("EnableIAMDatabaseAuthentication"),
            "HasAudit": chosen("AuditLog"),
            "HasNameAndAudit": And(Condition("HasName"), Condition("HasAudit")),
            "HasReplica1": Not(chosen("ReadReplicas", 0)),
            "HasReplica2": chosen("ReadReplicas", 2),
            "IsInsightful": chosen("PerformanceInsights"),
            "IsInsightfulWithKey": And(Condition("IsInsightful"), Condition("HasKey")),
        },
    )
    add_credentials(t)
    add_monitoring_role(t)
    add_log_groups(t)
    add_option_group(t)
    add_database(t)
    add_replicas(t)
    add_data_outputs(t)
    return t


def add_data_outputs(t: Template) -> None:
    """Add what the other stacks and the deployment take."""
    first, second = (GetAtt(replica, "Endpoint.Address") for replica in REPLICAS)
    add_outputs(
        t,
        {
            "DatabaseHost": GetAtt("DBInstance", "Endpoint.Address"),
            "DatabasePort": GetAtt("DBInstance", "Endpoint.Port"),
            "DatabaseReaderHosts": If("HasReplica2", Join(",", [first, second]), If("HasReplica1", first, "")),
            "DatabaseName": Ref("DBName"),
            "MasterCredentialsArn": Ref("DatabaseSecret"),
            "AppCredentialsArn": Ref("AppUserSecret"),
            "DatabaseInstanceId": Ref("DBInstance"),
            "Replica1InstanceId": If("HasReplica1", Ref("ReplicaDBInstance1"), ""),
            "Replica2InstanceId": If("HasReplica2", Ref("ReplicaDBInstance2"), ""),
            "FinalSnapshot": Ref("FinalSnapshot"),
        },
    )


def add_database(t: Template) -> None:
    """Add the database instance. Its logical id and create-only properties must never change: data would be lost."""
    t.add_resource(
        rds.DBSubnetGroup(
            "DBSubnetGroup",
            DBSubnetGroupDescription="Subnets of the database, one a zone",
            SubnetIds=Ref("DatabaseSubnetIds"),
            Tags=name_tag("database"),
        )
    )
    t.add_resource(
        rds.DBParameterGroup(
            "DBParameterGroup",
            Description="MySQL 8.4: TLS required, slow queries logged, every character stored",
            Family="mysql8.4",
            Parameters=PARAMETERS,
            Tags=name_tag("database"),
        )
    )
    note(
        t,
        "DBInstance",
        "NEVER CHANGE, or the database is replaced: this logical id, DBName, MasterUsername, DBSubnetGroupName,\n"
        "StorageEncrypted, KmsKeyId, DBInstanceIdentifier, DBSnapshotIdentifier.\n"
        "A snapshot is taken before it is deleted or replaced.",
    )
    t.add_resource(
        rds.DBInstance(
            "DBInstance",
            validation=False,  # it takes properties under conditions that exclude each other for a contradiction
            DeletionPolicy=Snapshot,
            UpdateReplacePolicy=Snapshot,
            Metadata=accepted(ACCEPTED) | NOT_WRITTEN,
            **_identity(),
            **_engine(),
            **_storage(),
            **_network(),
            **_backup(),
            **_watching(),
            Tags=name_tag("database") + log_group_tags(),
        )
    )


def _unless_restored(value):
    """What a snapshot already says must not be said again (API reference, RestoreDBInstanceFromDBSnapshot)."""
    return If("HasSnapshot", NoValue, value)


def _identity():
    return {
        "DBInstanceIdentifier": only_if("HasName", Ref("DBInstanceIdentifier")),
        "DBSnapshotIdentifier": only_if("HasSnapshot", Ref("DBSnapshotIdentifier")),
        "DBName": _unless_restored(Ref("DBName")),
        "MasterUsername": _unless_restored(Ref("MasterUsername")),
        "EnableIAMDatabaseAuthentication": Ref("EnableIAMDatabaseAuthentication"),
        "MasterUserPassword": Sub("{{resolve:secretsmanager:${DatabaseSecret}:SecretString:password}}"),
    }


def _engine():
    return {
        "Engine": "mysql",
        "EngineVersion": Ref("EngineVersion"),
        # Otherwise RDS bills extended support, many times the instance's price, when the version's support ends.
        "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "AutoMinorVersionUpgrade": True,
        "DBInstanceClass": Ref("DBInstanceClass"),
        "DBParameterGroupName": Ref("DBParameterGroup"),
        "OptionGroupName": only_if("HasAudit", Ref("OptionGroup")),
    }


def _storage():
    return {
        "AllocatedStorage": Ref("AllocatedStorage"),
        "MaxAllocatedStorage": only_if("HasStorageScaling", Ref("MaxAllocatedStorage")),
        "StorageType": Ref("StorageType"),
        "StorageEncrypted": _unless_restored(True),
        "KmsKeyId": If("HasSnapshot", NoValue, only_if("HasKey", Ref("KeyArn"))),
    }


def _network():
    return {
        "DBSubnetGroupName": Ref("DBSubnetGroup"),
        "VPCSecurityGroups": [Ref("RdsSecurityGroupId")],
        "PubliclyAccessible": False,
        "MultiAZ": Ref("MultiAZ"),
        "CACertificateIdentifier": "rds-ca-rsa2048-g1",
    }


def _backup():
    return {
        "BackupRetentionPeriod": Ref("BackupRetentionPeriod"),
        # UTC; two hours apart, for RDS refuses windows that overlap.
        "PreferredBackupWindow": "02:00-03:00",
        "PreferredMaintenanceWindow": "sun:04:00-sun:05:00",
        "CopyTagsToSnapshot": True,
        "DeletionProtection": Ref("DeletionProtection"),
    }


def _watching():
    return {
        "EnableCloudwatchLogsExports": exported_logs(),
        "EnablePerformanceInsights": Ref("PerformanceInsights"),
        "PerformanceInsightsRetentionPeriod": only_if("IsInsightful", 7),
        "PerformanceInsightsKMSKeyId": only_if("IsInsightfulWithKey", Ref("KeyArn")),
        "MonitoringInterval": Ref("MonitoringInterval"),
        "MonitoringRoleArn": only_if("HasMonitoring", GetAtt("MonitoringRole", "Arn")),
    }


def add_replicas(t: Template) -> None:
    """Add the copies that answer reads. They hold nothing of their own, so no snapshot is taken of them."""
    note(t, "ReplicaDBInstance1", "Copies that answer reads, if asked for.")
    for title, condition in REPLICAS.items():
        t.add_resource(
            rds.DBInstance(
                title,
                validation=False,
                Condition=condition,
                DeletionPolicy="Delete",
                UpdateReplacePolicy="Delete",
                Metadata=accepted(ACCEPTED_OF_REPLICAS),
                SourceDBInstanceIdentifier=Ref("DBInstance"),
                DBInstanceClass=Ref("DBInstanceClass"),
                DBParameterGroupName=Ref("DBParameterGroup"),
                EnableIAMDatabaseAuthentication=Ref("EnableIAMDatabaseAuthentication"),
                EngineLifecycleSupport="open-source-rds-extended-support-disabled",
                AutoMinorVersionUpgrade=True,
                StorageType=Ref("StorageType"),
                VPCSecurityGroups=[Ref("RdsSecurityGroupId")],
                PubliclyAccessible=False,
                CACertificateIdentifier="rds-ca-rsa2048-g1",
                CopyTagsToSnapshot=True,
                PreferredMaintenanceWindow="sun:05:30-sun:06:30",
                **{key: value for key, value in _watching().items() if key != "EnableCloudwatchLogsExports"},
                Tags=name_tag("replica"),
            )
        )
