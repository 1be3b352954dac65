"""The policies of an environment, as files and in a few lines."""

import json
from collections.abc import Iterator
from pathlib import Path

from review import workspace
from review.environment import PROJECT
from review.permissions import needed
from review.permissions.policy import deploying, operating, reading, size
from review.permissions.reference import table

FOLDER = workspace.ROOT / "build" / "permissions"


def documents(env: str, region: str, account: str = "*") -> dict[str, str]:
    """The policies of an environment as JSON, by name: deploy-1 and further, operate, read."""
    nests, stack = _nests(env, region), f"{PROJECT}-{env}"
    made = {f"deploy-{number}": each for number, each in enumerate(deploying(stack, nests, region, account), 1)}
    made |= {"operate": operating(stack, nests, region, account), "read": reading(stack, nests, region, account)}
    return {name: json.dumps(json.loads(each.to_json()), indent=2) + "\n" for name, each in made.items()}


def _nests(env, region):
    return [workspace.load(env, region).nest, workspace.bootstrap(env, region)]


def lines(env: str, region: str, account: str, folder: Path) -> Iterator[str]:
    """Write the policies of an environment into a folder; say what is in them and what is left out."""
    yield headline(env, region)
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.json"):
        stale.unlink()
    for name, text in documents(env, region, account).items():
        path = folder / f"{name}.json"
        path.write_text(text)
        statements = json.loads(text)["Statement"]
        yield f"  {path}: {len(statements)} statements, {size(text)} characters"
        yield from (f"    {row(statement)}" for statement in statements)
    yield "  Named by the resource types' handlers and left out:"
    for reason, actions in left_out(env, region).items():
        yield f"    {reason}: {shortened(actions)}"


def headline(env: str, region: str) -> str:
    """How many actions an environment needs."""
    actions = needed.to_deploy(*_nests(env, region))
    writing = sum(table()[name].level not in ("Read", "List") for name in actions)
    return f"{env}: {len(actions)} actions to create, update and delete it, {writing} of them change something"


def row(statement: dict) -> str:
    """A statement in one line."""
    return f"{statement['Sid']:<24} {len(statement['Action']):>3} actions on {where(statement)}"


def where(statement: dict, quote: str = "") -> str:
    """On what a statement's actions are allowed."""
    on = statement["Resource"]
    keys = [key for tests in statement.get("Condition", {}).values() for key in tests]
    more = f" and {len(on) - 1} more" if len(on) > 1 else ""
    return f"{quote}{on[0]}{quote}{more}" + "".join(f" if {quote}{key}{quote}" for key in keys)


def left_out(env: str, region: str) -> dict[str, list[str]]:
    """What the types' handlers name and no policy has, by the reason."""
    reasons = {}
    for action in sorted(needed.handled(needed.kinds(*_nests(env, region)))):
        if reason := needed.reason_to_leave_out(action):
            reasons.setdefault(reason, []).append(action)
    return reasons


def shortened(actions: list[str]) -> str:
    """The first three, and how many more."""
    return ", ".join(actions[:3]) + (f" and {len(actions) - 3} more" if len(actions) > 3 else "")
