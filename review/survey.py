"""Our cfn-lint rules on templates of others: python -m review.survey FOLDER... [--show ID]

Prints, by rule, how many findings there are in how many templates; with --show each finding of some rules. A template
is a file of YAML or JSON with resources. cfn-lint's own rules are not run. Exit code 1 when a rule fails itself.
"""

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cfnlint.decode import decode
from cfnlint.rules import Rules
from cfnlint.template import Template

SUFFIXES = {".yaml", ".yml", ".json", ".template"}
RULES = Path(__file__).parent / "rules"
REGION = "us-east-1"


class Found(NamedTuple):
    """One finding, or the failure of a rule."""

    rule: str
    level: str
    file: Path
    place: str
    message: str


def templates(folder: Path) -> Iterator[tuple[Path, Template]]:
    """Every template below a folder, in the order of their names."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file()):
        content = read(path)
        if isinstance(content, dict) and isinstance(content.get("Resources"), dict):
            yield path, Template(str(path), content, [REGION])


def read(path: Path) -> object:
    """What the file holds; None where cfn-lint cannot read it, which then is no template."""
    try:
        content, problems = decode(str(path))
    except Exception:  # others put anything into a file
        return None
    return None if problems else content


def judge(path: Path, template: Template, rules: list) -> Iterator[Found]:
    """What our rules say of one template. A rule that fails is level X: it must not."""
    for rule in rules:
        try:
            for match in rule.match(template):
                yield Found(rule.id, rule.id[0], path, "/".join(map(str, match.path)), match.message)
        except Exception as error:  # to be shown; cfn-lint would hide it behind E0002
            yield Found(rule.id, "X", path, "", f"{type(error).__name__}: {error}")


def table(found: list[Found], names: dict[str, str]) -> Iterator[str]:
    """The findings by rule, the worst first."""
    by_rule = defaultdict(list)
    for finding in found:
        by_rule[finding.level, finding.rule].append(finding)
    for (level, rule), findings in sorted(by_rule.items(), key=lambda item: ("XEWI".index(item[0][0]), item[0][1])):
        files = len({finding.file for finding in findings})
        yield f"{'FAILED ' if level == 'X' else ''}{rule}  {len(findings):>5} in {files:>4}  {names[rule]}"


def main(argv: list[str]) -> int:
    """Survey folders; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m review.survey", description="Our rules on templates of others")
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--show", metavar="ID", action="append", default=[], help="list each finding of this rule")
    args = parser.parse_args(argv)
    if missing := [folder for folder in args.folder if not folder.is_dir()]:
        print(f"error: {missing[0]} is no folder", file=sys.stderr)
        return 1
    rules = list(Rules.create_from_directory(str(RULES)).data.values())
    found, count = [], 0
    for folder in args.folder:
        for path, template in templates(folder):
            count += 1
            found += judge(path, template, rules)
    print(f"{count} templates, {len(found)} findings of {len(rules)} rules")
    print("\n".join(table(found, {rule.id: rule.shortdesc for rule in rules})))
    for finding in found:
        if finding.rule in args.show or finding.level == "X":
            print(f"{finding.rule} {finding.file}: {finding.place}: {finding.message}")
    return int(any(finding.level == "X" for finding in found))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
