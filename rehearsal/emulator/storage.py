"""AWS::S3::Bucket with its encryption, lifecycle, ownership and tags; Ref of AWS::S3::BucketPolicy is the bucket.

The emulator drops those properties and the tags of the stack, and makes up an id for the policy.
"""

from xml.etree.ElementTree import Element, SubElement, tostring

from ministack.services import s3
from ministack.services.cloudformation import provisioners

from rehearsal.emulator.patch import wrap


def document(name: str, content: dict) -> bytes:
    """A request's XML body: a list becomes one element for each of its members."""
    root = Element(name, xmlns=s3.S3_NS)
    fill(root, content)
    return tostring(root, encoding="utf-8")


def fill(parent: Element, content: dict) -> None:
    """Put the content's names and values below an element."""
    for name, value in content.items():
        for one in value if isinstance(value, list) else [value]:
            element = SubElement(parent, name)
            if isinstance(one, dict):
                fill(element, one)
            else:
                element.text = str(one).lower() if isinstance(one, bool) else str(one)


def encryption(configuration: dict) -> bytes:
    """The body of PutBucketEncryption."""
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": rule.get("ServerSideEncryptionByDefault", {}),
            "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
        }
        for rule in configuration["ServerSideEncryptionConfiguration"]
    ]
    return document("ServerSideEncryptionConfiguration", {"Rule": rules})


def lifecycle(configuration: dict) -> bytes:
    """The body of PutBucketLifecycleConfiguration, as far as rules expire or abort."""
    kept = ("Status", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
    rules = []
    for rule in configuration["Rules"]:
        content = {"ID": rule.get("Id", ""), "Filter": {"Prefix": rule.get("Prefix", "")}}
        content |= {key: rule[key] for key in kept if key in rule}
        if "ExpirationInDays" in rule:
            content["Expiration"] = {"Days": rule["ExpirationInDays"]}
        rules.append(content)
    return document("LifecycleConfiguration", {"Rule": rules})


def ownership(controls: dict) -> bytes:
    """The body of PutBucketOwnershipControls."""
    return document("OwnershipControls", {"Rule": controls["Rules"]})


def tagging(tags: list) -> bytes:
    """The body of PutBucketTagging."""
    return document("Tagging", {"TagSet": {"Tag": tags}})


# Rows of the emulator's own table: property, body of the request, the calls that put it and take it away.
CONFIGURATIONS = (
    ("BucketEncryption", encryption, s3._put_bucket_encryption, s3._delete_bucket_encryption),
    ("LifecycleConfiguration", lifecycle, s3._put_bucket_lifecycle, s3._delete_bucket_lifecycle),
    ("OwnershipControls", ownership, s3._put_bucket_ownership_controls, s3._delete_bucket_ownership_controls),
    ("Tags", tagging, s3._put_bucket_tagging, s3._delete_bucket_tagging),
)


def policy(original):
    """The bucket's name is the policy's physical id. The emulator updates by creating again."""

    def created(logical_id, props, stack_name):
        original(logical_id, props, stack_name)
        return props["Bucket"], {}

    return created


def install() -> None:
    """Add the properties, and mend the policy's handler."""
    provisioners._S3_BUCKET_CONFIGURATIONS += CONFIGURATIONS
    provisioners._STACK_TAG_PROPERTY["AWS::S3::Bucket"] = ("Tags", "list")
    wrap(provisioners._s3_bucket_policy_create, policy)
