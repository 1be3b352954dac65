"""Buckets: what S3 refuses, what leaves them open, and what load balancers need to write logs into them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ._elbv2_attributes import BALANCER, settings
from ._nest import Reference, Resource, Rule, Text, flag, text, together, usual
from ._policies import actions, allows, listed, principals, statements

BUCKET, POLICY = "AWS::S3::Bucket", "AWS::S3::BucketPolicy"
S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
HUB = "https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html"
LOGS = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html"
LOG_KEYS = ("access_logs.s3.bucket", "connection_logs.s3.bucket", "health_check_logs.s3.bucket")
DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"
BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
RULE = "ServerSideEncryptionConfiguration.*.ServerSideEncryptionByDefault."


class BucketName(Rule):
    """Names of buckets: 3 to 63 lower-case letters, digits, dots and hyphens, not like an address.

    Source: S3 user guide, "General purpose bucket naming rules".
    """

    id = "E9270"
    shortdesc = "Name that no bucket can have"
    source_url = S3 + "bucketnamingrules.html"
    types = (BUCKET,)

    def judge(self, r):
        for value in r.values("BucketName"):
            parts = value.value.parts if isinstance(value.value, Text) else (value.value,)
            plain = "".join(part for part in parts if isinstance(part, str))
            whole = len(parts) == 1 and isinstance(parts[0], str)
            if re.search(r"[^a-z0-9.-]", plain):
                yield value.fault(f"{plain!r}: lower-case letters, digits, dots and hyphens only")
            elif len(plain) > 63 or (whole and len(plain) < 3):
                yield value.fault(f"{plain!r} has {len(plain)} characters; 3 to 63 are right")
            elif whole and (not re.fullmatch(r"[a-z0-9].*[a-z0-9]", plain) or ".." in plain or looks_reserved(plain)):
                yield value.fault(f"{plain!r} is refused: see the naming rules for beginnings, endings and dots")


def looks_reserved(name: str) -> bool:
    beginnings, endings = ("xn--", "sthree-", "amzn-s3-demo-"), ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
    return name.startswith(beginnings) or name.endswith(endings) or bool(re.fullmatch(r"(\d+\.){3}\d+", name))


class AclWithoutOwnership(Rule):
    """A bucket with an ACL needs OwnershipControls that allow ACLs: since April 2023 new buckets refuse them.

    Source: S3 user guide, "Controlling ownership of objects": default BucketOwnerEnforced disables ACLs.
    """

    id = "E9271"
    shortdesc = "Bucket with an ACL that it refuses"
    source_url = S3 + "about-object-ownership.html"
    types = (BUCKET,)

    def judge(self, r):
        for v in r.variants("AccessControl", "OwnershipControls.Rules"):
            rules = v["OwnershipControls.Rules"] if isinstance(v["OwnershipControls.Rules"], list) else []
            enforced = not rules or any(
                isinstance(rule, dict) and rule.get("ObjectOwnership") == "BucketOwnerEnforced" for rule in rules
            )
            if text(v["AccessControl"]) not in (None, "Private", "BucketOwnerFullControl") and enforced:
                yield v.fault(f"{v['AccessControl']} needs OwnershipControls; better a bucket policy", "AccessControl")


class PublicAccess(Rule):
    """A bucket blocks public access, in all four ways.

    Source: Security Hub, S3.8 "general purpose buckets should block public access".
    """

    id = "W9270"
    shortdesc = "Bucket that does not block public access"
    source_url = HUB + "#s3-8"
    types = (BUCKET,)

    def judge(self, r):
        for v in r.variants(*(f"PublicAccessBlockConfiguration.{name}" for name in BLOCKS)):
            missing = [name.rpartition(".")[2] for name, value in v.values.items() if flag(value, False) is False]
            if missing:
                yield v.fault(f"set PublicAccessBlockConfiguration: {', '.join(missing)} true")


def policies_of(bucket: Resource) -> list[Resource]:
    return [
        policy
        for policy in bucket.view.resources(POLICY)
        if any(isinstance(v.value, Reference) and v.value.resource is bucket for v in policy.values("Bucket"))
    ]


class PlainTransport(Rule):
    """The policy of a bucket denies requests without TLS.

    Source: Security Hub, S3.5 "general purpose buckets should require requests to use SSL".
    """

    id = "W9271"
    shortdesc = "Bucket that takes requests without TLS"
    source_url = HUB + "#s3-5"
    types = (BUCKET,)

    def judge(self, r):
        found = [statement for policy in policies_of(r) for statement in statements(policy, "PolicyDocument")]
        if not any("aws:SecureTransport" in str(statement.node.get("Condition", "")) for statement in found):
            yield r.fault("add a bucket policy that denies what has aws:SecureTransport false")


class LogsWithKey(Rule):
    """A bucket for the logs of a load balancer is encrypted with SSE-S3; other keys are refused.

    Source: user guide, "Access logs for your Application Load Balancer": the only supported option is SSE-S3.
    """

    id = "E9272"
    shortdesc = "Log bucket of a load balancer encrypted with a KMS key"
    source_url = LOGS
    types = (BALANCER,)

    def judge(self, r):
        for v, bucket in log_buckets(r):
            for value in bucket.values("BucketEncryption." + RULE + "SSEAlgorithm"):
                if text(value.value) in ("aws:kms", "aws:kms:dsse") and together(v.where, value.where):
                    yield v.fault(
                        f"{bucket.id} is encrypted with {value.value}; load balancers write to AES256 only", "Value"
                    )


def log_buckets(balancer: Resource) -> Iterator[tuple[Any, Resource]]:
    """The buckets into which a load balancer writes logs; the Ref of a bucket policy is its bucket's name."""
    for _, value, v in settings(balancer, *LOG_KEYS):
        found = value.resource if isinstance(value, Reference) else None
        if found is not None and found.type == POLICY:
            named = [owner.value for owner in found.values("Bucket")]
            found = named[0].resource if named and isinstance(named[0], Reference) else None
        if found is not None and found.type == BUCKET:
            yield v, found


