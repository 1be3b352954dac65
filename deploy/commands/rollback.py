"""Back to the images that served before."""

from deploy import deployed, history, states
from deploy.aws import Aws
from deploy.commands.environment import load
from deploy.commands.prepare import require_awake
from deploy.commands.up import Order, carry_out
from deploy.guard import allowed_names
from deploy.plan import Versions
from deploy.problem import Problem
from deploy.stacks import decision_for, described, parameters, require_ours
from deploy.terminal import require_someone_to_ask, say


def rollback(env: str) -> None:
    """Show, ask and carry out the change to the images before these; everything else stays as it was deployed."""
    wanted, templates = load(env)
    require_someone_to_ask()
    aws = Aws()
    stack = described(aws, wanted.stack)
    require_ours(stack, wanted)
    if decision_for(stack, wanted.stack).action != states.UPDATE:
        raise Problem(f"{wanted.stack} is in {stack['StackStatus']}: `make deploy` mends that, then try again")
    require_awake(aws, wanted, stack)
    before = _previous_images(aws, wanted, parameters(stack))
    for name, image in before.items():
        say(f"{name:<9} {image}")
    say("the database keeps its schema and its data: the older application has to get along with them")
    kept = set(parameters(stack)) - set(before)
    order = Order(
        lambda name: aws.create_parameter_change_set(wanted.stack, name, before, kept, wanted.tags),
        lambda: Versions(deployed.nest(aws, stack), deployed.nest(aws, stack, before), aws.region),
        allowed_names(templates, of_bootstrap=False),
        before,
    )
    carry_out(aws, wanted, order)
    say("`make deploy` from this checkout would bring its own images again")


def _previous_images(aws, wanted, current):
    """The images of the last task definition that served and had others; they must still be in the registry."""
    compute = next(entry for entry in aws.nest(wanted.stack) if entry["Path"] == "Compute")["PhysicalResourceId"]
    for arn in history.served(aws.events(compute, "Compute", None)):
        images = history.images(aws.task_definition(arn))
        if any(current.get(name) != image for name, image in images.items()):
            _require_pushed(aws, images)
            return images
    raise Problem(f"{wanted.stack} has served no other images in the last 90 days: there is nothing to go back to")


def _require_pushed(aws, images):
    for image in images.values():
        address, _, digest = image.partition("@")
        if digest and aws.image_tags(address.partition("/")[2], digest) is None:
            raise Problem(f"the registry does not hold {image} any more: check out its commit and `make deploy`")
