"""What the review makes of the scanners' answers."""

import json
import subprocess
import sys
import types

import pytest

from review import scan, workspace
from review.__main__ import main
from review.problem import Problem
from review.scan import Finding
from tests.nest import ROOT

SCANNERS = ROOT / ".venv-scan"


def check(id_, comment=None):
    result = {"result": "SKIPPED", "suppress_comment": comment} if comment is not None else {"result": "FAILED"}
    return {"check_id": id_, "resource": "AWS::EC2::VPC.VPC", "check_name": f"Ensure {id_}", "check_result": result}


def checkov_answer(failed=(), skipped=(), errors=0):
    return {
        "results": {"failed_checks": list(failed), "skipped_checks": list(skipped)},
        "summary": {"parsing_errors": errors},
    }


def test_a_suppression_without_a_reason_is_a_finding():
    answer = checkov_answer(
        [check("A")], [check("B", "the key costs $1"), check("C", " "), check("D", "No comment provided")]
    )
    assert scan.from_checkov(answer) == [
        Finding("checkov", "A", "VPC", "Ensure A"),
        Finding("checkov", "B", "VPC", "Ensure B", "the key costs $1"),
        Finding("checkov", "C", "VPC", "suppressed without a reason"),
        Finding("checkov", "D", "VPC", "suppressed without a reason"),
    ]


def test_checkov_that_could_not_read_has_not_passed():
    for answer in ({"passed": 0, "failed": 0}, checkov_answer(errors=1)):
        with pytest.raises(Problem, match="has judged nothing"):
            scan.from_checkov(answer)


@pytest.mark.parametrize(
    ("rule", "place", "text", "known"),
    [
        ("E3691", "Resources.D.Properties.EngineVersion", "'8.4' is not one of ['8.4.3']", True),
        ("E9006", "Properties.EngineVersion", "'8.4' is not one of ['8.4.3']", True),
        ("E3691", "Resources.D.Properties.EngineVersion", "'9.9.9' is not one of ['8.4.3']", False),
        ("E3030", "Resources.D.Properties.EngineVersion", "'8.4' is not one of ['8.4.3']", False),
        ("W9002", "Properties.TaskRoleArn", "Property 'TaskRoleArn' has a hardcoded ARN", True),
    ],
)
def test_only_what_is_known_to_be_false_is_explained(rule, place, text, known):
    assert bool(scan.explain(Finding("x", rule, "D", text), place).reason) is known


def test_every_known_false_finding_has_a_reason():
    assert all(rules and pattern and len(reason) > 20 for rules, pattern, reason in scan.KNOWN_FALSE)


def scanners(tmp_path, monkeypatch, answer, diagnostics=()):
    """Scanners that answer as told, in place of the real ones."""
    fake = tmp_path / "checkov"
    fake.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\n")
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(workspace, "RESOLVED", tmp_path)
    engine = types.SimpleNamespace(validate_template=lambda _: types.SimpleNamespace(diagnostics=list(diagnostics)))
    monkeypatch.setattr(scan, "lint", lambda _: [])
    module = types.SimpleNamespace(CompositeEngine=lambda: engine)
    monkeypatch.setitem(sys.modules, "cloudformation_validate", module)


def diagnostic(severity, rule):
    return types.SimpleNamespace(
        severity=types.SimpleNamespace(name=severity), rule_id=rule, message="m", property_path=None, entity=None
    )


def test_scan_ends_with_1_for_what_nobody_explained(tmp_path, monkeypatch, capsys):
    scanners(tmp_path, monkeypatch, json.dumps(checkov_answer()), [diagnostic("INFO", "I1")])
    assert main(["scan", "lab"]) == 0
    assert "lab: 0 unexplained findings" in capsys.readouterr().out
    scanners(tmp_path, monkeypatch, json.dumps(checkov_answer([check("CKV_1")])), [diagnostic("WARN", "W1")])
    assert main(["scan", "lab"]) == 1
    shown = capsys.readouterr().out
    assert "lab: 2 unexplained findings" in shown
    assert "  checkov CKV_1 VPC: Ensure CKV_1\n  cloudformation-validate W1 -: m\n" in shown


def test_scanners_that_fail_or_are_missing(tmp_path, monkeypatch, capsys):
    scanners(tmp_path, monkeypatch, "no JSON")
    assert main(["scan", "lab"]) == 1
    assert capsys.readouterr().err == "error: checkov failed: no JSON\n"
    (tmp_path / "checkov").unlink()
    assert main(["scan", "lab"]) == 1
    assert "checkov is not installed here: run `make scan`" in capsys.readouterr().err


OPEN_DATABASE = """
Resources:
  Open:
    Type: AWS::RDS::DBInstance
    Metadata:
      checkov:
        skip:
          - id: CKV_AWS_157
            comment: a test
          - id: CKV_AWS_118
    Properties:
      Engine: mysql
      StorageEncrypted: false
      PubliclyAccessible: true
      DBInstanceClass: db.t3.micro
      AllocatedStorage: none
"""
SHOW = """
import pathlib, sys
from review import scan
for found in scan.scan(pathlib.Path(sys.argv[1])):
    print(found.tool, found.rule, bool(found.reason))
"""


@pytest.mark.slow
@pytest.mark.skipif(not (SCANNERS / ".ready").exists(), reason="`make scan` has not installed the scanners")
def test_the_real_scanners_find_an_open_database(tmp_path):
    flat = tmp_path / "flat.yaml"
    flat.write_text(OPEN_DATABASE)
    command = [SCANNERS / "bin/python", "-c", SHOW, flat]
    found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    assert {"checkov CKV_AWS_16 False", "checkov CKV_AWS_17 False", "checkov CKV_AWS_157 True"} <= set(found)
    assert "checkov CKV_AWS_118 False" in found
    assert any(line.startswith("cloudformation-validate ") for line in found)
    assert any(line.startswith("cfn-lint E") for line in found)
