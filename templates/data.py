"""Data: the MySQL database and the secret that holds its password."""

from troposphere import GetAtt, Ref, Snapshot, Sub, Template, rds, secretsmanager

from templates.parts import add_outputs, add_parameters, name_tag, new_template, note

DESCRIPTION = "Data: RDS MySQL in the private subnets, its password generated and kept in Secrets Manager"

CHOICES = [
    "DBInstanceClass",
    "EngineVersion",
    "AllocatedStorage",
    "StorageType",
    "MultiAZ",
    "BackupRetentionPeriod",
    "DeletionProtection",
    "DBName",
    "MasterUsername",
]


def build() -> Template:
    """The data stack."""
    t = new_template(DESCRIPTION)
    add_parameters(t, [*CHOICES, "NamePrefix", "PrivateSubnetIds", "RdsSecurityGroupId"])
    add_credentials(t)
    add_database(t)
    add_outputs(
        t,
        {
            "DatabaseHost": ("Host name of the database", GetAtt("DBInstance", "Endpoint.Address")),
            "DatabasePort": ("TCP port of the database", GetAtt("DBInstance", "Endpoint.Port")),
            "DatabaseName": ("Name of the database inside MySQL", Ref("DBName")),
            "DatabaseCredentialsArn": ("Secret with the database's username and password", Ref("DatabaseSecret")),
        },
    )
    return t


def add_credentials(t: Template) -> None:
    """Add the secret with the master user.

    RDS can make the password itself (ManageMasterUserPassword), but then rotates it every 7 days, which running tasks
    do not notice, and refuses read replicas and blue/green deployments (RDS user guide, Secrets Manager).
    """
    note(
        t, "DatabaseSecret", "The password is generated here and read from here; it stands in no parameter and no log."
    )
    t.add_resource(
        secretsmanager.Secret(
            "DatabaseSecret",
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            Description=Sub("Master user of the database of ${NamePrefix}"),
            GenerateSecretString=secretsmanager.GenerateSecretString(
                SecretStringTemplate=Sub('{"username": "${MasterUsername}"}'),
                GenerateStringKey="password",
                PasswordLength=32,
                # RDS refuses / @ " and space in a master password (API reference, CreateDBInstance).
                ExcludeCharacters="/@\"'\\ ",
            ),
            Tags=name_tag("database"),
        )
    )


def add_database(t: Template) -> None:
    """Add the database instance. Its logical id and create-only properties must never change: data would be lost."""
    t.add_resource(
        rds.DBSubnetGroup(
            "DBSubnetGroup",
            DBSubnetGroupDescription="Private subnets, one a zone",
            SubnetIds=Ref("PrivateSubnetIds"),
            Tags=name_tag("database"),
        )
    )
    note(
        t,
        "DBInstance",
        "A change of DBName, MasterUsername, DBSubnetGroupName or StorageEncrypted replaces the instance.\n"
        "A snapshot is taken before it is deleted or replaced.",
    )
    t.add_resource(
        rds.DBInstance(
            "DBInstance",
            DeletionPolicy=Snapshot,
            UpdateReplacePolicy=Snapshot,
            Engine="mysql",
            EngineVersion=Ref("EngineVersion"),
            # Otherwise RDS bills extended support, many times the instance's price, when the version's support ends.
            EngineLifecycleSupport="open-source-rds-extended-support-disabled",
            AutoMinorVersionUpgrade=True,
            DBInstanceClass=Ref("DBInstanceClass"),
            AllocatedStorage=Ref("AllocatedStorage"),
            StorageType=Ref("StorageType"),
            StorageEncrypted=True,
            DBName=Ref("DBName"),
            MasterUsername=Ref("MasterUsername"),
            MasterUserPassword=Sub("{{resolve:secretsmanager:${DatabaseSecret}:SecretString:password}}"),
            DBSubnetGroupName=Ref("DBSubnetGroup"),
            VPCSecurityGroups=[Ref("RdsSecurityGroupId")],
            PubliclyAccessible=False,
            MultiAZ=Ref("MultiAZ"),
            BackupRetentionPeriod=Ref("BackupRetentionPeriod"),
            CopyTagsToSnapshot=True,
            DeletionProtection=Ref("DeletionProtection"),
            Tags=name_tag("database"),
        )
    )
