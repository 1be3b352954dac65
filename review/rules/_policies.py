"""Policy documents: their statements, principals, actions and resources."""

# Where each type has its policies. Source: the resource schemas.
IDENTITY = {
    "AWS::IAM::Role": ("Policies.*.PolicyDocument",),
    "AWS::IAM::Policy": ("PolicyDocument",),
    "AWS::IAM::ManagedPolicy": ("PolicyDocument",),
    "AWS::IAM::RolePolicy": ("PolicyDocument",),
}
TRUST = {"AWS::IAM::Role": ("AssumeRolePolicyDocument",)}
RESOURCE = {
    "AWS::SNS::TopicPolicy": ("PolicyDocument",),
    "AWS::KMS::Key": ("KeyPolicy",),
    "AWS::ECR::Repository": ("RepositoryPolicyText",),
    "AWS::SecretsManager::ResourcePolicy": ("ResourcePolicy",),
    "AWS::S3::BucketPolicy": ("PolicyDocument",),
    "AWS::SQS::QueuePolicy": ("PolicyDocument",),
}


def statements(r, *paths: str):
    """The statements of the policy documents at these places."""
    for path in paths:
        for document in r.blocks(path):
            yield from document.blocks("Statement")


def listed(block, name: str):
    """Each value of a property that is a string or a list of strings."""
    for value in block.values(name):
        if isinstance(value.value, list):
            yield from (value._replace(value=item) for item in value.value)
        else:
            yield value


def actions(statement):
    yield from listed(statement, "Action")


def resources(statement):
    yield from listed(statement, "Resource")


def principals(statement):
    """(Service, AWS, Federated, CanonicalUser or *, Value) for each principal."""
    for value in statement.values("Principal"):
        if value.value == "*":
            yield "*", value
    for block in statement.blocks("Principal"):
        for kind in block.node:
            for value in listed(block, kind):
                yield kind, value


def allows(statement) -> bool:
    return any(value.value == "Allow" for value in statement.values("Effect"))


def everybody(statement):
    """The principals by which a statement, without a condition, allows something to everybody."""
    if allows(statement) and not any(True for _ in statement.blocks("Condition")):
        for kind, value in principals(statement):
            if value.value == "*" and kind in ("*", "AWS"):
                yield value
