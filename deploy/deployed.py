"""The nest that is deployed, resolved as the templates here are: what a plan compares them with."""

import contextlib
from collections.abc import Mapping

from deploy.aws import Aws
from deploy.events import NESTED
from deploy.stacks import parameters
from review import environment, template
from review.problem import Problem
from review.resolve import Nest, resolve


def nest(aws: Aws, stack: dict, changes: Mapping[str, str] | None = None) -> Nest | None:
    """The deployed nest under a root stack, with some of its parameters changed.

    None if it cannot be resolved here, as one that somebody else deployed.
    """
    with contextlib.suppress(Problem):
        templates = localized(templates_of(aws, stack["StackId"]))
        pseudo = environment.pseudo(aws.region, stack["StackName"])
        return resolve(templates, "root.yaml", parameters(stack) | (changes or {}), pseudo)
    return None


def templates_of(aws: Aws, stack_id: str) -> dict[str, str | dict]:
    """The templates of the nest by path; the root's is empty."""
    nested = [entry for entry in aws.nest(stack_id) if entry["ResourceType"] == NESTED]
    there = [entry for entry in nested if entry.get("PhysicalResourceId", "").startswith("arn:")]
    return {"": aws.template(stack_id)} | {entry["Path"]: aws.template(entry["PhysicalResourceId"]) for entry in there}


def localized(templates: Mapping[str, str | dict]) -> dict[str, dict]:
    """Templates by path as templates by file name, with the addresses of nested ones replaced by those names."""
    parsed = {}
    for path, body in templates.items():
        content = template.parse(body, path or "root") if isinstance(body, str) else dict(body)
        for title, resource in content["Resources"].items():
            if resource.get("Type") == NESTED and "TemplateURL" in resource.get("Properties", {}):
                resource["Properties"]["TemplateURL"] = _file(f"{path}/{title}".lstrip("/"))
        parsed[_file(path)] = content
    return parsed


def _file(path):
    return f"{path.replace('/', '-').lower() or 'root'}.yaml"
