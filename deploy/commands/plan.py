"""What a deployment would do, and nothing done."""

from deploy import images
from deploy.aws import Aws
from deploy.commands.environment import load
from deploy.commands.prepare import bootstrap_changes, has_registry, image_references
from deploy.commands.up import upload
from deploy.guard import allowed_names
from deploy.plan import Plan, Versions, change_set, discard, draw, versions
from deploy.problem import Problem
from deploy.settings import Settings
from deploy.stacks import decision_for, outputs
from deploy.states import CHANGE_SET_PREFIX, CREATE, REPLACE_EMPTY, UPDATE
from deploy.terminal import say
from review.environment import FROM_DEPLOY
from review.update.guard import check


def plan(env: str) -> None:
    """Show what a deployment would change, by a change set that is deleted again. Guarded: data would be lost."""
    try:
        _plan(env)
    except KeyboardInterrupt:
        raise Interrupted("interrupted; nothing was changed") from None


class Interrupted(Problem):
    """Ctrl-C, after the change set was deleted."""

    code = 130


def _plan(env):
    wanted, templates = load(env)
    aws = Aws()
    bootstrap = aws.stack(wanted.bootstrap_stack)
    decision_for(bootstrap, wanted.bootstrap_stack)
    bootstrap = bootstrap if has_registry(bootstrap) else None
    before = bootstrap_changes(aws, wanted, bootstrap, templates["bootstrap.yaml"])
    proposed = _planned(aws, wanted, bootstrap, templates)
    say(f"{wanted.bootstrap_stack}:")
    Plan(before, Versions(None, None, aws.region)).show(say)
    say(f"{wanted.stack}:")
    proposed.show(say)
    check(before, allowed_names(templates, of_bootstrap=True))
    check(proposed.changes, allowed_names(templates, of_bootstrap=False))


def _planned(aws, wanted, bootstrap, templates) -> Plan:
    stack = aws.stack(wanted.stack)
    action = decision_for(stack, wanted.stack).action
    if action not in (CREATE, UPDATE, REPLACE_EMPTY):
        status = stack["StackStatus"]
        raise Problem(f"{wanted.stack} is in {status}: `make deploy` would first {action}; plan it after that")
    there = stack if action == UPDATE else None
    if bootstrap is None or action == REPLACE_EMPTY:
        # There is nothing to ask CloudFormation with or for: no bucket for the templates, or no stack to change.
        between = versions(aws, wanted, there, FROM_DEPLOY)
        known = between.known()
        if known is None:
            raise Problem(
                f"{wanted.stack} cannot be compared with out/: it was deployed from templates of another kind"
            )
        return Plan(known, between)
    given = _images(aws, wanted)
    url = upload(aws, outputs(bootstrap)["ArtifactBucketName"], templates)

    def order(name):
        return aws.create_change_set(wanted.stack, name, action.upper(), url, wanted.parameters | given, wanted.tags)

    with change_set(aws, wanted, order, prefix=f"{CHANGE_SET_PREFIX}plan-") as proposed:
        drawn = draw(aws, proposed, versions(aws, wanted, there, given))
    discard(aws, wanted, proposed["ChangeSetId"], with_stack=stack is None)
    return drawn


def _images(aws: Aws, wanted: Settings) -> dict[str, str]:
    """The images that a deployment would take: by digest, or by the tag that those still to be built will have."""
    given = {}
    for target, reference in image_references(aws, wanted).items():
        digest = aws.image_digest(*images.split(reference))
        given[images.TARGETS[target][0]] = f"{reference.rpartition(':')[0]}@{digest}" if digest else reference
    if any("@" not in reference for reference in given.values()):
        say("images: to be built and pushed first")
    return given
