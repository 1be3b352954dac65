"""Run a check unless all that it reads is as when it last passed: `python -m tests.once NAME INPUT ... -- COMMAND`.

The name of what passed is the SHA-256 of the inputs' paths and contents, the command and Python's version, so that
nothing depends on times of files. `--each FILE ...` names files that are checked one by one: those that changed follow
the command. `make test` and CI never ask here.
"""

import argparse
import hashlib
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent
PASSED = ROOT / "build" / "passed"


def content(inputs: Iterable[str], root: Path = ROOT) -> str:
    """The SHA-256 of all files below the inputs that git has or would add; one that is not there counts as such."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *inputs],
        cwd=root,
        capture_output=True,
        check=True,
    )
    digest = hashlib.sha256()
    for name in sorted(set(listed.stdout.split(b"\0")[:-1])):
        digest.update(name + b"\0" + _digest(root / name.decode()).encode())
    return digest.hexdigest()


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "gone"


def stamps(name: str, inputs: list[str], each: list[str], command: list[str], root: Path = ROOT) -> dict[str, str]:
    """What is written when the check passes: a digest for each of the files, or for "" if there are none."""
    common = "\n".join([sys.version, *command, content(inputs, root)])
    parts = {file: common + _digest(root / file) for file in each} or {"": common}
    return {f"{name} {part}".strip(): hashlib.sha256(text.encode()).hexdigest() for part, text in parts.items()}


def run(args: argparse.Namespace, root: Path = ROOT, passed: Path = PASSED) -> int:
    """Run what is stale; returns the command's exit code, 0 if nothing is."""
    wanted = stamps(args.name, args.inputs, args.each, args.command, root)
    files = {name: passed / name.replace("/", ":") for name in wanted}
    stale = [
        name
        for name, digest in wanted.items()
        if args.all or not files[name].exists() or files[name].read_text() != digest
    ]
    if not stale:
        print(f"{args.name}: nothing that it reads has changed since it passed")
        return 0
    arguments = [file for file in args.each if f"{args.name} {file}" in stale]
    code = subprocess.run([*args.command, *arguments], cwd=root, check=False).returncode
    # What was edited meanwhile was perhaps not what was checked.
    if code == 0 and stamps(args.name, args.inputs, args.each, args.command, root) == wanted:
        passed.mkdir(parents=True, exist_ok=True)
        for name in stale:
            files[name].write_text(wanted[name])
    return code


def parse(argv: list[str]) -> argparse.Namespace:
    """The command line; what stands behind -- is the command."""
    at = argv.index("--") if "--" in argv else len(argv)
    parser = argparse.ArgumentParser(prog="python -m tests.once", description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="run it whatever passed before")
    parser.add_argument("name")
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="file or folder that the check reads")
    parser.add_argument("--each", nargs="+", default=[], metavar="FILE")
    args = parser.parse_args(argv[:at])
    args.command = argv[at + 1 :]
    if not args.command:
        parser.error("no command behind --")
    return args


if __name__ == "__main__":
    sys.exit(run(parse(sys.argv[1:])))
