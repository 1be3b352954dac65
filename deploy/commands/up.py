"""The stack itself: package, show the change set, ask, execute, follow."""

import os
import time

from deploy import changes, images
from deploy.aws import Aws
from deploy.commands.environment import load
from deploy.commands.flight import arrive, fly
from deploy.commands.look import print_outputs
from deploy.commands.prepare import image_references
from deploy.follow import last_event_time
from deploy.package import package
from deploy.problem import Problem
from deploy.settings import Settings
from deploy.stacks import described, outputs, ready
from deploy.states import CHANGE_SET_PREFIX
from deploy.terminal import confirm, require_someone_to_ask, say


def up(env: str) -> None:
    """Package, show the change set, ask, execute, follow; outputs at the end."""
    wanted, templates = load(env)
    require_someone_to_ask()
    aws = Aws()
    parameters = wanted.parameters | _image_parameters(aws, wanted)
    url = _upload(aws, outputs(described(aws, wanted.bootstrap_stack))["ArtifactBucketName"], templates)
    kind = "CREATE" if ready(aws, wanted, wanted.stack) is None else "UPDATE"
    change_set_id = aws.create_change_set(wanted.stack, change_set_name(), kind, url, parameters, wanted.tags)
    carry_out(aws, wanted, change_set_id, parameters)
    print_outputs(env)


def carry_out(aws: Aws, wanted: Settings, change_set_id: str, sent: dict[str, str]) -> None:
    """Show what a change set of the stack would do, ask, execute it, follow it until what was sent is what runs.

    A change set without changes is forgotten. `sent` are parameters, of which the images are looked for.
    """
    change_set = _wait_for_change_set(aws, wanted, change_set_id)
    if changes.is_empty(change_set):
        aws.delete_change_set(change_set_id, wanted.stack)
        say(f"{wanted.stack}: no changes")
    else:
        _execute(aws, wanted, change_set, change_set_id)
    arrive(aws, wanted, sent)


def _image_parameters(aws, wanted):
    """The images by digest: a tag of this registry never changes, but a digest says so to everyone."""
    parameters = {}
    for target, reference in image_references(aws, wanted).items():
        digest = aws.image_digest(*images.split(reference))
        if not digest:
            raise Problem(f"the registry has no {reference}: `make deploy ENV={wanted.env}` builds and pushes it")
        parameters[images.TARGETS[target][0]] = f"{reference.rpartition(':')[0]}@{digest}"
    return parameters


def _upload(aws, bucket, templates):
    packed = package(templates, lambda key: aws.template_url(bucket, key))
    stored = [aws.upload_if_absent(bucket, key, text) for key, text in packed.files.items()]
    say(f"templates: {sum(stored)} of {len(stored)} uploaded, the others are there already")
    return aws.template_url(bucket, packed.root)


def change_set_name() -> str:
    """A new name, by which a change set is known as one of a deployment."""
    return f"{CHANGE_SET_PREFIX}{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"


def _wait_for_change_set(aws, wanted, change_set_id, pause=1.0):
    while (change_set := aws.change_set(change_set_id, wanted.stack))["Status"].endswith(("_PENDING", "_IN_PROGRESS")):
        time.sleep(pause)
    if change_set["Status"] == "FAILED" and not changes.is_empty(change_set):
        _discard(aws, wanted, change_set_id)
        reason = change_set.get("StatusReason", "no reason given")
        raise Problem(f"{wanted.stack}: CloudFormation refuses the change: {reason}")
    return change_set


def _execute(aws, wanted, change_set, change_set_id):
    say(f"{wanted.stack}: changes")
    for text in changes.lines(change_set["Changes"], lambda nested: aws.change_set(nested)["Changes"]):
        say(f"  {text}")
    if not confirm(f"Deploy {wanted.stack}?"):
        _discard(aws, wanted, change_set_id)
        raise Problem("not deployed; nothing was changed")
    before = last_event_time(aws, wanted.stack)
    aws.execute_change_set(change_set_id, wanted.stack)
    fly(aws, wanted, described(aws, wanted.stack), before)


def _discard(aws, wanted, change_set_id):
    """Delete a change set that is not wanted, and with it the empty stack that a first one makes."""
    aws.delete_change_set(change_set_id, wanted.stack)
    stack = aws.stack(wanted.stack)
    if stack and stack["StackStatus"] == "REVIEW_IN_PROGRESS":
        aws.delete_stack(wanted.stack)
