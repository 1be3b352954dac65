"""What the commands do with a stack, step by step."""

from deploy.aws import Aws
from deploy.follow import follow, last_event_time
from deploy.problem import Problem
from deploy.settings import Settings
from deploy.states import CREATE, REFUSE, REPLACE_EMPTY, Decision, decide
from deploy.terminal import say


def described(aws: Aws, name: str) -> dict:
    """The stack; Problem if there is none."""
    stack = aws.stack(name)
    if stack is None:
        raise Problem(f"there is no stack {name} in {aws.region}: run `make deploy` with its ENV first")
    return stack


def outputs(stack: dict) -> dict[str, str]:
    """The outputs of a stack, by name."""
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}


def decision_for(stack: dict | None, name: str) -> Decision:
    """What to do with the stack; Problem if its state allows nothing."""
    decision = decide(stack and stack["StackStatus"])
    if decision.action == REFUSE:
        raise Problem(f"{name} is in {stack['StackStatus']}: {decision.advice}")
    return decision


def ready(aws: Aws, wanted: Settings, name: str) -> dict | None:
    """The stack, ready for an update; None if it is to be created. An empty remainder is deleted on the way."""
    stack = aws.stack(name)
    decision = decision_for(stack, name)
    if decision.action == REPLACE_EMPTY:
        require_ours(stack, wanted)
        say(f"{name}: its creation failed and was rolled back; deleting the empty stack")
        delete(aws, stack)
    return None if decision.action in {CREATE, REPLACE_EMPTY} else stack


def require_ours(stack: dict, wanted: Settings) -> None:
    """Raise a Problem unless the stack carries the environment's tags: what is not ours is never deleted."""
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    if any(tags.get(key) != value for key, value in wanted.tags.items()):
        expected = ", ".join(f"{key}={value}" for key, value in wanted.tags.items())
        raise Problem(f"{stack['StackName']} does not carry the tags {expected}: it is not ours, so it stays")


def delete(aws: Aws, stack: dict) -> None:
    """Delete the stack and follow until it is gone."""
    before = last_event_time(aws, stack["StackId"])
    aws.delete_stack(stack["StackName"])
    say(f"{stack['StackName']}: {follow(aws, stack, before, say)}")
