"""The command line: python -m review VERB [ENV]."""

import argparse
import os
import sys
import traceback
from pathlib import Path

from review import environment, scan, summary, workspace
from review.catalogues import report
from review.problem import Problem

# Those that are to be without a finding. Others leave out what costs money, which scanners ask for.
GUARDED = ("standard", "production")


def print_summary(envs: list[str], args: argparse.Namespace) -> int:
    """Show what each environment is."""
    for number, env in enumerate(envs or environment.names(workspace.config())):
        loaded = workspace.load(env, args.region)
        print("\n" * bool(number) + "\n".join([*summary.lines(loaded), "", f"  {report.summary(loaded)}"]))
    return 0


def print_overview(envs: list[str], args: argparse.Namespace) -> int:
    """Show an environment as the hand-over has it, in a second; exit code 1 if it breaks a promise."""
    from review import overview

    code = 0
    for env in envs or environment.names(workspace.config()):
        shown, faults = overview.lines(workspace.load(env, args.region), args.region)
        print("\n".join([*shown, f"  What scanners find: make scan ENV={env}"]))
        code |= bool(faults)
    return code


def print_catalogues(envs: list[str], args: argparse.Namespace) -> int:
    """Show what AWS's catalogues say; exit code 1 if a control is broken without a reason."""
    code = 0
    for env in envs or environment.names(workspace.config()):
        loaded = workspace.load(env, args.region)
        print(report.document(loaded) if args.markdown else "\n".join(report.table(loaded)))
        code |= any(verdict.state == "broken" for verdict in report.verdicts(loaded))
    return code


def write_resolved(envs: list[str], args: argparse.Namespace) -> int:
    """Write each environment's templates with everything known applied."""
    for env in envs or environment.names(workspace.config()):
        folder = (args.out or workspace.RESOLVED) / env
        written = workspace.write(workspace.load(env, args.region).nest, folder)
        print(f"{folder}: {', '.join(path.name for path in written)}")
    return 0


def print_scan(envs: list[str], args: argparse.Namespace) -> int:
    """Show what scanners find; exit code 1 if something is unexplained."""
    there = environment.names(workspace.config())
    code = 0
    for env in envs or [env for env in GUARDED if env in there] or there:
        *_, flat = workspace.write(workspace.load(env, args.region).nest, workspace.RESOLVED / env)
        findings = scan.scan(flat)
        print("\n".join(scan.report(env, findings)))
        code |= any(not finding.reason for finding in findings)
    return code


def print_price(envs: list[str], args: argparse.Namespace) -> int:
    """Show what each environment costs."""
    from review.price import report, traffic

    assumed = traffic.parse(args.traffic)
    for number, env in enumerate(envs or environment.names(workspace.config())):
        print("\n" * bool(number) + "\n".join(report.lines(env, args.region, assumed)))
    return 0


def print_peers(envs: list[str], args: argparse.Namespace) -> int:
    """Show what our environments cost beside what others set up by default."""
    from review.price import peers, traffic

    print("\n".join(peers.lines(args.region, traffic.parse(args.traffic), peers.parse_cpu(args.cpu_ms))))
    return 0


def print_timing(envs: list[str], args: argparse.Namespace) -> int:
    """Show how long each environment's first deployment and updates take."""
    from review.timing import report

    for number, env in enumerate(envs or environment.names(workspace.config())):
        print("\n" * bool(number) + "\n".join(report.lines(workspace.load(env, args.region), args.region)))
    return 0


def print_plan(envs: list[str], args: argparse.Namespace) -> int:
    """Show what an update from a git ref to the files here would change; nothing is asked of AWS."""
    from review.update import plan

    return plan.report(args.base, envs, args.region, args.format, print)


def print_reach(envs: list[str], args: argparse.Namespace) -> int:
    """Show who can reach whom; exit code 1 if the promise of three tiers does not hold."""
    from review.reach import report

    code = 0
    for number, env in enumerate(envs or environment.names(workspace.config())):
        lines = list(report.lines(env, workspace.load(env, args.region).nest))
        print("\n" * bool(number) + "\n".join(lines))
        code |= any("BROKEN" in line for line in lines)
    return code


def print_parameters(envs: list[str], args: argparse.Namespace) -> int:
    """Show every parameter with what changing it does."""
    from review.effects import report

    values = {env: workspace.load(env, args.region).values for env in envs or environment.names(workspace.config())}
    print("\n".join(report.lines(workspace.read_templates(), values)))
    return 0


def print_permissions(envs: list[str], args: argparse.Namespace) -> int:
    """Write each environment's policies and show what is in them."""
    from review.permissions import report

    for number, env in enumerate(envs or environment.names(workspace.config())):
        folder = (args.out or report.FOLDER) / env
        print("\n" * bool(number) + "\n".join(report.lines(env, args.region, args.account, folder)))
    return 0


