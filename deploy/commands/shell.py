"""A shell in a running container, by ECS Exec."""

import json
import os
import shutil

from deploy.aws import Aws
from deploy.commands.environment import load
from deploy.problem import Problem
from deploy.stacks import described, outputs, parameters
from deploy.terminal import say

PLUGIN = "session-manager-plugin"
# The plugin reads the session from the variable that its first argument names: a session holds a token, and other
# users of the machine can read arguments. Source: AWS CLI, customizations/sessionmanager.py (plugin 1.2.497 or newer).
VARIABLE = "AWS_SSM_START_SESSION_RESPONSE"


def shell(env: str, container: str, command: str) -> None:
    """Open a shell (or another command) in a container of a running task, and become it."""
    wanted, _ = load(env)
    aws = Aws()
    stack = described(aws, wanted.stack)
    if parameters(stack).get("EnableExecuteCommand") != "true":
        raise Problem(f"{wanted.stack} allows no shell: set EnableExecuteCommand=true in config/{env}.env, and deploy")
    if shutil.which(PLUGIN) is None:
        raise Problem(f"{PLUGIN} is missing: install AWS's Session Manager plugin, which carries the shell")
    values = outputs(stack)
    cluster = values["ClusterName"]
    tasks = aws.tasks(cluster, "RUNNING")
    if not tasks:
        raise Problem(f"{wanted.stack} has no running task: `make status ENV={env}` shows why")
    task = _task_with_agent(tasks, container or "app")
    say(f"{container or 'app'} of task {task['taskArn'].rpartition('/')[2]}; leave it with exit")
    session = aws.open_shell(cluster, task["taskArn"], container or "app", command or "/bin/sh")
    os.execvpe(*_plugin(session, aws.region, target(cluster, task, container or "app")))  # noqa: S606  no shell wanted


def _task_with_agent(tasks, container):
    for task in tasks:
        agents = [one for one in task["containers"] if one["name"] == container and one.get("managedAgents")]
        if any(agent["lastStatus"] == "RUNNING" for one in agents for agent in one["managedAgents"]):
            return task
    names = sorted({one["name"] for task in tasks for one in task["containers"]})
    raise Problem(f"no running task has a shell ready in {container!r} (containers: {', '.join(names)})")


def target(cluster: str, task: dict, container: str) -> str:
    """What the plugin calls a container: ecs:CLUSTER_TASK_RUNTIME."""
    runtime = next(one["runtimeId"] for one in task["containers"] if one["name"] == container)
    return f"ecs:{cluster}_{task['taskArn'].rpartition('/')[2]}_{runtime}"


def _plugin(session, region, target):
    arguments = [PLUGIN, VARIABLE, region, "StartSession", "", json.dumps({"Target": target}), ""]
    return PLUGIN, arguments, os.environ | {VARIABLE: json.dumps(session)}
