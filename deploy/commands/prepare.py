"""The steps before the stack: preflight, repositories and bucket, images."""

import os

from deploy import deployed, images, template
from deploy.answers import ask
from deploy.aws import Aws
from deploy.commands.environment import ROOT, load
from deploy.follow import follow, last_event_time
from deploy.guard import allowed_names, is_asked_for, protect, protected
from deploy.pausing import is_paused
from deploy.problem import Problem
from deploy.settings import Settings
from deploy.stacks import decision_for, described, outputs, ready
from deploy.terminal import require_someone_to_ask, say
from review import environment, workspace
from review.resolve import resolve
from review.update.change import Change
from review.update.compare import EMPTY, compare
from review.update.guard import check


def preflight(env: str) -> None:
    """Hold everything that can be known beforehand; says where the deployment would go, then what is missing."""
    wanted, _ = load(env)
    require_someone_to_ask()
    aws = Aws()
    workspace.load(env, aws.region)  # holds the rules of the templates too
    account = aws.account()
    stack = aws.stack(wanted.stack)
    decision_for(stack, wanted.stack)
    require_awake(aws, wanted, stack)
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    say(f"{wanted.stack} in account {account}, region {aws.region}" + (f", at {endpoint}" if endpoint else ""))
    _say_missing(aws, wanted)


def require_awake(aws: Aws, wanted: Settings, stack: dict | None) -> None:
    """Raise a Problem for a paused environment: a deployment would start tasks that find no database."""
    database = stack and outputs(stack).get("DatabaseInstanceId")
    if database and is_paused(ask(aws.database, database).value):
        raise Problem(f"{wanted.stack} is paused: `make resume ENV={wanted.env}` first")


def bootstrap(env: str) -> None:
    """Create or update the stack with repositories and bucket, and wait for it."""
    wanted, templates = load(env)
    bring(Aws(), wanted, templates)


def bring(aws: Aws, wanted: Settings, templates: dict[str, str]) -> None:
    """The same, for who has loaded the environment already."""
    name, body = wanted.bootstrap_stack, templates["bootstrap.yaml"]
    parameters = {"RepositoryNamespace": wanted.stack}
    stack = ready(aws, wanted, name)
    if stack is None:
        aws.create_stack(name, body, parameters, wanted.tags)
        say(f"{name}: {follow(aws, described(aws, name), None)}")
        protect(aws, name, is_asked_for(wanted.parameters))
        return
    allowed = check(bootstrap_changes(aws, wanted, stack, body), allowed_names(templates, of_bootstrap=True))
    before = last_event_time(aws, name)
    with protected(aws, name, allowed, is_asked_for(wanted.parameters)):
        if aws.update_stack(name, body, parameters, wanted.tags):
            say(f"{name}: {follow(aws, stack, before)}")
        else:
            say(f"{name}: no changes")


def bootstrap_changes(aws: Aws, wanted: Settings, stack: dict | None, body: str) -> list[Change]:
    """What an update of the stack with repositories and bucket would change; it has no change set. None: all is new.

    Problem: it is there, and its template cannot be resolved here.
    """
    parameters = {"RepositoryNamespace": wanted.stack}
    pseudo = environment.pseudo(aws.region, wanted.bootstrap_stack)
    after = resolve(
        {"bootstrap.yaml": template.parse(body, "out/bootstrap.yaml")}, "bootstrap.yaml", parameters, pseudo
    )
    before = deployed.nest(aws, stack) if stack else EMPTY
    if before is None:
        raise Problem(f"{wanted.bootstrap_stack} cannot be compared with out/bootstrap.yaml: is it somebody else's?")
    return compare(before, after, aws.region)


def missing_images(env: str) -> None:
    """Print `target platform reference` for each image that the registry does not hold yet.

    Before there is a registry, all of them are missing, and - stands for the reference.
    """
    wanted, _ = load(env)
    _say_missing(Aws(), wanted)


def _say_missing(aws, wanted):
    stack = aws.stack(wanted.bootstrap_stack)
    references = image_references(aws, wanted) if has_registry(stack) else dict.fromkeys(images.TARGETS, "-")
    for target, reference in references.items():
        if reference == "-" or not aws.image_digest(*images.split(reference)):
            say(f"{target} {images.PLATFORMS[wanted.architecture]} {reference}")


def has_registry(stack: dict | None) -> bool:
    """Whether the stack of repositories and bucket has come to be; while it is made, or if it failed, it has not."""
    return stack is not None and {output for _, output in images.TARGETS.values()} <= outputs(stack).keys()


def image_references(aws: Aws, wanted: Settings) -> dict[str, str]:
    """The reference of each image, by target: repository and the tag that its content gives it."""
    bootstrapped = outputs(described(aws, wanted.bootstrap_stack))
    return images.references(bootstrapped, images.content_tag(ROOT, wanted.architecture))


def registry_password(env: str) -> None:
    """Print the registry's password; to be piped, never shown."""
    load(env)
    say(Aws().registry_password())
