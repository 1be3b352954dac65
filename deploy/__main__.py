"""The command line: python -m deploy VERB ENV."""

import argparse
import sys

from botocore.exceptions import BotoCoreError, ClientError

from deploy.commands import flight, look, prepare, remove, up
from deploy.faults import explain
from deploy.problem import Problem

VERBS = {
    "preflight": (prepare.preflight, "check settings, credentials and the state of the stack; change nothing"),
    "bootstrap": (prepare.bootstrap, "create or update the repositories and the bucket"),
    "images": (prepare.missing_images, "print the images that are still to be built and pushed"),
    "registry-password": (prepare.registry_password, "print the registry's password, to be piped to `login`"),
    "up": (up.up, "show the change set, ask, execute it, follow it"),
    "follow": (flight.follow, "attach to a deployment that is under way"),
    "outputs": (look.print_outputs, "print the outputs, the URL last"),
    "destroy": (remove.destroy, "delete the environment"),
}


def main(argv: list[str]) -> int:
    """Run one verb; returns the exit code: 0 done, 1 a problem said in one line, 2 a wrong command line, 130 Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m deploy")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, (_, text) in VERBS.items():
        verbs.add_parser(name, help=text).add_argument("env", metavar="ENV", help="a file of config/, as in lab")
    args = parser.parse_args(argv)
    try:
        VERBS[args.verb][0](args.env)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"error: {explain(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        again = f"`make follow ENV={args.env}` attaches again"
        print(f"\nstopped watching; what was begun goes on at AWS: {again}", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
