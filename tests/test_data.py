"""The database: private, encrypted, kept; its password generated."""

import json

import pytest

from tests.nest import OUT, of_type, properties, stack

DATABASE = stack("data")["Resources"]["DBInstance"]


def test_mysql_8_4_named_flaskcrud():
    parameters = stack("data")["Parameters"]
    database = DATABASE["Properties"]
    assert database["Engine"] == "mysql"
    wanted = {"EngineVersion": "8.4", "DBName": "flaskcrud", "MasterUsername": "flaskcrud"}
    for name, default in wanted.items():
        assert database[name] == {"Ref": name}
        assert parameters[name]["Default"] == default


def test_only_inside_the_private_subnets():
    database = DATABASE["Properties"]
    assert database["PubliclyAccessible"] is False
    assert database["VPCSecurityGroups"] == [{"Ref": "RdsSecurityGroupId"}]
    assert database["DBSubnetGroupName"] == {"Ref": "DBSubnetGroup"}
    assert properties("data", "DBSubnetGroup")["SubnetIds"] == {"Ref": "PrivateSubnetIds"}


def test_encrypted_and_kept_when_deleted_or_replaced():
    assert DATABASE["Properties"]["StorageEncrypted"] is True
    assert DATABASE["DeletionPolicy"] == "Snapshot"
    assert DATABASE["UpdateReplacePolicy"] == "Snapshot"


def test_no_bill_for_extended_support():
    assert DATABASE["Properties"]["EngineLifecycleSupport"] == "open-source-rds-extended-support-disabled"


def test_password_is_generated_and_only_referred_to():
    password = DATABASE["Properties"]["MasterUserPassword"]
    assert password == {"Fn::Sub": "{{resolve:secretsmanager:${DatabaseSecret}:SecretString:password}}"}
    generated = properties("data", "DatabaseSecret")["GenerateSecretString"]
    assert generated["GenerateStringKey"] == "password"
    assert json.loads(generated["SecretStringTemplate"]["Fn::Sub"]) == {"username": "${MasterUsername}"}
    # What RDS refuses in a master password (CreateDBInstance).
    assert set('/@" ') <= set(generated["ExcludeCharacters"])
    assert 8 <= generated["PasswordLength"] <= 41


@pytest.mark.parametrize("path", sorted(OUT.glob("*.yaml")), ids=lambda path: path.name)
def test_no_parameter_takes_a_password(path):
    assert not [name for name in stack(path.stem).get("Parameters", {}) if "password" in name.lower()]


def test_one_database():
    assert list(of_type("data", "AWS::RDS::DBInstance")) == ["DBInstance"]