class LogsWithoutPolicy(Rule):
    """A bucket for the logs of a load balancer lets Elastic Load Balancing put objects, before the logs are turned on.

    Source: user guide, "Access logs for your Application Load Balancer", step 2; the API answers "Access Denied for
    bucket" if the policy is missing or comes later.
    """

    id = "W9273"
    shortdesc = "Log bucket into which the load balancer may not write yet"
    source_url = LOGS
    types = (BALANCER,)

    def judge(self, r):
        for v, bucket in log_buckets(r):
            found = policies_of(bucket)
            if not found:
                yield v.fault(f"{bucket.id} needs a bucket policy that lets {DELIVERY} put objects", "Value")
            elif bucket.view is r.view and not any(r.waits_for(policy) for policy in found):
                yield v.fault(f"the load balancer must wait for the policy: add DependsOn: {found[0].id}", "Value")
            elif not any(self.lets_in(policy) for policy in found):
                yield v.fault(
                    f"{found[0].id} lets no load balancer put objects: allow {DELIVERY} s3:PutObject", "Value"
                )

    def lets_in(self, policy: Resource) -> bool:
        """Does a policy let the delivery service, or the account of Elastic Load Balancing, put objects?"""
        for statement in statements(policy, "PolicyDocument"):
            puts = any(text(a.value) in ("s3:PutObject", "s3:Put*", "s3:*", "*", None) for a in actions(statement))
            who = [(kind, value.value) for kind, value in principals(statement)]
            known = any(kind in ("AWS", "*") or text(value) in (DELIVERY, None) for kind, value in who)
            if allows(statement) and puts and known:
                return True
        return False


class OpenBucket(Rule):
    """A bucket policy allows nothing to everybody, unless a condition says to whom.

    Source: Security Hub, S3.2, S3.3; IAM user guide, principal *.
    """

    id = "W9274"
    shortdesc = "Bucket policy that lets everybody in"
    source_url = HUB + "#s3-2"
    types = (POLICY,)

    def judge(self, r):
        for statement in statements(r, "PolicyDocument"):
            if not allows(statement) or "Condition" in statement.node:
                continue
            writes = [
                a.value for a in actions(statement) if text(a.value) not in ("s3:GetObject", "s3:GetObjectVersion")
            ]
            for kind, value in principals(statement):
                if kind in ("*", "AWS") and value.value == "*" and writes and usual(value.where):
                    yield value.fault(f"everybody may do {text(writes[0])}; name principals or add a Condition")


class PolicyOfOther(Rule):
    """The resources of a bucket policy are the bucket of the policy and what is in it.

    Source: S3 user guide, "Bucket policies"; the API answers "Policy has invalid resource".
    """

    id = "E9275"
    shortdesc = "Bucket policy for another bucket"
    source_url = S3 + "example-bucket-policies.html"
    types = (POLICY,)

    def judge(self, r):
        for owner in r.values("Bucket"):
            bucket = owner.value.resource if isinstance(owner.value, Reference) else None
            for statement in statements(r, "PolicyDocument") if bucket is not None else ():
                for value in listed(statement, "Resource"):
                    parts = value.value.parts if isinstance(value.value, Text) else (value.value,)
                    named = [p for p in parts if isinstance(p, Reference) and p.resource.type == BUCKET]
                    if named and named[0].resource is not bucket and together(owner.where, value.where):
                        yield value.fault(f"the policy is that of {bucket.id}, not of {named[0].resource.id}")
