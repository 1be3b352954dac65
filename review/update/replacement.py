"""Whether a change of a property replaces the resource: what the resource types' own descriptions say.

A property is create-only (a change replaces), or create-only at times, or neither. Of those at times, the description
says nothing about when; what AWS's own code for the type says, is in a table here.
"""

from collections.abc import Callable

from review.schemas import schema
from review.text import is_function
from review.update.change import IN_PLACE, PERHAPS, REPLACED

_PREFIX = "/properties/"


def _another(before: object, after: object) -> str:
    """Replaced when one value takes the place of another; what its removal does is left open."""
    return PERHAPS if after is None else REPLACED


def _once_set(before: object, after: object) -> str:
    """It can be given later and taken away again, but not be changed."""
    return IN_PLACE if None in (before, after) else REPLACED


def _never(before: object, after: object) -> str:
    return IN_PLACE


# (type, property create-only at times) -> what a change from `before` to `after` does; None: not there.
# Source: github.com/aws-cloudformation/aws-cloudformation-resource-providers-rds, ImmutabilityHelper.isChangeMutable of
# aws-rds-dbinstance: all that RDS's own code asks before it gives an update back as one that needs a replacement.
# The documentation of PerformanceInsightsKMSKeyId adds that "removing the property" needs no replacement.
# There, a snapshot's name may be taken away in place; AWS's documentation of DBSnapshotIdentifier says that an empty
# database follows. They differ, so that stays open.
AT_TIMES: dict[tuple[str, str], Callable[[object, object], str]] = {
    ("AWS::RDS::DBInstance", "AutoMinorVersionUpgrade"): _never,
    ("AWS::RDS::DBInstance", "BackupRetentionPeriod"): _never,
    ("AWS::RDS::DBInstance", "DBParameterGroupName"): _never,
    ("AWS::RDS::DBInstance", "MultiAZ"): _never,
    ("AWS::RDS::DBInstance", "PreferredMaintenanceWindow"): _never,
    ("AWS::RDS::DBInstance", "PerformanceInsightsKMSKeyId"): _once_set,
    ("AWS::RDS::DBInstance", "DBSnapshotIdentifier"): _another,
    ("AWS::RDS::DBInstance", "SourceDBInstanceIdentifier"): _another,
}


def verdict(kind: str, name: str, before: object, after: object, region: str = "us-east-1") -> str:
    """What changing a property from `before` to `after` does to a resource of that type; None: it is not there.

    Of a type that nobody describes, as a custom resource, nothing is known: PERHAPS.
    """
    description = schema(kind, region)
    if not description:
        return PERHAPS
    found = IN_PLACE
    if any(_touches(path, name, before, after) for path in description.get("conditionalCreateOnlyProperties", [])):
        found = AT_TIMES.get((kind, name), lambda *_: PERHAPS)(before, after)
    if any(_touches(path, name, before, after) for path in description.get("createOnlyProperties", [])):
        found = REPLACED
    return found


def _touches(path, name, before, after):
    """Is what lies at a path of the description, as /properties/EncryptionConfiguration/KmsKey, part of the change?"""
    first, *inner = path.removeprefix(_PREFIX).split("/")
    if first != name:
        return False
    for key in inner:
        if not all(side is None or (isinstance(side, dict) and not is_function(side)) for side in (before, after)):
            return True  # a reference: nobody can look into it
        before, after = ((side or {}).get(key) for side in (before, after))
    return not inner or before != after


def is_named(kind: str, before: dict, after: dict) -> bool:
    """Has the resource a name of its own that stays? CloudFormation then refuses to replace it.

    Source: "CloudFormation cannot update a stack when a custom-named resource requires replacing".
    """
    description = schema(kind)
    create_only = set(description.get("createOnlyProperties", []))
    names = [path.removeprefix(_PREFIX) for path in description.get("primaryIdentifier", []) if path in create_only]
    return bool(names) and all(name in before and before[name] == after.get(name) for name in names)
