#!/usr/bin/env python
"""Write out/*.yaml from templates/*.py; with --check only say whether they are up to date."""

import argparse
import gc
import sys
from pathlib import Path

from templates import alerts, bootstrap, compute, data, edge, egress, keys, monitoring, network, root
from templates.render import render

STACKS = {
    "bootstrap": bootstrap,
    "keys": keys,
    "network": network,
    "egress": egress,
    "edge": edge,
    "data": data,
    "alerts": alerts,
    "compute": compute,
    "monitoring": monitoring,
    "root": root,
}
OUT = Path(__file__).parent / "out"


def build_all() -> dict[str, str]:
    """Every template as YAML text, by file name."""
    built = {f"{name}.yaml": module.build() for name, module in STACKS.items() if module is not root}
    built["root.yaml"] = root.build(built)
    return {file: render(t) for file, t in built.items()}


def check(texts: dict[str, str], out: Path) -> str:
    """The difference between what is in `out` and what should be, as a unified diff; empty if there is none."""
    import difflib  # only here: a build does not wait for it

    present = {path.name: path.read_text(errors="replace") for path in out.glob("*.yaml") if path.is_file()}
    lines = []
    for name in sorted(present | texts):
        old, new = present.get(name, ""), texts.get(name, "")
        lines += difflib.unified_diff(
            old.splitlines(keepends=True), new.splitlines(keepends=True), f"{out.name}/{name}", f"built/{name}"
        )
    return "".join(lines)


def write(texts: dict[str, str], out: Path) -> None:
    """Write what differs from what is there: an unchanged file keeps its time. Raises OSError."""
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = out / name
        if not path.exists() or path.read_bytes() != text.encode():
            path.write_text(text)


def help_formatter(prog: str) -> argparse.HelpFormatter:
    """Return one of a fixed width: to ask the terminal for its own takes 4 % of a build, with or without --help."""
    return argparse.HelpFormatter(prog, width=100)


def main(argv: list[str]) -> int:
    """Build or check; returns the exit code."""
    parser = argparse.ArgumentParser(prog="build_templates.py", description=__doc__, formatter_class=help_formatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 with a diff when a file is stale")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help="where the files are (default: out)")
    args = parser.parse_args(argv)
    texts = build_all()
    if args.check:
        difference = check(texts, args.out)
        sys.stdout.write(difference)
        if difference:
            print(f"{args.out.name}/ is stale: run `make build` and commit the result", file=sys.stderr)
        return 1 if difference else 0
    try:
        write(texts, args.out)
    except OSError as error:
        print(f"error: cannot write {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    gc.disable()  # a tenth of a second leaves no garbage worth looking for
    sys.exit(main(sys.argv[1:]))
