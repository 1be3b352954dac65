"""What the commands do with a stack, step by step."""

import os
from datetime import UTC, datetime

from deploy import states
from deploy.aws import Aws
from deploy.events import one_line
from deploy.follow import follow, last_event_time
from deploy.problem import Problem
from deploy.settings import Settings
from deploy.states import Decision
from deploy.terminal import confirm, say


def described(aws: Aws, name: str) -> dict:
    """The stack; Problem if there is none."""
    stack = aws.stack(name)
    if stack is None:
        raise Problem(f"there is no stack {name} in {aws.region}: run `make deploy` with its ENV first")
    return stack


def outputs(stack: dict) -> dict[str, str]:
    """The outputs of a stack, by name."""
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}


def parameters(stack: dict) -> dict[str, str]:
    """The parameters that a stack was deployed with, by name."""
    return {item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", [])}


def decision_for(stack: dict | None, name: str) -> Decision:
    """What to do with the stack; Problem if its state allows nothing."""
    decision = states.decide(stack and stack["StackStatus"])
    if decision.action == states.REFUSE:
        raise Problem(f"{name} is in {stack['StackStatus']}: {decision.advice}")
    return decision


def ready(aws: Aws, wanted: Settings, name: str) -> dict | None:
    """The stack, ready for an update; None if it is to be created.

    On the way what is under way is followed to its end, and what an earlier failure left is mended: each once only.
    """
    tried = set()
    while True:
        stack = aws.stack(name)
        action = decision_for(stack, name).action
        if action == states.CREATE:
            return None
        if action == states.UPDATE:
            forget_change_sets(aws, stack)
            return stack
        if action in tried:
            raise Problem(f"{name} is in {stack['StackStatus']} again: look at its events in the console")
        if action == states.ATTACH:
            attach(aws, stack)
            continue
        tried.add(action)
        require_ours(stack, wanted)
        _MEND[action](aws, stack)


def attach(aws: Aws, stack: dict) -> None:
    """Follow what is under way in the stack until it has ended, well or not."""
    name = stack["StackName"]
    before = next((event.time for event in aws.events(stack["StackId"], "", None) if _ends(event)), None)
    now = aws.stack(stack["StackId"])
    if now and not states.is_over(now["StackStatus"]):
        say(f"{name}: {now['StackStatus']}: following what is under way")
        _follow_to_any_end(aws, now, before)


def _ends(event):
    return event.own and states.is_over(event.status)


def _follow_to_any_end(aws, stack, before):
    """Follow; a bad end is said and left to the caller, who looks at the state that the stack is in then."""
    try:
        say(f"{stack['StackName']}: {follow(aws, stack, before, outputs=outputs(stack))}")
    except Problem as problem:
        say(str(problem))


def forget_change_sets(aws: Aws, stack: dict) -> None:
    """Remove the change sets that earlier runs left behind."""
    for change_set in aws.change_sets(stack["StackName"]):
        if states.is_left_over(change_set, datetime.now(UTC)):
            aws.delete_change_set(change_set["ChangeSetId"], stack["StackName"])
            say(f"{stack['StackName']}: removed the left-over change set {change_set['ChangeSetName']}")


def _replace_empty(aws, stack):
    say(f"{stack['StackName']}: its creation failed and was rolled back; deleting the empty stack")
    delete(aws, stack)


def _replace_remains(aws, stack):
    name = stack["StackName"]
    say(f"{name}: its creation failed, and not all of it could be removed:")
    _say_failed(states.failed(list(aws.nest(name))))
    _require(confirm(f"Delete what is left of {name}, and begin anew?"))
    delete(aws, stack)


def _roll_back(aws, stack):
    name = stack["StackName"]
    say(f"{name}: it failed and was left as it was ({stack['StackStatus']}):")
    _say_failed(states.failed(list(aws.nest(name))))
    _require(confirm(f"Roll {name} back?"))
    before = last_event_time(aws, stack["StackId"])
    aws.roll_back(name)
    _follow_to_any_end(aws, stack, before)


def _continue_rollback(aws, stack):
    """SKIP names by path, with commas between them, what the rollback shall leave as it is."""
    name = stack["StackName"]
    say(f"{name}: an update failed, and so did its rollback:")
    stuck = states.failed(list(aws.nest(name)))
    _say_failed(stuck)
    skip = [path.strip() for path in os.environ.get("SKIP", "").split(",") if path.strip()]
    skipped = states.resources_to_skip(skip, stuck)
    without = f", leaving {', '.join(skip)} as it is" if skip else ""
    if not skip:
        say("  mend the cause first, or name with SKIP=Data/DBInstance what shall be left as it is")
    _require(confirm(f"Continue the rollback of {name}{without}?"))
    before = last_event_time(aws, stack["StackId"])
    aws.continue_rollback(name, skipped)
    _follow_to_any_end(aws, stack, before)


_MEND = {
    states.REPLACE_EMPTY: _replace_empty,
    states.REPLACE_REMAINS: _replace_remains,
    states.ROLL_BACK: _roll_back,
    states.CONTINUE_ROLLBACK: _continue_rollback,
}


def _say_failed(entries):
    for entry in entries:
        reason = one_line(entry.get("ResourceStatusReason", "")) or "no reason given"
        say(f"  {entry['Path']} {entry['ResourceStatus']}: {reason}")


def _require(agreed):
    if not agreed:
        raise Problem("nothing was changed")


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
    say(f"{stack['StackName']}: {follow(aws, stack, before)}")
