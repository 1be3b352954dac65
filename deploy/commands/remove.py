"""The end of an environment."""

from deploy import images
from deploy.aws import Aws
from deploy.commands.environment import load
from deploy.problem import Problem
from deploy.stacks import delete, outputs, require_ours
from deploy.terminal import confirm, say


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
