"""PERMISSIONS.md: the policies of each environment, in a table, and how to make them."""

import json
from collections.abc import Iterator

from review import summary
from review.environment import PROJECT
from review.handbook.text import table, text, words
from review.permissions import report
from review.workspace import Environment


def document(envs: list[Environment], region: str, policies: dict[str, dict[str, str]]) -> str:
    """The document; `policies` are the files of each environment by name."""
    return text(
        "PERMISSIONS.md",
        {
            "project": PROJECT,
            "region": region,
            "makers": _makers(envs),
            "environments": "\n".join(
                line for env, files in policies.items() for line in _of(env, files, region)
            ).strip(),
            "left out": "\n".join(_left_out(envs, region)),
        },
    )


def _makers(envs):
    making = [env.name for env in envs if summary.named(env.nest.flat["Resources"], "AWS::IAM::Role")]
    named = words(f"`{env}`" for env in making)
    return f"{named} make roles and policies of their own, under the stack's name." if making else "None makes a role."


def _of(env, files, region) -> Iterator[str]:
    yield f"## {env}\n"
    yield f"{report.headline(env, region).partition(': ')[2]}.\n"
    rows = [["file", "statement", "actions", "on"]]
    rows += [
        [f"{name}.json", statement["Sid"], str(len(statement["Action"])), report.where(statement, "`")]
        for name, content in files.items()
        for statement in json.loads(content)["Statement"]
    ]
    yield from table(rows)
    yield ""


def _left_out(envs, region):
    reasons = {}
    for env in envs:
        for reason, actions in report.left_out(env.name, region).items():
            reasons.setdefault(reason, set()).update(actions)
    for reason, actions in reasons.items():
        yield f"- {reason}: {report.shortened(sorted(actions))}"
