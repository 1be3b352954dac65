"""The customer-managed key: everything that is kept, in production."""

from tests.nest import flat, of_type

# Type: the property that names its key.
ENCRYPTED = {
    "AWS::RDS::DBInstance": "KmsKeyId",
    "AWS::SecretsManager::Secret": "KmsKeyId",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::SNS::Topic": "KmsMasterKeyId",
}
KEY = {"Fn::GetAtt": ["KeysKey", "Arn"]}


def test_all_that_production_keeps_is_encrypted_with_it():
    resources = flat("production")
    for kind, name in ENCRYPTED.items():
        found = of_type(resources, kind)
        assert found
        for title, properties in found.items():
            if "SourceDBInstanceIdentifier" not in properties:  # a replica has its source's
                assert properties[name] == KEY, title


def test_without_it_there_is_no_key():
    resources = flat()
    assert of_type(resources, "AWS::KMS::Key") == {}
    for kind, name in ENCRYPTED.items():
        assert not [title for title, properties in of_type(resources, kind).items() if name in properties]


def test_key_rotates_and_stays_when_the_stack_goes():
    body = flat("production")["KeysKey"]
    assert body["Properties"]["EnableKeyRotation"] is True
    assert (body["DeletionPolicy"], body["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_services_may_use_it_for_this_account_only():
    statements = flat("production")["KeysKey"]["Properties"]["KeyPolicy"]["Statement"]
    for statement in statements:
        if "Service" in statement["Principal"]:
            assert statement["Condition"], statement["Sid"]
