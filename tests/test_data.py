"""The database: private, encrypted, kept; its passwords generated."""

import json

import pytest

from tests.nest import ENVIRONMENTS, OUT, flat, of_type, stack

# A change of any of these replaces the instance, and so loses its data (resource schema, createOnlyProperties; those of
# conditionalCreateOnlyProperties that this template uses beside them). This list grows only before the first release.
NEVER_CHANGE = {
    "DBInstanceIdentifier": {"Fn::If": ["HasName", {"Ref": "DBInstanceIdentifier"}, {"Ref": "AWS::NoValue"}]},
    "DBName": {"Fn::If": ["HasSnapshot", {"Ref": "AWS::NoValue"}, {"Ref": "DBName"}]},
    "DBSnapshotIdentifier": {"Fn::If": ["HasSnapshot", {"Ref": "DBSnapshotIdentifier"}, {"Ref": "AWS::NoValue"}]},
    "DBSubnetGroupName": {"Ref": "DBSubnetGroup"},
    "Engine": "mysql",
    "KmsKeyId": {
        "Fn::If": [
            "HasSnapshot",
            {"Ref": "AWS::NoValue"},
            {"Fn::If": ["HasKey", {"Ref": "KeyArn"}, {"Ref": "AWS::NoValue"}]},
        ]
    },
    "MasterUsername": {"Fn::If": ["HasSnapshot", {"Ref": "AWS::NoValue"}, {"Ref": "MasterUsername"}]},
    "StorageEncrypted": {"Fn::If": ["HasSnapshot", {"Ref": "AWS::NoValue"}, True]},
}


def database(env: str | None = None, **parameters: str) -> dict:
    return of_type(flat(env, **parameters), "AWS::RDS::DBInstance")["DataDBInstance"]


