"""The command line: python -m deploy VERB ENV."""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module

from botocore.exceptions import BotoCoreError, ClientError

from deploy.faults import explain
from deploy.problem import Problem
from deploy.terminal import say

# Verb: what does it, as a module of deploy/commands and a function that may return an exit code; what it does in words;
# names of its options. Only the verb's module is imported: what others need is a third of what there is to load.
VERBS = {
    "doctor": (
        "doctor.doctor",
        "say what of machine, account and environment would hinder a deployment; ENV may be left out",
    ),
    "preflight": ("prepare.preflight", "check settings, credentials and stack; print the images that are missing"),
    "bootstrap": ("prepare.bootstrap", "create or update the repositories and the bucket"),
    "images": ("prepare.missing_images", "print the images that are still to be built and pushed"),
    "registry-password": ("prepare.registry_password", "print the registry's password, to be piped to `login`"),
    "plan": ("plan.plan", "show what a deployment would change, and change nothing"),
    "up": ("up.up", "show the change set, ask, execute it, follow it", "bootstrap"),
    "status": ("status.status", "print what the environment is doing now, on one screen"),
    "logs": ("logs.logs", "print what the containers have written, by time", "since", "filter", "follow"),
    "exec": ("shell.shell", "open a shell in a running container", "container", "command"),
    "open": ("look.open_page", "print the URL and show it in a browser"),
    "drift": ("look.drift", "print what differs from the templates; 1 if anything does"),
    "follow": ("flight.follow", "attach to a deployment that is under way"),
    "outputs": ("look.print_outputs", "print the outputs, the URL last"),
    "rollback": ("rollback.rollback", "deploy the images that served before, after showing and asking"),
    "pause": ("pause.pause", "end all tasks and stop the database"),
    "resume": ("pause.resume", "start the database and the tasks again"),
    "destroy": ("remove.destroy", "delete the environment", "buckets"),
}

# The verbs that deploy.sh runs one after the other.
OF_DEPLOYMENT = {"preflight", "bootstrap", "images", "registry-password", "up"}

# Verbs that may do without an environment.
WITHOUT_ENV = {"doctor"}

# Option: what it means to argparse. Without it the environment variable of its name counts, as in make logs SINCE=1h.
OPTIONS = {
    "since": {"metavar": "10m", "help": "how far back: a number and s, m, h or d; ten minutes if it is not given"},
    "filter": {"metavar": "PATTERN", "help": "only what matches this filter pattern of CloudWatch Logs"},
    "follow": {"action": "store_true", "help": "go on until Ctrl-C"},
    "bootstrap": {"action": "store_true", "help": "create or update the repositories and the bucket before"},
    "buckets": {"action": "store_true", "help": "delete the buckets with logs, too"},
    "container": {"metavar": "NAME", "help": "app or web; app if it is not given"},
    "command": {"metavar": "COMMAND", "help": "what to run; /bin/sh if it is not given"},
}


def command_line() -> argparse.ArgumentParser:
    """The verbs, each with its environment and its options."""
    parser = argparse.ArgumentParser(prog="python -m deploy")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, (_, text, *options) in VERBS.items():
        verb = verbs.add_parser(name, help=text)
        optional = {"nargs": "?"} if name in WITHOUT_ENV else {}
        verb.add_argument("env", metavar="ENV", help="a file of config/, as in lab", **optional)
        for option in options:
            given = os.environ.get(option.upper(), "")
            default = given == "1" if OPTIONS[option].get("action") == "store_true" else given
            verb.add_argument(f"--{option}", default=default, **OPTIONS[option])
    return parser


class Terminated(KeyboardInterrupt):
    """SIGTERM, as a pipeline sends it that is cancelled: the same as Ctrl-C."""


def terminate(*_: object) -> None:
    raise Terminated


def function(verb: str) -> Callable[..., int | None]:
    """What does it: the function of the verb's module."""
    module, _, name = VERBS[verb][0].partition(".")
    return getattr(import_module(f"deploy.commands.{module}"), name)


def main(argv: list[str]) -> int:
    """Run one verb; returns the exit code: 0 done, 1 a problem in one line, 2 wrong words, 3 the guard, 130 Ctrl-C,
    143 SIGTERM.
    """
    args = vars(command_line().parse_args(argv))
    verb, env = args.pop("verb"), args.pop("env")
    run = function(verb)
    # Only now is there something to say when it is stopped.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, terminate)
    try:
        return run(env, **args) or 0
    except Problem as problem:
        say(f"error: {problem}", sys.stderr)
        return problem.code
    except (BotoCoreError, ClientError) as error:
        say(f"error: {explain(error)}", sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        if verb in OF_DEPLOYMENT:
            if os.environ.get("STEP_OF") != "deploy.sh":  # which says it for all its steps
                say(f"\n{went_on(env)}", sys.stderr)
        else:
            again = f"`make follow ENV={env}` attaches again"
            say(f"\nstopped watching; what was begun goes on at AWS: {again}", sys.stderr)
        return 143 if isinstance(stop, Terminated) else 130


def went_on(env: str) -> str:
    """What to do after a deployment was stopped; deploy.sh says the same of its own steps."""
    again, watch = f"`make deploy ENV={env}` goes on from here", f"`make follow ENV={env}` only watches"
    return f"stopped; what was begun at AWS goes on there: {again}, {watch}"
