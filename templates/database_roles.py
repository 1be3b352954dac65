"""Who the database knows: its master, the application's user; and the role that watches it."""

from troposphere import Ref, Sub, Template, iam, secretsmanager

from templates.parts import OWN_KEY, accepted, name_tag, note, only_if
from templates.policies import trust

# What MySQL's own quoting, a shell and a URL leave in peace. RDS refuses / @ " and space in a master password (API
# reference, CreateDBInstance).
NOT_IN_PASSWORDS = "/@\"'\\ `$%:?#"

APP_USER = "flaskcrud_app"


def add_credentials(t: Template) -> None:
    """Add the secrets of the master user and of the application's own user.

    RDS can make the master's password itself (ManageMasterUserPassword), but then rotates it every 7 days, which
    running tasks do not notice, and refuses read replicas and blue/green deployments (RDS user guide).
    """
    note(
        t,
        "DatabaseSecret",
        "Passwords are generated here and read from here; they stand in no parameter and no log. The master's is for\n"
        "migrations only, which make the application's user: it may read and write rows and nothing else.",
    )
    _secret(t, "DatabaseSecret", "Master user of the database of ${NamePrefix}: migrations only", "${MasterUsername}")
    _secret(t, "AppUserSecret", "The application's own user in the database of ${NamePrefix}", APP_USER)


def _secret(t, title, description, username):
    t.add_resource(
        secretsmanager.Secret(
            title,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            Metadata=accepted({"CKV_AWS_149": ("HasKey", OWN_KEY)}),
            Description=Sub(description),
            KmsKeyId=only_if("HasKey", Ref("KeyArn")),
            GenerateSecretString=secretsmanager.GenerateSecretString(
                SecretStringTemplate=Sub(f'{{"username": "{username}"}}')
                if "$" in username
                else f'{{"username": "{username}"}}',
                GenerateStringKey="password",
                PasswordLength=32,
                ExcludeCharacters=NOT_IN_PASSWORDS,
            ),
            Tags=name_tag("database"),
        )
    )


def add_monitoring_role(t: Template) -> None:
    """Add the role of RDS's enhanced monitoring, with the policy that AWS keeps for it."""
    t.add_resource(
        iam.Role(
            "MonitoringRole",
            Condition="HasMonitoring",
            Description="RDS: sends records of the database's operating system to CloudWatch Logs",
            AssumeRolePolicyDocument=trust("monitoring.rds.amazonaws.com", "rds"),
            ManagedPolicyArns=[
                Sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole")
            ],
            Tags=name_tag("database"),
        )
    )
