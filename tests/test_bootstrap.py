"""What exists before the rest: repositories and the bucket."""

import json

from tests.nest import of_type, properties


def test_repositories_are_immutable_scanned_and_bounded():
    repositories = of_type("bootstrap", "AWS::ECR::Repository")
    assert set(repositories) == {"AppRepository", "WebRepository"}
    for body in repositories.values():
        repository = body["Properties"]
        assert repository["ImageTagMutability"] == "IMMUTABLE"
        assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
        (rule,) = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
        assert rule["action"] == {"type": "expire"}
        assert rule["selection"]["countNumber"] == 30


def test_bucket_is_private_encrypted_and_tls_only():
    bucket = properties("bootstrap", "ArtifactBucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert "BucketEncryption" in bucket
    assert "BucketName" not in bucket, "bucket names are the world's: CloudFormation makes one"
    (statement,) = properties("bootstrap", "ArtifactBucketPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
