"""The guard's second and third line, in AWS: stack policies and termination protection.

A stack policy holds for the resources of one stack; nested stacks do not take over the root's (see
aws-cloudformation/cloudformation-coverage-roadmap#1512), so each stack that holds data has one of its own, and the
root's keeps those stacks from being removed. A change set takes no policy for its own time only, as UpdateStack does:
what ALLOW_REPLACE names is left out of the policy before the change set is executed, and is in it again afterwards.
"""

import json
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from deploy import template
from deploy.aws import Aws
from deploy.events import NESTED
from deploy.faults import explain
from deploy.states import GONE, RESOURCES
from deploy.terminal import say
from review.update.change import Change
from review.update.guard import HOLDS, parse


def allowed_names(templates: dict[str, str], of_bootstrap: bool) -> frozenset[str]:
    """What ALLOW_REPLACE names: of the stack of repositories and bucket, or of the nest."""
    titles = template.parse(templates["bootstrap.yaml"], "out/bootstrap.yaml")["Resources"]
    names = parse(os.environ.get("ALLOW_REPLACE", ""))
    return frozenset(name for name in names if (name in titles) is of_bootstrap)


def policies(resources: Iterable[dict], open_paths: Collection[str] = ()) -> dict[str, str]:
    """The policy, as JSON, of each stack that holds data or holds a stack that does, by path; the root's is empty.

    `resources` are those of the nest, with `Path`. Those at `open_paths`, and the stacks around them, are left out.
    """
    held: dict[str, set[str]] = {}
    for entry in resources:
        if entry["ResourceType"] in HOLDS:
            for path in _with_stacks_around(entry["Path"]):
                place, _, title = path.rpartition("/")
                titles = held.setdefault(place, set())
                if not any(opened == path or opened.startswith(f"{path}/") for opened in open_paths):
                    titles.add(title)
    return {place: policy(titles) for place, titles in held.items()}


def _with_stacks_around(path) -> list[str]:
    """Data/DBInstance and Data, of the former."""
    parts = path.split("/")
    return ["/".join(parts[:number]) for number in range(len(parts), 0, -1)]


def policy(titles: Collection[str]) -> str:
    """A stack policy under which everything may be updated, and these resources be neither replaced nor removed.

    Without the first statement nothing could be updated at all: what a policy does not allow, it denies.
    """
    statements = [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]
    if titles:
        statements.append(
            {
                "Effect": "Deny",
                "Action": ["Update:Replace", "Update:Delete"],
                "Principal": "*",
                "Resource": [f"LogicalResourceId/{title}" for title in sorted(titles)],
            }
        )
    return json.dumps({"Statement": statements})


@contextmanager
def protected(aws: Aws, name: str, allowed: Collection[Change], termination: bool) -> Iterator[None]:
    """While the block runs, only what is allowed may end; afterwards nothing that holds data, even if the block failed.

    `termination`: the stack gets termination protection too. After Ctrl-C the deployment goes on, and with it what is
    allowed: the next deployment protects it again.
    """
    protect(aws, name, open_paths={change.path for change in allowed})
    try:
        yield
    except KeyboardInterrupt:
        if allowed:
            say(f"{', '.join(change.path for change in allowed)}: not protected until the next `make deploy`")
        raise
    except Exception:
        protect(aws, name, termination)
        raise
    protect(aws, name, termination)


def protect(aws: Aws, name: str, termination: bool = False, open_paths: Collection[str] = ()) -> None:
    """Set the policies of the nest that is there; what is at `open_paths` may be replaced or removed.

    A deployment is not held up because that is denied: the guard has looked at it already. But somebody has to know.
    """
    try:
        stack = aws.stack(name)
        if stack is None or _is_young(stack):
            return
        resources = [entry for entry in aws.nest(stack["StackId"]) if RESOURCES.get(entry["ResourceStatus"]) != GONE]
        ids = {entry["Path"]: entry["PhysicalResourceId"] for entry in resources if entry["ResourceType"] == NESTED}
        for path, body in policies(resources, open_paths).items():
            aws.set_stack_policy(ids[path] if path else stack["StackId"], body)
        if termination and not stack.get("EnableTerminationProtection"):
            aws.protect_stack(name, True)
    except (ClientError, BotoCoreError) as error:
        say(f"warning: {name} is not protected as it should be: {explain(error)}")


def _is_young(stack):
    """Has it never been complete? Then there is nothing in it to protect, or it is about to be deleted."""
    return stack["StackStatus"] != "CREATE_COMPLETE" and not stack["StackStatus"].startswith(("UPDATE_", "IMPORT_"))


def is_asked_for(parameters: dict[str, str]) -> bool:
    """Whether the environment asks for protection against deletion: of the database, and so of what is around it."""
    return parameters.get("DeletionProtection") == "true"
