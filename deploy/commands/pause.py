"""An environment at rest: no tasks, the database stopped; and back."""

import time
from collections.abc import Callable

from deploy import pausing
from deploy.aws import Aws
from deploy.commands.environment import load
from deploy.problem import Problem
from deploy.stacks import described, outputs, parameters, require_ours
from deploy.terminal import confirm, require_someone_to_ask, say

# Seconds: between two looks, and until waiting is given up. A database takes minutes to stop and to start.
PAUSE = 5.0
FIRST_PAUSE = 0.2
PATIENCE = 30 * 60


def pause(env: str) -> None:
    """Stop what costs most and can be stopped, without losing data. To repeat it does no harm."""
    wanted, _ = load(env)
    require_someone_to_ask()
    aws = Aws()
    stack = _ours(aws, wanted)
    values = outputs(stack)
    step = pausing.before_pause(aws.database(values["DatabaseInstanceId"]))
    name = wanted.stack
    if step == pausing.NOTHING and _desired(aws, values) == 0:
        say(f"{name}: it is paused already; `make resume ENV={env}` brings it back")
        return
    say(f"{name}: all tasks will end and the database will stop; its data stays. Nobody can use the application then")
    say("AWS starts the database again by itself after 7 days, and then it costs again: pause it anew, or destroy")
    types = {entry["ResourceType"] for entry in aws.nest(name)}
    say(f"still to be paid: {pausing.still_costs(types, parameters(stack).get('EgressMode', ''))}")
    if "AWS::CloudWatch::Alarm" in types:
        say("alarms will tell that nothing answers: that is so until it is resumed")
    if not confirm(f"Pause {name}?"):
        raise Problem("not paused; nothing was changed")
    _set_tasks(aws, values, pausing.Counts(0, 0 if pausing.counts(parameters(stack)).highest is not None else None))
    _wait(lambda: _running(aws, values) == 0, "tasks to end")
    if step == pausing.STOP:
        aws.stop_database(values["DatabaseInstanceId"])
    say(f"{name}: paused; `make resume ENV={env}` brings it back")


def resume(env: str) -> None:
    """Start the database, wait for it, and bring back as many tasks as the environment has. Repeating does no harm."""
    wanted, _ = load(env)
    aws = Aws()
    stack = _ours(aws, wanted)
    values, counts = outputs(stack), pausing.counts(parameters(stack))
    wake(aws, values["DatabaseInstanceId"])
    if _desired(aws, values) < counts.lowest:
        _set_tasks(aws, values, counts)
    _wait(lambda: _running(aws, values) >= counts.lowest, "the tasks to run")
    say(f"{wanted.stack}: running again, {values.get('Url', 'without an address')}")


def wake(aws: Aws, instance: str) -> None:
    """Start a database that is stopped, or is about to be, and return when it is available. Problem: it cannot be."""

    def has(status):
        return lambda: aws.database(instance)["DBInstanceStatus"] == status

    step = pausing.before_resume(aws.database(instance))
    if step == pausing.WAIT:
        _wait(has("stopped"), "the database to stop, to start it again")
    if step in {pausing.START, pausing.WAIT}:
        aws.start_database(instance)
    _wait(has("available"), "the database to start")


def _ours(aws, wanted):
    stack = described(aws, wanted.stack)
    require_ours(stack, wanted)
    if not {"DatabaseInstanceId", "ClusterName", "ServiceName"} <= set(outputs(stack)):
        raise Problem(f"{wanted.stack} is in {stack['StackStatus']}, without a service: there is nothing to pause")
    return stack


def _set_tasks(aws, values, counts):
    """Where something scales the service, its limits come first: it would bring the old count back."""
    service = values["ClusterName"], values["ServiceName"]
    if counts.highest is not None:
        aws.set_scaling(*service, counts.lowest, counts.highest, suspended=counts.highest == 0)
    aws.set_count(*service, counts.lowest)


def _service(aws, values):
    service = aws.service(values["ClusterName"], values["ServiceName"])
    if service is None:
        raise Problem(f"the service {values['ServiceName']} is gone: `make drift` shows what else differs")
    return service


def _running(aws, values):
    return _service(aws, values)["runningCount"]


def _desired(aws, values):
    return _service(aws, values)["desiredCount"]


def _wait(holds: Callable[[], bool], what: str) -> None:
    """Wait until it holds; Problem after half an hour. AWS goes on whether we wait or not."""
    deadline, said, seconds = time.monotonic() + PATIENCE, False, FIRST_PAUSE
    while not holds():
        if time.monotonic() > deadline:
            raise Problem(f"gave up waiting for {what} after {PATIENCE // 60} minutes: `make status` shows how it is")
        if not said:
            say(f"waiting for {what}")
            said = True
        time.sleep(seconds)
        seconds = PAUSE
