"""The guard: what holds data is not removed or replaced unless somebody named exactly that resource."""

from collections.abc import Collection, Iterable

from review.problem import Problem
from review.update.change import MODIFY, PERHAPS, REMOVE, REPLACED, Change

# Type -> what is lost with it. A snapshot or a bucket that stays does not lessen that: CloudFormation replaces the
# resource all the same, and the application goes on with an empty one.
# Log groups are not among them: each has a retention, after which what it holds goes anyway.
HOLDS = {
    "AWS::RDS::DBInstance": "the rows of the database",
    "AWS::RDS::DBCluster": "the rows of the database",
    "AWS::DynamoDB::Table": "the items of the table",
    "AWS::S3::Bucket": "its objects",
    "AWS::EFS::FileSystem": "its files",
    "AWS::ECR::Repository": "its images",
    "AWS::KMS::Key": "the only key to what it encrypted",
    "AWS::SecretsManager::Secret": "a generated password",
}


VPC, SUBNET_GROUP = "AWS::EC2::VPC", "AWS::RDS::DBSubnetGroup"
# ModifyDBSubnetGroup answers "The new Subnets are not in the same Vpc as the existing subnet group"; quoted in
# github.com/hashicorp/terraform-provider-aws/issues/27459.
STAYS = "RDS takes no subnets of another VPC; deploy a new environment and restore a snapshot there"


class Guarded(Problem):
    """The change would end something that holds data."""

    code = 3


def endangered(changes: Iterable[Change]) -> list[Change]:
    """The changes that remove or replace, or might replace, what holds data."""
    return [change for change in changes if change.ends and change.kind in HOLDS]


def moved(changes: Iterable[Change]) -> list[Change]:
    """The changes of a database's subnets that come with another VPC: the update would fail, whatever is allowed."""
    modified = [change for change in changes if change.action == MODIFY]
    another = any(change.kind == VPC and change.verdict == REPLACED for change in modified)
    return [change for change in modified if another and change.kind == SUBNET_GROUP]


def parse(text: str) -> frozenset[str]:
    """The names in ALLOW_REPLACE: logical ids, or paths as Data/DBInstance, separated by commas."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def check(changes: Collection[Change], allowed: Collection[str]) -> list[Change]:
    """The endangered changes that are allowed by name.

    Guarded: one is not, or a database would have to move to another VPC.
    Problem: a name is ambiguous, or names what is not endangered (left over from last time).
    """
    if stuck := moved(changes):
        raise Guarded(f"{stuck[0].path} ({SUBNET_GROUP}) cannot follow a VPC that is replaced: {STAYS}")
    dangers = endangered(changes)
    for name in sorted(allowed):
        named = sorted({change.path for change in dangers if is_named_by(change.path, [name])})
        if not named:
            raise Problem(
                f"ALLOW_REPLACE={name}: this change neither removes nor replaces it; a name left from last time allows"
                " the next accident: take it away"
            )
        if len(named) > 1:
            raise Problem(f"ALLOW_REPLACE={name} could mean {' or '.join(named)}: write the whole path")
    refused = {change.path: change for change in dangers if not is_named_by(change.path, allowed)}
    if refused:
        told = "; ".join(_tell(change) for change in refused.values())
        raise Guarded(f"{told}. If that is meant: ALLOW_REPLACE={','.join([*sorted(allowed), *refused])}")
    return dangers


def is_named_by(path: str, names: Collection[str]) -> bool:
    """Is the resource of that path among the names? Its logical id or its whole path."""
    return path in names or path.rpartition("/")[2] in names


def _tell(change):
    what = "would be removed" if change.action == REMOVE else "would be replaced"
    if change.action != REMOVE and change.verdict == PERHAPS:
        what = "might be replaced"
    causes = [difference.name for difference in change.differences if difference.verdict == change.verdict]
    because = f" for a change of {', '.join(dict.fromkeys(causes))}" if change.action != REMOVE and causes else ""
    return f"{change.path} ({change.kind}) {what}{because}, and with it {HOLDS[change.kind]}"
