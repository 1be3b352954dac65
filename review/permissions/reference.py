"""What IAM knows of an action: actions.json, reduced from AWS's Service Authorization Reference.

A new resource type brings new actions: review/permissions/refresh.py writes the table anew.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from review.problem import Problem

TABLE = Path(__file__).with_name("actions.json")


@dataclass(frozen=True)
class Action:
    """An action of IAM."""

    level: str  # Read, List, Write, Tagging or Permissions management
    on_resources: bool  # can it be allowed on some resources only?
    on_tagged: bool  # and on those with a tag only?


def known(name: str) -> Action:
    """An action. Problem: the table has none of this name."""
    if name not in table():
        raise Problem(f"{name}: actions.json does not know it; review/permissions/refresh.py says how to add it")
    return table()[name]


@cache
def table() -> dict[str, Action]:
    """Every action that is known here, by its name as in ec2:CreateVpc."""
    return {name: Action(*entry) for name, entry in json.loads(TABLE.read_text())["actions"].items()}
