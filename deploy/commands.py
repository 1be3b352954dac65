"""The verbs of the command line: the steps of a deployment, in the order in which deploy.sh takes them."""

import os
import time
from pathlib import Path

from deploy import changes, images, settings, template
from deploy.aws import Aws
from deploy.follow import follow, last_event_time
from deploy.package import package
from deploy.problem import Problem
from deploy.settings import Settings
from deploy.stacks import decision_for, delete, described, outputs, ready, require_ours
from deploy.terminal import confirm, require_someone_to_ask, say
from review import workspace

ROOT = Path(__file__).parent.parent


def load(env: str) -> tuple[Settings, dict[str, str]]:
    """The environment with every parameter, held against out/root.yaml; and the texts of out/.

    CONFIG and OUT name other folders, as a rehearsal has them.
    """
    templates = template.read_all(Path(os.environ.get("OUT", ROOT / "out")))
    definitions = template.parse(templates["root.yaml"], "out/root.yaml")["Parameters"]
    return settings.load(env, Path(os.environ.get("CONFIG", ROOT / "config")), definitions), templates


def preflight(env: str) -> None:
    """Hold everything that can be known beforehand; says where the deployment would go."""
    wanted, _ = load(env)
    require_someone_to_ask()
    aws = Aws()
    workspace.load(env, aws.region)  # holds the rules of the templates too
    account = aws.account()
    decision_for(aws.stack(wanted.stack), wanted.stack)
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    say(f"{wanted.stack} in account {account}, region {aws.region}" + (f", at {endpoint}" if endpoint else ""))


def bootstrap(env: str) -> None:
    """Create or update the stack with repositories and bucket, and wait for it."""
    wanted, templates = load(env)
    aws = Aws()
    name, body = wanted.bootstrap_stack, templates["bootstrap.yaml"]
    parameters = {"RepositoryNamespace": wanted.stack}
    stack = ready(aws, wanted, name)
    if stack is None:
        aws.create_stack(name, body, parameters, wanted.tags)
        say(f"{name}: {follow(aws, described(aws, name), None, say)}")
        return
    before = last_event_time(aws, name)
    if aws.update_stack(name, body, parameters, wanted.tags):
        say(f"{name}: {follow(aws, stack, before, say)}")
    else:
        say(f"{name}: no changes")


def missing_images(env: str) -> None:
    """Print `target platform reference` for each image that the registry does not hold yet.

    Before there is a registry, all of them are missing, and - stands for the reference.
    """
    wanted, _ = load(env)
    aws = Aws()
    references = dict.fromkeys(images.TARGETS, "-")
    if aws.stack(wanted.bootstrap_stack):
        references = _image_references(aws, wanted)
    for target, reference in references.items():
        if reference == "-" or not aws.image_digest(*images.split(reference)):
            say(f"{target} {images.PLATFORMS[wanted.architecture]} {reference}")


def _image_references(aws, wanted):
    bootstrapped = outputs(described(aws, wanted.bootstrap_stack))
    return images.references(bootstrapped, images.content_tag(ROOT, wanted.architecture))


def registry_password(env: str) -> None:
    """Print the registry's password; to be piped, never shown."""
    load(env)
    say(Aws().registry_password())


def up(env: str) -> None:
    """Package, show the change set, ask, execute, follow; outputs at the end."""
    wanted, templates = load(env)
    require_someone_to_ask()
    aws = Aws()
    parameters = wanted.parameters | _image_parameters(aws, wanted)
    url = _upload(aws, outputs(described(aws, wanted.bootstrap_stack))["ArtifactBucketName"], templates)
    kind = "CREATE" if ready(aws, wanted, wanted.stack) is None else "UPDATE"
    change_set_id = aws.create_change_set(wanted.stack, _change_set_name(), kind, url, parameters, wanted.tags)
    change_set = _wait_for_change_set(aws, wanted, change_set_id)
    if changes.is_empty(change_set):
        aws.delete_change_set(change_set_id, wanted.stack)
        say(f"{wanted.stack}: no changes")
    else:
        _execute(aws, wanted, change_set, change_set_id)
    print_outputs(env)


def _image_parameters(aws, wanted):
    """The images by digest: a tag of this registry never changes, but a digest says so to everyone."""
    parameters = {}
    for target, reference in _image_references(aws, wanted).items():
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


def _change_set_name():
    return f"deploy-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"


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
    say(f"{wanted.stack}: {follow(aws, described(aws, wanted.stack), before, say)}")


def _discard(aws, wanted, change_set_id):
    """Delete a change set that is not wanted, and with it the empty stack that a first one makes."""
    aws.delete_change_set(change_set_id, wanted.stack)
    stack = aws.stack(wanted.stack)
    if stack and stack["StackStatus"] == "REVIEW_IN_PROGRESS":
        aws.delete_stack(wanted.stack)


def print_outputs(env: str) -> None:
    """Print the outputs of the root stack, the URL last."""
    wanted, _ = load(env)
    values = outputs(described(Aws(), wanted.stack))
    for name, value in sorted(values.items(), key=lambda item: item[0] == "Url"):
        say(f"{name:<20} {value}")


def destroy(env: str) -> None:
    """Delete both stacks of an environment, with images and templates, after the stack's name was typed."""
    wanted, _ = load(env)
    aws = Aws()
    found = [stack for stack in map(aws.stack, (wanted.stack, wanted.bootstrap_stack)) if stack]
    if not found:
        say(f"{wanted.stack}: there is nothing to destroy")
        return
    for stack in found:
        require_ours(stack, wanted)
    values = outputs(found[0])
    kept = values.get("FinalSnapshot", "keep") == "keep"
    say("to be deleted: " + ", ".join(stack["StackName"] for stack in found))
    say("the database's final snapshot is " + ("kept, and costs until you delete it" if kept else "deleted too"))
    if not confirm(f"Destroy {wanted.stack}?", word=wanted.stack):
        raise Problem("not destroyed; nothing was changed")
    for stack in found:
        if stack["StackName"] == wanted.bootstrap_stack:
            _empty(aws, outputs(stack))
        delete(aws, stack)
    if not kept:
        for snapshot in aws.snapshots(values["DatabaseInstanceId"]):
            aws.delete_snapshot(snapshot)
            say(f"{snapshot}: deleted")


def _empty(aws, values):
    if "ArtifactBucketName" in values:
        aws.empty_bucket(values["ArtifactBucketName"])
    for output in (output for _, output in images.TARGETS.values() if output in values):
        aws.empty_repository(values[output].partition("/")[2])