def write_pictures(envs: list[str], args: argparse.Namespace) -> int:
    """Write the pictures of environments and of the nest, as SVG and PNG."""
    from review.picture import report

    written = report.write(envs or environment.names(workspace.config()), args.region, args.out or report.FOLDER)
    print("\n".join(str(path) for path in written))
    return 0


def write_handover(envs: list[str], args: argparse.Namespace) -> int:
    """Write what ops are to read into out/handover, or say what is stale there."""
    from review import handover

    folder = workspace.out() / handover.FOLDER
    if args.check:
        handover.check(folder)
    else:
        print(f"{folder}: {len(handover.write(folder))} files")
    return 0


def write_bundle(envs: list[str], args: argparse.Namespace) -> int:
    """Write the archive of all that is handed over."""
    from review import bundle

    print(bundle.write(args.out or bundle.FOLDER))
    return 0


VERBS = {
    "summary": (print_summary, "what the environment is made of, on one screen"),
    "overview": (print_overview, "the same, with who reaches whom, price, permissions, broken promises"),
    "resolve": (write_resolved, "its templates with parameters and conditions applied, to build/resolved/ENV"),
    "catalogues": (print_catalogues, "what Security Hub's controls and other catalogues of AWS say of it"),
    "scan": (print_scan, "what checkov, cloudformation-validate and cfn-lint find in that"),
    "price": (print_price, "what it costs, and what other choices would cost"),
    "peers": (print_peers, "what all environments cost beside what CDK, Copilot and Express Mode set up by default"),
    "timing": (print_timing, "how long its first deployment and its updates take, and what they wait for"),
    "plan": (print_plan, "what changes between a git ref and the files here: replaced, in place, interrupted"),
    "reach": (print_reach, "who can reach whom, and whether only those who should"),
    "permissions": (
        print_permissions,
        "the smallest policies to deploy it and to look at it, to build/permissions/ENV",
    ),
    "picture": (write_pictures, "its architecture and the wiring of the nest as SVG and PNG, to build/pictures"),
    "handover": (write_handover, "what ops are to read before they deploy, to out/handover"),
    "bundle": (write_bundle, "one archive of templates, documents and image sources, to build"),
    "parameters": (print_parameters, "what each parameter means and what changing it does to what is deployed"),
}


def printable(text: str) -> str:
    """The text, with an escape for what a terminal does not show, or would obey."""
    return "".join(one if one.isprintable() or one.isspace() else ascii(one)[1:-1] for one in text)


def unreadable(verb: str, error: Exception) -> str:
    """One line for templates whose form is right and whose values are of a kind that no resource has, as after an edit
    by hand: the lint names those, with their places. It says where it was met, in case it is a mistake of ours.
    """
    *_, frame = traceback.extract_tb(error.__traceback__)
    said = printable(" ".join(f"{type(error).__name__}: {error}".split()))[:120]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    what = f"{verb}: out/ holds a value of a wrong kind: `make lint` says where, `make build` writes it anew"
    return f"{what} ({said}, {place})"


def main(argv: list[str]) -> int:
    """Run one verb; returns the exit code: 0 done, 1 a problem or a finding, 2 a wrong command line, 3 the guard."""
    parser = argparse.ArgumentParser(prog="python -m review")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, (_, text) in VERBS.items():
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("env", metavar="ENV", nargs="*", help="files of config/, as in lab; all if none is given")
        verb.add_argument("--region", default=workspace.REGION, help="%(default)s if not given")
        if name == "catalogues":
            verb.add_argument("--markdown", action="store_true", help="every control, as docs/security.md has it")
        if name == "resolve":
            verb.add_argument("--out", type=Path, help="another folder than build/resolved")
        if name == "permissions":
            verb.add_argument("--out", type=Path, help="another folder than build/permissions")
            verb.add_argument("--account", default="*", help="the account's number; any if not given")
        if name == "picture":
            verb.add_argument("--out", type=Path, help="another folder than build/pictures")
        if name == "bundle":
            verb.add_argument("--out", type=Path, help="another folder than build")
        if name == "handover":
            verb.add_argument("--check", action="store_true", help="only say what is stale there")
        if name == "peers":
            verb.add_argument("--cpu-ms", default="2.2", metavar="MS", help="CPU a request; %(default)s if not given")
        if name in ("price", "peers"):
            verb.add_argument("--traffic", nargs="*", default=[], metavar="NAME=NUMBER", help="other assumptions")
        if name == "plan":
            verb.add_argument("--base", required=True, metavar="REF", help="the git ref to compare with, as in HEAD~1")
            verb.add_argument("--format", choices=("text", "markdown"), default="text", help="%(default)s if not given")
    args = parser.parse_args(argv)
    try:
        return VERBS[args.verb][0]([env for env in args.env if env], args)
    except Problem as problem:
        print(f"error: {' '.join(printable(str(problem)).split())}", file=sys.stderr)
        return problem.code
    except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        print(f"error: {unreadable(args.verb, error)}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `| head` has seen enough; what is left to write must go somewhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"error: {args.verb}: {printable(str(error.filename))}: {error.strerror}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
