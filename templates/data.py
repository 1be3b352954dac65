"""Data: the MySQL database, its replicas, and the secrets of its users."""

from troposphere import And, Condition, GetAtt, If, Join, Not, NoValue, Ref, Snapshot, Sub, Tags, Template, logs, rds

from templates.database_roles import add_credentials, add_monitoring_role
from templates.parameters import DATABASE
from templates.parts import (
    OWN_KEY,
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

# Log of MySQL: its log group.
LOGS = {"error": "ErrorLogGroup", "slowquery": "SlowQueryLogGroup"}

# What checkov finds and why it is so.
ACCEPTED = {
    "CKV_AWS_161": "The application logs in over TLS with a generated password; an IAM token would need clear-text"
    " authentication in the driver",
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
            "HasReplica1": Not(chosen("ReadReplicas", 0)),
            "HasReplica2": chosen("ReadReplicas", 2),
            "IsInsightful": chosen("PerformanceInsights"),
            "IsInsightfulWithKey": And(Condition("IsInsightful"), Condition("HasKey")),
        },
    )
    add_credentials(t)
    add_monitoring_role(t)
    add_log_groups(t)
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


def add_log_groups(t: Template) -> None:
    """Add the groups of MySQL's logs. RDS would make them itself, without an end; so they must be there first."""
    note(t, "ErrorLogGroup", "RDS writes to groups of these names. Only for an instance with a name are they known.")
    for log, title in LOGS.items():
        t.add_resource(
            logs.LogGroup(
                title,
                Condition="HasName",
                Metadata=accepted({"CKV_AWS_158": ("HasKey", OWN_KEY)}),
                DeletionPolicy="Delete",
                UpdateReplacePolicy="Delete",
                LogGroupName=Sub(f"/aws/rds/instance/${{DBInstanceIdentifier}}/{log}"),
                RetentionInDays=Ref("LogRetentionInDays"),
                KmsKeyId=only_if("HasKey", Ref("KeyArn")),
                Tags=name_tag("database"),
            )
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
            Metadata=accepted(ACCEPTED),
            **_identity(),
            **_engine(),
            **_storage(),
            **_network(),
            **_backup(),
            **_watching(),
            # RDS makes the groups itself where it finds none, also while it is deleted: the tags make it wait for them.
            Tags=name_tag("database") + Tags(**{group: If("HasName", Ref(group), "none") for group in LOGS.values()}),
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
        "EnableCloudwatchLogsExports": only_if("HasName", list(LOGS)),
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
