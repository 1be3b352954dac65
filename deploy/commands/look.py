"""What looks at a deployed environment and changes nothing."""

import os
import time
import webbrowser

from deploy.aws import Aws
from deploy.commands.environment import load
from deploy.drift import lines
from deploy.events import NESTED
from deploy.problem import Problem
from deploy.stacks import described, outputs
from deploy.terminal import say


def print_outputs(env: str) -> None:
    """Print the outputs of the root stack, the URL last."""
    wanted, _ = load(env)
    say_outputs(Aws(), wanted.stack)


def say_outputs(aws: Aws, stack: str) -> None:
    """Print the outputs of a stack, the URL last."""
    values = outputs(described(aws, stack))
    for name, value in sorted(values.items(), key=lambda item: item[0] == "Url"):
        say(f"{name:<20} {value}")


def open_page(env: str) -> None:
    """Print the application's address, and show it in a browser where somebody sits before one."""
    wanted, _ = load(env)
    url = outputs(described(Aws(), wanted.stack)).get("Url")
    if not url:
        raise Problem(f"{wanted.stack} has no address yet: its deployment has not ended well once")
    say(url)
    if not os.environ.get("CI"):
        webbrowser.open(url)


def drift(env: str) -> int:
    """Say what in the nest is not as its template says, changed by hand or deleted; 1 if there is any, else 0."""
    wanted, _ = load(env)
    aws = Aws()
    root = described(aws, wanted.stack)
    nested = {one["PhysicalResourceId"]: one["Path"] for one in aws.nest(wanted.stack) if one["ResourceType"] == NESTED}
    stacks = {root["StackId"]: ""} | nested
    detections = {stack: aws.detect_drift(stack) for stack in stacks}
    found = []
    for stack, detection in detections.items():
        end = _wait_for_detection(aws, detection)
        if end["DetectionStatus"] != "DETECTION_COMPLETE":
            reason = end.get("DetectionStatusReason", "no reason given")
            say(f"{stacks[stack] or wanted.stack}: not all of it could be compared: {reason}")
        found += lines(stacks[stack], aws.drifted(stack))
    for line in found:
        say(line)
    say(f"{wanted.stack}: {len(stacks)} stacks compared, " + ("they differ" if found else "nothing differs"))
    return int(bool(found))


def _wait_for_detection(aws, detection, pause=1.0):
    while (answer := aws.drift_detection(detection))["DetectionStatus"] == "DETECTION_IN_PROGRESS":
        time.sleep(pause)
    return answer
