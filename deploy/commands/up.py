"""The stack itself: package, show the change set, ask, execute, follow."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from deploy import changes, images
from deploy.aws import Aws
from deploy.commands import prepare
from deploy.commands.environment import load
from deploy.commands.flight import arrive, fly
from deploy.commands.look import say_outputs
from deploy.follow import last_event_time
from deploy.guard import allowed_names, is_asked_for, protect, protected
from deploy.package import package
from deploy.plan import Versions, change_set, discard, draw, versions
from deploy.problem import Problem
from deploy.settings import Settings
from deploy.stacks import described, outputs, ready
from deploy.terminal import confirm, require_someone_to_ask, say
from review.update.change import Change
from review.update.guard import check


@dataclass(frozen=True)
class Order:
    """What a deployment is to bring."""

    change_set: Callable[[str], str]  # takes a name, orders the change set, gives its id
    between: Callable[[], Versions]  # the nests before and after it
    names: Collection[str]  # what ALLOW_REPLACE may name
    images: dict[str, str]  # what is to run afterwards, by parameter


def up(env: str, bootstrap: bool = False) -> None:
    """Package, show the change set, ask, execute, follow; outputs at the end.

    `bootstrap`: bring the repositories and the bucket up to date before.
    """
    wanted, templates = load(env)
    require_someone_to_ask()
    aws = Aws()
    if bootstrap:
        prepare.bring(aws, wanted, templates)
    given = _image_parameters(aws, wanted)
    url = upload(aws, outputs(described(aws, wanted.bootstrap_stack))["ArtifactBucketName"], templates)
    stack = ready(aws, wanted, wanted.stack)
    kind, parameters = "UPDATE" if stack else "CREATE", wanted.parameters | given
    order = Order(
        lambda name: aws.create_change_set(wanted.stack, name, kind, url, parameters, wanted.tags),
        lambda: versions(aws, wanted, stack, given),
        allowed_names(templates, of_bootstrap=False),
        given,
    )
    carry_out(aws, wanted, order)
    say_outputs(aws, wanted.stack)


def carry_out(aws: Aws, wanted: Settings, order: Order) -> None:
    """Show what a change set of the stack would do, ask, execute it, follow it until what was ordered is what runs.

    A change set without changes is forgotten. Guarded: data would be lost.
    """
    with change_set(aws, wanted, order.change_set) as proposed:
        allowed = _agreed(aws, wanted, proposed, order)
    if changes.is_empty(proposed):
        discard(aws, wanted, proposed["ChangeSetId"], with_stack=False)
        say(f"{wanted.stack}: no changes")
        protect(aws, wanted.stack, is_asked_for(wanted.parameters))
    else:
        with protected(aws, wanted.stack, allowed, is_asked_for(wanted.parameters)):
            _execute(aws, wanted, proposed["ChangeSetId"])
    arrive(aws, wanted, order.images)


def _agreed(aws, wanted, proposed, order) -> list[Change]:
    """Show the plan, hold the guard, ask; what of the data may end."""
    if changes.is_empty(proposed):
        return check([], order.names)
    plan = draw(aws, proposed, order.between())
    say(f"{wanted.stack}: changes")
    plan.show(say)
    allowed = check(plan.changes, order.names)
    if not confirm(f"Deploy {wanted.stack}?"):
        raise Problem(f"not deployed; {wanted.stack} stays as it is")
    return allowed


def _image_parameters(aws, wanted):
    """The images by digest: a tag of this registry never changes, but a digest says so to everyone."""
    parameters = {}
    for target, reference in prepare.image_references(aws, wanted).items():
        digest = aws.image_digest(*images.split(reference))
        if not digest:
            raise Problem(f"the registry has no {reference}: `make deploy ENV={wanted.env}` builds and pushes it")
        parameters[images.TARGETS[target][0]] = f"{reference.rpartition(':')[0]}@{digest}"
    return parameters


def upload(aws: Aws, bucket: str, templates: dict[str, str]) -> str:
    """Store the templates that the bucket does not hold yet; the address of the root's."""
    packed = package(templates, lambda key: aws.template_url(bucket, key))
    stored = [aws.upload_if_absent(bucket, key, text) for key, text in packed.files.items()]
    others = "" if all(stored) else ", the others are there already"
    counted = f"{sum(stored)} of {len(stored)} uploaded{others}"
    say(f"templates: {counted if any(stored) else 'all are there already'}")
    return aws.template_url(bucket, packed.root)


def _execute(aws, wanted, change_set_id):
    before = last_event_time(aws, wanted.stack)
    aws.execute_change_set(change_set_id, wanted.stack)
    fly(aws, wanted, described(aws, wanted.stack), before)
