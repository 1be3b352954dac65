"""Buckets: private, encrypted, TLS only, versioned. Their names are CloudFormation's: those of S3 are the world's."""

from awacs.aws import PolicyDocument, Statement
from troposphere import Ref, Sub, Tags, Template, s3

from templates.parts import accepted
from templates.policies import tls_only

UNLOGGED = {"CKV_AWS_18": "A log of who reads the logs would need a bucket of its own, and so on"}


def add_bucket(
    t: Template,
    title: str,
    policy_title: str,
    tags: Tags,
    statements: list[Statement],
    expire_after: object | None = None,
    log_to: str | None = None,
    **more: object,
) -> None:
    """Add a bucket and its policy.

    `expire_after` is the number of days after which objects are deleted. `log_to` is the policy of the bucket that gets
    the log of who reads and writes this one: its Ref is that bucket, and so the bucket waits for it.
    """
    t.add_resource(
        s3.Bucket(
            title,
            UpdateReplacePolicy="Retain",
            **({} if log_to else {"Metadata": accepted(UNLOGGED)}),
            **more,
            **_closed(),
            **({"LoggingConfiguration": _log(log_to)} if log_to else {}),
            VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
            LifecycleConfiguration=s3.LifecycleConfiguration(Rules=[_tidy(expire_after)]),
            Tags=tags,
        )
    )
    condition = {"Condition": more["Condition"]} if "Condition" in more else {}
    t.add_resource(
        s3.BucketPolicy(
            policy_title,
            **condition,
            Bucket=Ref(title),
            PolicyDocument=PolicyDocument(Version="2012-10-17", Statement=[tls_only(title), *statements]),
        )
    )


def _closed():
    """Encrypted with S3's own keys: load balancers cannot write to a bucket with another (ELB user guide)."""
    encryption = s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
    return {
        "OwnershipControls": s3.OwnershipControls(
            Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]
        ),
        "PublicAccessBlockConfiguration": s3.PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        "BucketEncryption": s3.BucketEncryption(
            ServerSideEncryptionConfiguration=[s3.ServerSideEncryptionRule(ServerSideEncryptionByDefault=encryption)]
        ),
    }


def _log(policy_title):
    """Where policies.delivery() lets a service write."""
    return s3.LoggingConfiguration(
        DestinationBucketName=Ref(policy_title), LogFilePrefix=Sub("AWSLogs/${AWS::AccountId}/")
    )


def _tidy(expire_after):
    return s3.LifecycleRule(
        Id="Tidy",
        Status="Enabled",
        AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=1),
        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=7),
        **({"ExpirationInDays": expire_after} if expire_after else {}),
    )
