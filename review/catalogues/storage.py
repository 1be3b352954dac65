"""Controls of S3, KMS and SNS."""

from review.catalogues.control import (
    Control,
    Resources,
    between,
    each,
    listed,
    not_used,
    of_type,
    statements,
    tagged,
    target,
)

BUCKET = "AWS::S3::Bucket"
POLICY = "AWS::S3::BucketPolicy"
KEY = "AWS::KMS::Key"
TOPIC = "AWS::SNS::Topic"

BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
# What another account may never be allowed on a bucket (Security Hub, S3.6).
FORBIDDEN = {"s3:DeleteBucketPolicy", "s3:PutBucketAcl", "s3:PutBucketPolicy", "s3:PutEncryptionConfiguration"}
FORBIDDEN |= {"s3:PutObjectAcl", "s3:*", "*"}


def is_closed(given: dict) -> bool:
    """Does the bucket refuse every kind of public access?"""
    return all(given.get("PublicAccessBlockConfiguration", {}).get(block) is True for block in BLOCKS)


def policies_of(title: str, kind: str, key: str, resources: Resources) -> list[dict]:
    """The statements of the policies of a bucket or topic."""
    return [
        statement
        for given in of_type(resources, kind).values()
        if title in [target(item) for item in listed(given[key])]
        for statement in statements(given["PolicyDocument"])
    ]


def wants_tls(title: str, _given: dict, resources: Resources) -> bool:
    """Does the bucket's policy refuse requests without TLS?"""
    return any(is_tls_only(item) for item in policies_of(title, POLICY, "Bucket", resources))


def is_tls_only(statement: dict) -> bool:
    """Does the statement refuse everybody who comes without TLS?"""
    condition = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    everybody = statement.get("Principal") in ("*", {"AWS": "*"})
    return statement.get("Effect") == "Deny" and everybody and str(condition).lower() == "false"


def allows_no_other_account(title: str, _given: dict, resources: Resources) -> bool:
    """Does the policy allow other accounts nothing that would give them the bucket?"""
    allowing = [item for item in policies_of(title, POLICY, "Bucket", resources) if item["Effect"] == "Allow"]
    strangers = [item for item in allowing if item.get("Principal") == "*" or "AWS" in item.get("Principal", {})]
    return not any(FORBIDDEN & set(listed(item.get("Action"))) for item in strangers)


def is_versioned(given: dict) -> bool:
    """Does the bucket keep older versions?"""
    return given.get("VersioningConfiguration", {}).get("Status") == "Enabled"


def is_tidied(given: dict) -> bool:
    """Has the bucket a lifecycle rule that is on?"""
    rules = listed(given.get("LifecycleConfiguration", {}).get("Rules"))
    return any(rule.get("Status") == "Enabled" for rule in rules)


