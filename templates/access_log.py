"""The load balancer's access log: its bucket, and the log of who reads and writes that."""

from awacs.aws import ArnLike
from troposphere import Ref, Sub, Template

from templates.buckets import add_bucket
from templates.parts import name_tag, note
from templates.policies import delivery


def add_access_log_bucket(t: Template) -> None:
    """Add the bucket of the load balancer's access log, and one for the log of who reads and writes it."""
    note(
        t,
        "ServerAccessLogBucket",
        "The access log, if asked for, and who reads it. The buckets stay when the stack goes.",
    )
    source = ArnLike({"aws:SourceArn": Sub("arn:${AWS::Partition}:s3:::*")})
    add_bucket(
        t,
        "ServerAccessLogBucket",
        "ServerAccessLogBucketPolicy",
        name_tag("server-access-log"),
        [delivery("ServerAccessLogBucket", "logging.s3.amazonaws.com", [source])],
        expire_after=Ref("LogRetentionInDays"),
        Condition="HasAccessLogs",
        DeletionPolicy="RetainExceptOnCreate",
    )
    add_bucket(
        t,
        "AccessLogBucket",
        "AccessLogBucketPolicy",
        name_tag("access-log"),
        [delivery("AccessLogBucket", "logdelivery.elasticloadbalancing.amazonaws.com")],
        expire_after=Ref("LogRetentionInDays"),
        log_to="ServerAccessLogBucketPolicy",
        Condition="HasAccessLogs",
        DeletionPolicy="RetainExceptOnCreate",
    )
