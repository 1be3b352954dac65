"""The house: who may import whom, and what stands at the top."""

import ast
import subprocess
from functools import cache

import pytest

from tests.nest import ROOT

ROOMS = {"templates", "review", "deploy", "rehearsal", "app", "tests", "bench", "drills", "build_templates", "docker"}

# Room: (rooms it may import beside itself, packages it must not touch).
RULES = {
    "templates": (set(), {"boto3", "botocore", "flask", "os", "datetime", "time", "pathlib", "subprocess"}),
    "review": (set(), {"boto3", "botocore", "troposphere", "flask"}),
    "deploy": ({"review"}, {"troposphere", "flask", "sqlalchemy"}),
    "rehearsal": ({"deploy", "review"}, {"troposphere", "flask"}),
    "drills": ({"app", "bench", "deploy", "rehearsal", "review"}, {"troposphere"}),
    "app": (set(), {"boto3", "botocore", "troposphere"}),
}

TOP_LEVEL = {
    ".ci",
    ".gitignore",
    ".yamllint.yaml",
    "CHANGELOG.md",
    "Makefile",
    "README.md",
    "app",
    "bench",
    "build_templates.py",
    "config",
    "deploy",
    "deploy.sh",
    "docker",
    "docs",
    "drills",
    "out",
    "pyproject.toml",
    "rehearsal",
    "requirements",
    "review",
    "templates",
    "tests",
}


@cache
def imports(path) -> set[str]:
    """The first part of every module that a file imports, at any depth of the file."""
    found, statements = set(), [ast.parse(path.read_text(), str(path))]
    for node in statements:  # it grows; nothing is imported within an expression, and most of a file is expressions
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            statements += getattr(node, part, [])
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.partition(".")[0])
    return found


def sources(room: str):
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", RULES)
def test_a_room_imports_only_what_it_may(room):
    allowed, forbidden = RULES[room]
    for path in sources(room):
        used = imports(path)
        assert not (used & ROOMS) - allowed - {room}, path
        assert not used & forbidden, path


def test_only_one_package_of_deploy_talks_to_aws():
    """And in it one module makes the clients; what AWS raises may be known elsewhere."""
    assert [path.name for path in sources("deploy") if "boto3" in imports(path)] == ["clients.py"]
    calling = {path.parent.name for path in sources("deploy") if "_client(" in path.read_text()}
    assert calling == {"aws"}


def test_nothing_imports_the_rehearsal():
    for room in set(RULES) - {"rehearsal", "drills"}:
        assert not [path for path in sources(room) if "rehearsal" in imports(path)]


def test_build_templates_imports_only_templates():
    assert imports(ROOT / "build_templates.py") & ROOMS == {"templates"}


def test_every_stack_module_has_build():
    from build_templates import STACKS

    assert set(STACKS) == {path.stem for path in (ROOT / "out").glob("*.yaml")}
    assert all(callable(module.build) for module in STACKS.values())


def test_nothing_else_stands_at_the_top():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {line.partition("/")[0] for line in listed.stdout.splitlines()} <= TOP_LEVEL
