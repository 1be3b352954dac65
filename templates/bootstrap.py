"""Bootstrap: what must exist before the rest can be deployed."""

import json

from troposphere import GetAtt, Ref, Sub, Tags, Template, ecr

from templates.buckets import add_bucket
from templates.parts import add_outputs, add_parameters, new_template, note

DESCRIPTION = (
    "Bootstrap: image repositories and the bucket for nested templates, which must exist before the other stacks"
)

# Repository: the last part of its name.
REPOSITORIES = {"AppRepository": "app", "WebRepository": "web"}
KEPT_IMAGES = 30


def build() -> Template:
    """The bootstrap stack."""
    t = new_template(DESCRIPTION)
    add_parameters(t, ["RepositoryNamespace"])
    note(t, "AppRepository", "A tag, once pushed, never changes its meaning; so what runs is what was tested.")
    for title, name in REPOSITORIES.items():
        t.add_resource(_repository(title, name))
    add_bucket(
        t,
        "ArtifactBucket",
        "ArtifactBucketPolicy",
        Tags(Name=Sub("${RepositoryNamespace}-artifacts")),
        [],
        DeletionPolicy="Delete",
    )
    add_outputs(
        t,
        {
            "AppRepositoryUri": GetAtt("AppRepository", "RepositoryUri"),
            "WebRepositoryUri": GetAtt("WebRepository", "RepositoryUri"),
            "ArtifactBucketName": Ref("ArtifactBucket"),
        },
    )
    return t


def _repository(title, name):
    keep = {
        "rulePriority": 1,
        "description": f"Keep the last {KEPT_IMAGES} images",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEPT_IMAGES},
        "action": {"type": "expire"},
    }
    return ecr.Repository(
        title,
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Retain",
        RepositoryName=Sub("${RepositoryNamespace}/" + name),
        ImageTagMutability="IMMUTABLE",
        ImageScanningConfiguration=ecr.ImageScanningConfiguration(ScanOnPush=True),
        EncryptionConfiguration=ecr.EncryptionConfiguration(EncryptionType="AES256"),
        LifecyclePolicy=ecr.LifecyclePolicy(LifecyclePolicyText=json.dumps({"rules": [keep]}, indent=2)),
        Tags=Tags(Name=Sub("${RepositoryNamespace}/" + name)),
    )
