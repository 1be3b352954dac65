"""What deploy/ asks of AWS is what the policy for deploying is made from."""

import re

import botocore

from review.permissions import needed
from tests.nest import ROOT
from tests.service_models import SERVICES, operations

# Operations whose action has another name.
RENAMED = {
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:DeleteObjects": "s3:DeleteObject",
}


def called() -> set[str]:
    """The actions of every AWS operation that deploy/ names beside a client of its service."""
    found = set()
    for path in (ROOT / "deploy" / "aws").glob("*.py"):
        text = path.read_text()
        methods = {*re.findall(r"\.(\w+)\(", text), *re.findall(r'get_(?:paginator|waiter)\("(\w+)"\)', text)}
        for service in set(re.findall(r"_client\(['\"]([\w-]+)['\"]\)", text)):
            for operation in operations(service):
                if botocore.xform_name(operation) in methods:
                    name = f"{SERVICES.get(service, service)}:{operation}"
                    found.add(RENAMED.get(name, name))
    return found


def test_what_deploy_calls_is_in_the_table():
    found = called()
    assert {"cloudformation:CreateChangeSet", "s3:GetObject", "ecr:ListImages", "sts:GetCallerIdentity"} <= found
    assert found - needed.listed(needed.DEPLOY) == set(), "add to DEPLOY in review/permissions/needed.py"