def algorithms(given: dict) -> set[str]:
    """How new objects are encrypted if nobody says otherwise."""
    rules = listed(given.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration"))
    return {rule.get("ServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in rules}


def is_for_owners(given: dict) -> bool:
    """Are there no access control lists?"""
    rules = listed(given.get("OwnershipControls", {}).get("Rules"))
    return any(rule.get("ObjectOwnership") == "BucketOwnerEnforced" for rule in rules)


def is_own(given: dict) -> bool:
    """Does the key's policy allow nobody outside of the account without a condition?"""
    return not any(
        item["Effect"] == "Allow" and item.get("Principal") in ("*", {"AWS": "*"}) and not item.get("Condition")
        for item in statements(given.get("KeyPolicy"))
    )


def is_not_public(title: str, _given: dict, resources: Resources) -> bool:
    """Does the topic's policy allow everybody nothing?"""
    allowing = policies_of(title, "AWS::SNS::TopicPolicy", "Topics", resources)
    return not any(
        item["Effect"] == "Allow" and item.get("Principal") in ("*", {"AWS": "*"}) and not item.get("Condition")
        for item in allowing
    )


TEMPLATES_ONLY = (
    "It holds templates, which are in `out/` too, and nothing else; it comes before the stack that makes the key"
)
CLOUDTRAIL = "Data events of CloudTrail, a setting of the account's trail: `aws cloudtrail put-event-selectors`"
ELB_WRITES = "Load balancers, and S3's own log, are written to buckets encrypted with S3's key only (ELB user guide)"

CONTROLS = [
    Control("S3.2", "FSBP NIST", "Nobody unknown can read a bucket", each(BUCKET, is_closed)),
    Control("S3.3", "FSBP NIST", "Nobody unknown can write to a bucket", each(BUCKET, is_closed)),
    Control("S3.5", "FSBP NIST PCI CIS", "Buckets refuse requests without TLS", between(BUCKET, wants_tls)),
    Control("S3.6", "FSBP NIST", "Other accounts have no say about a bucket", between(BUCKET, allows_no_other_account)),
    Control(
        "S3.7",
        "NIST",
        "Buckets have a copy in another region",
        each(BUCKET, lambda given: bool(given.get("ReplicationConfiguration"))),
        {"*": "They hold logs, and templates that can be built again; nothing is lost that the site needs"},
    ),
    Control("S3.8", "FSBP NIST PCI CIS", "Buckets block public access", each(BUCKET, is_closed)),
    Control(
        "S3.9",
        "FSBP NIST PCI",
        "Requests to buckets are logged",
        each(BUCKET, lambda given: bool(given.get("LoggingConfiguration"))),
        {
            "*ServerAccessLogBucket": "It is the bucket of that log: AWS says to suppress the finding for it",
            "ArtifactBucket": "The deployment alone writes and reads it. " + TEMPLATES_ONLY,
        },
    ),
    Control("S3.10", "NIST", "Older versions are removed", each(BUCKET, is_tidied, is_versioned)),
    Control(
        "S3.11",
        "NIST",
        "Buckets tell of events",
        each(BUCKET, lambda given: bool(given.get("NotificationConfiguration"))),
        {"*": "Nobody would listen: log files arrive every five minutes"},
    ),
    Control("S3.12", "FSBP NIST", "Buckets have no access control lists", each(BUCKET, is_for_owners)),
    Control("S3.13", "FSBP NIST", "Buckets have a lifecycle", each(BUCKET, is_tidied)),
    Control("S3.14", "NIST", "Buckets keep older versions", each(BUCKET, is_versioned)),
    Control(
        "S3.15",
        "NIST PCI",
        "Objects can be locked",
        each(BUCKET, lambda given: given.get("ObjectLockEnabled") is True),
        {
            "*": "S3's log is not delivered to a bucket with a default lock. Who wants logs that nobody can delete"
            " sends them to an account of their own"
        },
    ),
    Control(
        "S3.17",
        "NIST PCI",
        "Buckets are encrypted with KMS",
        each(BUCKET, lambda given: bool(algorithms(given) & {"aws:kms", "aws:kms:dsse"})),
        {"ArtifactBucket": TEMPLATES_ONLY, "*AccessLogBucket": ELB_WRITES},
    ),
    Control(
        "s3-bucket-server-side-encryption-enabled",
        "NIST CONFIG",
        "Buckets are encrypted",
        each(BUCKET, lambda given: bool(algorithms(given))),
    ),
    Control(
        "S3.1",
        "FSBP NIST PCI CIS",
        "The account blocks public access to S3",
        account="aws s3control put-public-access-block --account-id ID --public-access-block-configuration"
        " BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true",
    ),
    Control(
        "S3.20",
        "NIST CIS",
        "Versions are deleted with a second factor only",
        account="Only the root user can ask for it, by `aws s3api put-bucket-versioning --mfa`",
    ),
    Control("S3.22", "PCI CIS", "Writes of objects are logged", account=CLOUDTRAIL),
    Control("S3.23", "PCI CIS", "Reads of objects are logged", account=CLOUDTRAIL),
    Control("S3.19", "FSBP NIST PCI", "Access points block public access", not_used("AWS::S3::AccessPoint")),
    Control(
        "S3.24",
        "FSBP PCI",
        "Multi-region access points block public access",
        not_used("AWS::S3::MultiRegionAccessPoint"),
    ),
    Control("S3.25", "FSBP", "Directory buckets have a lifecycle", not_used("AWS::S3Express::DirectoryBucket")),
    Control(
        "KMS.3",
        "FSBP NIST",
        "No key waits for its deletion",
        account="The stack never deletes its key; who schedules its deletion by hand has 30 days to cancel it",
    ),
    Control("KMS.4", "NIST PCI CIS", "Keys rotate", each(KEY, lambda given: given.get("EnableKeyRotation") is True)),
    Control("KMS.5", "FSBP", "No key is public", each(KEY, is_own)),
    Control(
        "SNS.1",
        "NIST",
        "Topics are encrypted with a key of the account",
        each(TOPIC, lambda given: bool(given.get("KmsMasterKeyId"))),
    ),
    Control("SNS.3", "tags", "Topic has a tag", tagged(TOPIC)),
    Control("SNS.4", "FSBP", "No topic is public", between(TOPIC, is_not_public)),
]
