"""The policies of an environment, as files and in a few lines."""

import json
from collections.abc import Iterator
from pathlib import Path

from review import workspace
from review.environment import PROJECT
from review.permissions import needed
from review.permissions.policy import deploying, reading, size
from review.permissions.reference import table

FOLDER = workspace.ROOT / "build" / "permissions"


def lines(env: str, region: str, account: str, folder: Path) -> Iterator[str]:
    """Write the policies of an environment into a folder; say what is in them and what is left out."""
    nests = [workspace.load(env, region).nest, workspace.bootstrap(env, region)]
    stack = f"{PROJECT}-{env}"
    deploy = deploying(stack, nests, region, account)
    documents = {f"deploy-{number}": document for number, document in enumerate(deploy, 1)}
    documents["read"] = reading(stack, nests, region, account)
    actions = needed.to_deploy(*nests)
    writing = sum(table()[name].level not in ("Read", "List") for name in actions)
    yield f"{env}: {len(actions)} actions to create, update and delete it, {writing} of them change something"
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.json"):
        stale.unlink()
    for name, document in documents.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(json.loads(document.to_json()), indent=2) + "\n")
        statements = json.loads(document.to_json())["Statement"]
        yield f"  {path}: {len(statements)} statements, {size(document)} characters"
        yield from (f"    {_line(statement)}" for statement in statements)
    yield from _left_out(needed.handled(needed.kinds(*nests)))


def _line(statement):
    on = statement["Resource"]
    where = on[0] if len(on) == 1 else f"{on[0]} and {len(on) - 1} more"
    condition = "".join(f" if {key}" for tests in statement.get("Condition", {}).values() for key in tests)
    return f"{statement['Sid']:<20} {len(statement['Action']):>3} actions on {where}{condition}"


def _left_out(handled):
    """What the types' handlers name and no policy has, by the reason."""
    reasons = {}
    for action in sorted(handled):
        if reason := needed.reason_to_leave_out(action):
            reasons.setdefault(reason, []).append(action)
    yield "  Named by the resource types' handlers and left out:"
    for reason, actions in reasons.items():
        named = ", ".join(actions[:3]) + (f" and {len(actions) - 3} more" if len(actions) > 3 else "")
        yield f"    {reason}: {named}"
