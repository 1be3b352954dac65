"""Our cfn-lint rules: each fires on its bad examples, none fires on a good one; README.md lists them all."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from cfnlint.decode import decode
from cfnlint.rules import Rules
from cfnlint.template import Template

from tests.nest import ROOT

pytestmark = pytest.mark.slow

RULES = Rules.create_from_directory(str(ROOT / "review/rules"))
HEADER = re.compile(r"^# (?P<ids>[EW]\d{4}(?: [EW]\d{4})*) (?P<kind>good|bad)\b")
CHILD = re.compile(r"^# with (?P<name>\S+)")


class Example(NamedTuple):
    """A template, with the templates nested in it, and the rules that it is good or bad for."""

    name: str
    ids: list[str]
    kind: str
    files: dict[str, str]


def examples():
    """Each example in tests/rules/*.yaml."""
    for path in sorted((ROOT / "tests/rules").glob("*.yaml")):
        found = []
        for document in re.split(r"^---\n", path.read_text(), flags=re.MULTILINE):
            if match := HEADER.match(document):
                ids = match["ids"].split()
                name = f"{path.stem}-{ids[0]}-{match['kind']}-{len(found)}"
                found.append(Example(name, ids, match["kind"], {"template.yaml": document}))
            elif match := CHILD.match(document):
                found[-1].files[match["name"]] = document
            elif document.strip():
                raise ValueError(f"{path}: begin with '# ID good', '# ID bad' or '# with FILE': {document[:60]}")
        yield from found


EXAMPLES = list(examples())


def fired(path: Path) -> dict[str, str]:
    """Id: message of what our rules find in a template; a rule that fails, fails the test (cfn-lint would go on).

    What a resource's metadata says is meant so is left out, as cfn-lint does.
    """
    template, problems = decode(str(path))
    assert not problems, problems
    cfn = Template(str(path), template, ["us-east-1"])
    meant = cfn.get_directives()
    return {
        rule.id: f"{rule.id} {match.message} {match.path}"
        for rule in RULES.data.values()
        for match in rule.match(cfn)
        if match.path[1] not in meant.get(rule.id, ())
    }


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_example(tmp_path, example):
    for name, text in example.files.items():
        (tmp_path / name).write_text(text)
    found = fired(tmp_path / "template.yaml")
    if example.kind == "bad":
        assert set(example.ids) <= set(found), found
    else:
        assert not found


@pytest.mark.parametrize("rule_id", sorted(RULES.data))
def test_every_rule_has_examples_and_says_what_it_is(rule_id):
    rule = RULES.data[rule_id]
    assert {example.kind for example in EXAMPLES if rule_id in example.ids} == {"good", "bad"}
    assert re.fullmatch(r"[EW]9[1-7]\d\d", rule_id)
    assert rule.shortdesc and rule.description
    assert rule.source_url.startswith("https://")
    assert "Source:" in type(rule).__doc__, "the docstring names its source"


def test_no_example_is_of_a_rule_that_is_gone():
    assert {rule_id for example in EXAMPLES for rule_id in example.ids} <= set(RULES.data)


def test_the_table_of_the_rules_is_fresh():
    rows = [f"| {rule.id} | {rule.shortdesc} | [source]({rule.source_url}) |" for _, rule in sorted(RULES.data.items())]
    table = (ROOT / "review/rules/README.md").read_text()
    assert [line for line in table.splitlines() if re.match(r"\| [EW]\d", line)] == rows


def test_rules_know_none_of_our_logical_ids():
    ours = set()
    for path in (ROOT / "out").glob("*.yaml"):
        ours |= set(decode(str(path))[0]["Resources"])
    plain_words = {"VPC", "Network", "Data", "Compute", "Monitoring", "Edge", "Keys", "Cluster", "Service"}
    for path in (ROOT / "review/rules").rglob("*.py"):
        quoted = set(re.findall(r"\"(\w+)\"", path.read_text()))
        assert not quoted & ours - plain_words - {kind.rpartition(":")[2] for kind in quoted}, path


def lint(*arguments, cwd):
    return subprocess.run(
        [ROOT / ".venv/bin/cfn-lint", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_they_load_from_anywhere(tmp_path):
    bad = next(example for example in EXAMPLES if example.kind == "bad" and len(example.files) == 1)
    (tmp_path / "template.yaml").write_text(bad.files["template.yaml"])
    result = lint("--append-rules", ROOT / "review/rules", "--", "template.yaml", cwd=tmp_path)
    assert bad.ids[0] in result.stdout, result.stdout + result.stderr


def test_out_is_clean_and_the_rules_are_quick():
    """A rule that looks at everything for each of everything shows in how often functions are called, anywhere."""
    calls = Counter()
    sys.setprofile(lambda _frame, event, _argument: calls.update([event]))
    try:
        found = [line for path in sorted((ROOT / "out").glob("*.yaml")) for line in fired(path).values()]
    finally:
        sys.setprofile(None)
    assert not found
    assert calls["call"] < 4_000_000  # three times what it was when this was written
