"""A change set as lines for a person."""

from collections.abc import Callable

SIGNS = {"Add": "+", "Modify": "~", "Remove": "-", "Import": "<", "Dynamic": "?"}

REPLACEMENT = {"True": "REPLACED", "Conditional": "perhaps REPLACED"}

# What CloudFormation says of a change set without changes, in its different voices.
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


def is_empty(change_set: dict) -> bool:
    """Whether a change set failed only because there is nothing to change."""
    return change_set["Status"] == "FAILED" and any(
        words in change_set.get("StatusReason", "") for words in _NO_CHANGES
    )


def lines(changes: list[dict], nested: Callable[[str], list[dict]], depth: int = 0) -> list[str]:
    """One line a resource: sign, logical id, type, what of it; nested stacks' changes indented below.

    `changes` as in DescribeChangeSet; `nested` gives those of a nested change set by its id.
    """
    result = []
    for change in (entry["ResourceChange"] for entry in changes):
        result.append("  " * depth + _line(change))
        if change.get("ChangeSetId"):
            result += lines(nested(change["ChangeSetId"]), nested, depth + 1)
    return result


def _line(change):
    words = [SIGNS.get(change["Action"], "?"), change["LogicalResourceId"], change["ResourceType"]]
    names = sorted({_target(detail) for detail in change.get("Details", [])})
    if names:
        words.append(f"({', '.join(names)})")
    if change.get("Replacement") in REPLACEMENT:
        words.append(REPLACEMENT[change["Replacement"]])
    return " ".join(words)


def _target(detail):
    target = detail.get("Target", {})
    return target.get("Name") or target.get("Attribute") or "?"
