"""What exists before the rest: repositories and the bucket."""

import json

from tests.nest import of_type, stack

RESOURCES = stack("bootstrap")["Resources"]


def test_repositories_are_immutable_scanned_and_bounded():
    repositories = of_type(RESOURCES, "AWS::ECR::Repository")
    assert set(repositories) == {"AppRepository", "WebRepository"}
    for repository in repositories.values():
        assert repository["ImageTagMutability"] == "IMMUTABLE"
        assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
        (rule,) = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
        assert rule["action"] == {"type": "expire"}
        assert rule["selection"]["countNumber"] == 30


def test_bucket_is_private_encrypted_versioned_and_tls_only():
    (bucket,) = of_type(RESOURCES, "AWS::S3::Bucket").values()
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "BucketEncryption" in bucket
    assert "BucketName" not in bucket, "bucket names are the world's: CloudFormation makes one"
    (policy,) = of_type(RESOURCES, "AWS::S3::BucketPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
