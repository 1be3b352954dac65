"""What a function of a template looks like; what has another shape is left to cfn-lint's own rules."""

from __future__ import annotations

from typing import Any

MALFORMED = "Fn::Malformed"
# How many arguments a function has, in a list.
LENGTHS = {
    "Fn::And": (1, 99),
    "Fn::Cidr": (1, 3),
    "Fn::Equals": (2, 2),
    "Fn::FindInMap": (3, 4),
    "Fn::GetAtt": (2, 2),
    "Fn::If": (3, 3),
    "Fn::Join": (2, 2),
    "Fn::Not": (1, 1),
    "Fn::Or": (1, 99),
    "Fn::Select": (2, 2),
    "Fn::Split": (2, 2),
}


def only(node: Any) -> tuple[str, Any]:
    """Name and argument of the function that a node is; ('', None) if it is none, MALFORMED if it cannot be one."""
    if isinstance(node, dict) and len(node) == 1:
        ((name, argument),) = node.items()
        if name in ("Ref", "Condition") or str(name).startswith("Fn::"):
            return (name, argument) if well_formed(name, argument) else (MALFORMED, None)
    return "", None


def well_formed(name: str, argument: Any) -> bool:
    """Has the argument of a function the shape that it needs?"""
    if name in ("Ref", "Condition"):
        return isinstance(argument, str)
    if name == "Fn::GetAtt" and isinstance(argument, str):
        return True
    if name not in LENGTHS:
        return True
    low, high = LENGTHS[name]
    if not isinstance(argument, list) or not low <= len(argument) <= high:
        return False
    return name not in ("Fn::GetAtt", "Fn::If") or isinstance(argument[0], str)
