"""Bootstrap: what must exist before the rest can be deployed."""

import json

from awacs import s3 as s3_actions
from awacs.aws import Bool, Condition, Deny, PolicyDocument, Principal, Statement
from troposphere import GetAtt, Ref, Sub, Tags, Template, ecr, s3

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
    add_bucket(t)
    add_outputs(
        t,
        {
            "AppRepositoryUri": ("Where the application's image is pushed", GetAtt("AppRepository", "RepositoryUri")),
            "WebRepositoryUri": ("Where nginx's image is pushed", GetAtt("WebRepository", "RepositoryUri")),
            "ArtifactBucketName": ("Where nested templates are uploaded", Ref("ArtifactBucket")),
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


def add_bucket(t: Template) -> None:
    """Add the bucket: private, encrypted, TLS only. Its name is CloudFormation's, since those of S3 are the world's."""
    t.add_resource(
        s3.Bucket(
            "ArtifactBucket",
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Retain",
            OwnershipControls=s3.OwnershipControls(
                Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]
            ),
            PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
                BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
            ),
            BucketEncryption=s3.BucketEncryption(
                ServerSideEncryptionConfiguration=[
                    s3.ServerSideEncryptionRule(
                        ServerSideEncryptionByDefault=s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
                    )
                ]
            ),
            Tags=Tags(Name=Sub("${RepositoryNamespace}-artifacts")),
        )
    )
    t.add_resource(
        s3.BucketPolicy(
            "ArtifactBucketPolicy",
            Bucket=Ref("ArtifactBucket"),
            PolicyDocument=PolicyDocument(
                Version="2012-10-17",
                Statement=[
                    Statement(
                        Sid="TlsOnly",
                        Effect=Deny,
                        Principal=Principal("*"),
                        Action=[s3_actions.Action("*")],
                        Resource=[GetAtt("ArtifactBucket", "Arn"), Sub("${ArtifactBucket.Arn}/*")],
                        Condition=Condition(Bool({"aws:SecureTransport": "false"})),
                    )
                ],
            ),
        )
    )