def test_what_holds_the_data_keeps_its_identity():
    """Never to be changed: to make this test pass after a change of them is to lose somebody's database."""
    properties = stack("data")["Resources"]["DBInstance"]["Properties"]
    assert {name: properties.get(name) for name in NEVER_CHANGE} == NEVER_CHANGE
    assert stack("root")["Resources"]["Data"]["Properties"]["TemplateURL"] == "data.yaml"
    assert set(stack("data")["Resources"]) >= {"DBInstance", "DatabaseSecret", "AppUserSecret", "DBSubnetGroup"}
    defaults = {name: stack("data")["Parameters"][name]["Default"] for name in ("DBName", "MasterUsername")}
    assert defaults == {"DBName": "flaskcrud", "MasterUsername": "flaskcrud"}


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_mysql_8_4_private_and_encrypted(env):
    given = database(env)
    assert (given["Engine"], given["EngineVersion"]) == ("mysql", "8.4")
    assert given["PubliclyAccessible"] is False
    assert given["StorageEncrypted"] is True
    assert given["VPCSecurityGroups"] == [{"Ref": "NetworkRdsSecurityGroup"}]
    # No bill for extended support.
    assert given["EngineLifecycleSupport"] == "open-source-rds-extended-support-disabled"


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_kept_when_deleted_or_replaced(env):
    body = flat(env)["DataDBInstance"]
    assert (body["DeletionPolicy"], body["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")


def test_final_snapshot_is_kept_or_deleted_as_the_environment_says():
    from tests.nest import nest

    says = {env: nest(env).flat["Outputs"]["FinalSnapshot"]["Value"] for env in ENVIRONMENTS}
    assert says == {"lab": "delete", "reference": "keep", "standard": "keep", "production": "keep"}


@pytest.mark.parametrize(("title", "user"), [("DatabaseSecret", "flaskcrud"), ("AppUserSecret", "flaskcrud_app")])
def test_passwords_are_generated(title, user):
    generated = of_type(flat(), "AWS::SecretsManager::Secret")[f"Data{title}"]["GenerateSecretString"]
    assert generated["GenerateStringKey"] == "password"
    assert json.loads(generated["SecretStringTemplate"]) == {"username": user}
    # What RDS refuses in a master password (CreateDBInstance).
    assert set('/@" ') <= set(generated["ExcludeCharacters"])
    assert 8 <= generated["PasswordLength"] <= 41


def test_the_masters_password_is_only_referred_to():
    assert database()["MasterUserPassword"] == {
        "Fn::Sub": "{{resolve:secretsmanager:${DataDatabaseSecret}:SecretString:password}}"
    }


@pytest.mark.parametrize("path", sorted(OUT.glob("*.yaml")), ids=lambda path: path.name)
def test_no_parameter_takes_a_password(path):
    assert not [name for name in stack(path.stem).get("Parameters", {}) if "password" in name.lower()]


def test_parameter_group_wants_tls_logs_slow_queries_and_stores_every_character():
    group = of_type(flat(), "AWS::RDS::DBParameterGroup")["DataDBParameterGroup"]
    assert group["Family"] == "mysql8.4"
    wanted = {
        "require_secure_transport": "1",
        "slow_query_log": "1",
        "log_output": "FILE",
        "character_set_server": "utf8mb4",
    }
    assert wanted.items() <= group["Parameters"].items()
    assert database()["DBParameterGroupName"] == {"Ref": "DataDBParameterGroup"}


def test_storage_grows_only_if_asked():
    assert "MaxAllocatedStorage" not in database(MaxAllocatedStorage="0")
    assert database(MaxAllocatedStorage="200")["MaxAllocatedStorage"] == 200


@pytest.mark.parametrize("count", [0, 1, 2])
def test_replicas(count):
    resources = flat(ReadReplicas=str(count))
    replicas = {
        title: item
        for title, item in of_type(resources, "AWS::RDS::DBInstance").items()
        if "SourceDBInstanceIdentifier" in item
    }
    assert list(replicas) == [f"DataReplicaDBInstance{number}" for number in range(1, count + 1)]
    for title, item in replicas.items():
        assert item["SourceDBInstanceIdentifier"] == {"Ref": "DataDBInstance"}
        assert item["PubliclyAccessible"] is False
        # RDS takes no final snapshot of a replica.
        assert resources[title]["DeletionPolicy"] == "Delete"
    app = next(item for item in task(resources)["ContainerDefinitions"] if item["Name"] == "app")
    (hosts,) = [item["Value"] for item in app["Environment"] if item["Name"] == "DATABASE_READER_HOST"]
    assert str(hosts).count("Endpoint.Address") == count
    assert database()["BackupRetentionPeriod"] > 0, "a source needs backups"


def task(resources):
    return of_type(resources, "AWS::ECS::TaskDefinition")["ComputeTaskDefinition"]


def test_restored_from_a_snapshot_says_nothing_that_the_snapshot_says():
    restored = database(DBSnapshotIdentifier="before-the-fire", CustomerManagedKey="true")
    assert restored["DBSnapshotIdentifier"] == "before-the-fire"
    assert not {"DBName", "MasterUsername", "StorageEncrypted", "KmsKeyId"} & set(restored)
    assert "MasterUserPassword" in restored, "the snapshot's password is replaced by the secret's"


def test_logs_leave_the_instance_only_into_groups_that_end():
    named = flat(DBInstanceIdentifier="shop", LogRetentionInDays="14")
    groups = of_type(named, "AWS::Logs::LogGroup")
    for log in database(DBInstanceIdentifier="shop")["EnableCloudwatchLogsExports"]:
        (group,) = [item for item in groups.values() if item.get("LogGroupName") == f"/aws/rds/instance/shop/{log}"]
        assert group["RetentionInDays"] == 14
    assert "EnableCloudwatchLogsExports" not in database()


def test_the_database_is_made_after_its_log_groups_and_deleted_before_them():
    """RDS makes the groups itself, without an end, when it finds none."""
    tags = {item["Key"]: item["Value"] for item in database(DBInstanceIdentifier="shop")["Tags"]}
    assert tags["ErrorLogGroup"] == {"Ref": "DataErrorLogGroup"}
    assert tags["SlowQueryLogGroup"] == {"Ref": "DataSlowQueryLogGroup"}


def test_a_replica_can_be_taken_away_although_the_database_is_protected():
    replica = of_type(flat(ReadReplicas="1", DeletionProtection="true"), "AWS::RDS::DBInstance")[
        "DataReplicaDBInstance1"
    ]
    assert "DeletionProtection" not in replica


def test_insights_and_enhanced_monitoring_only_if_asked():
    assert database()["EnablePerformanceInsights"] is False
    assert database()["MonitoringInterval"] == 0
    assert "MonitoringRoleArn" not in database()
    asked = database(PerformanceInsights="true", DBInstanceClass="db.m7g.large", MonitoringInterval="60")
    assert asked["EnablePerformanceInsights"] is True
    assert asked["MonitoringRoleArn"] == {"Fn::GetAtt": ["DataMonitoringRole", "Arn"]}


def test_production_survives_a_zone_and_a_mistake():
    given = database("production")
    assert given["MultiAZ"] is True
    assert given["DeletionProtection"] is True
    assert given["BackupRetentionPeriod"] >= 30
    assert given["KmsKeyId"] == {"Fn::GetAtt": ["KeysKey", "Arn"]}


def test_the_audit_log_is_kept_only_if_asked_and_leaves_the_instance_into_groups_that_end():
    assert not of_type(flat(DBInstanceIdentifier="shop"), "AWS::RDS::OptionGroup")
    named = flat(DBInstanceIdentifier="shop", AuditLog="true")
    given = of_type(named, "AWS::RDS::DBInstance")["DataDBInstance"]
    assert given["OptionGroupName"] == {"Ref": "DataOptionGroup"}
    assert given["EnableCloudwatchLogsExports"] == ["error", "slowquery", "audit", "general"]
    names = {item.get("LogGroupName") for item in of_type(named, "AWS::Logs::LogGroup").values()}
    assert names >= {f"/aws/rds/instance/shop/{log}" for log in given["EnableCloudwatchLogsExports"]}
    tags = {item["Key"]: item["Value"] for item in given["Tags"]}
    assert tags["AuditLogGroup"] == {"Ref": "DataAuditLogGroup"}, "or RDS makes the group before the stack does"
    (group,) = of_type(named, "AWS::RDS::OptionGroup").values()
    assert given["Engine"] == group["EngineName"]
    assert given["EngineVersion"].startswith(group["MajorEngineVersion"])
    assert [option["OptionName"] for option in group["OptionConfigurations"]] == ["MARIADB_AUDIT_PLUGIN"]


def test_the_group_of_a_snapshot_that_stays_stays_with_it():
    """RDS refuses to delete an option group that a snapshot has (RDS user guide, working with option groups)."""
    assert flat(AuditLog="true")["DataOptionGroup"]["DeletionPolicy"] == "RetainExceptOnCreate"
