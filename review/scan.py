"""What scanners find in a resolved environment: checkov, cloudformation-validate and cfn-lint.

A finding is fixed, or suppressed in the resource's own metadata with a reason (checkov), or it is known to be false and
stands in KNOWN_FALSE with a reason. Anything else is unexplained.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from review.problem import Problem


@dataclass(frozen=True)
class Finding:
    """One thing that a tool found."""

    tool: str
    rule: str
    resource: str  # logical id in the flat view
    text: str
    reason: str = ""  # why it is no fault; empty if nobody has said


# (rules, what "PROPERTY MESSAGE" of the finding matches, why it is false)
KNOWN_FALSE = [
    (
        {"E3691", "E9006"},
        r"EngineVersion '8\.4' is not one of ",
        "RDS takes a major version and chooses its newest minor version; the tool's list has full versions only",
    ),
    (
        {"W9002"},
        r"has a hardcoded ARN",
        "the template makes this ARN of a parameter; in the resolved view the parameter's value stands there",
    ),
]


def scan(flat: Path) -> list[Finding]:
    """Every finding in a flat template. Problem: a scanner that is not installed, or that fails."""
    return [*_checkov(flat), *_validate(flat), *lint(flat)]


def report(env: str, findings: list[Finding]) -> list[str]:
    """The findings as lines: those without a reason one by one, the others as a number."""
    open_ = [finding for finding in findings if not finding.reason]
    explained = len(findings) - len(open_)
    return [
        f"{env}: {len(open_)} unexplained findings, {explained} explained",
        *(f"  {finding.tool} {finding.rule} {finding.resource}: {finding.text[:150]}" for finding in open_),
    ]


def explain(finding: Finding, place: str) -> Finding:
    """The finding with the reason for which it is known to be false, if it is."""
    for rules, pattern, reason in KNOWN_FALSE:
        if finding.rule in rules and re.search(pattern, f"{place} {finding.text}"):
            return replace(finding, reason=reason)
    return finding


def _checkov(flat):
    command = [str(Path(sys.executable).with_name("checkov")), "--file", str(flat), "--framework", "cloudformation"]
    # Not --quiet: it would hide what is suppressed.
    command += ["--skip-download", "--compact", "--output", "json"]
    # Nothing of the caller's environment, so that no key in it makes checkov talk to its vendor.
    environment = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
    try:
        result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    except FileNotFoundError:
        raise Problem("checkov is not installed here: run `make scan`, which has an environment for it") from None
    try:
        return from_checkov(json.loads(result.stdout))
    except ValueError:
        last = (result.stderr.strip() or result.stdout.strip() or "it says nothing").splitlines()[-1]
        raise Problem(f"checkov failed: {last}") from None


def from_checkov(answer: dict) -> list[Finding]:
    """Findings of checkov's JSON. A suppression needs a reason, else it is a finding.

    Problem: it judged nothing; a template that it cannot read it passes over in silence.
    """
    results = answer.get("results")
    if not results or answer["summary"]["parsing_errors"]:
        raise Problem("checkov could not read the template: it has judged nothing")
    failed = [_from_check(check, "") for check in results.get("failed_checks", [])]
    return failed + [_from_skip(check) for check in results.get("skipped_checks", [])]


def _from_check(check, reason):
    return Finding("checkov", check["check_id"], check["resource"].rpartition(".")[2], check["check_name"], reason)


def _from_skip(check):
    reason = (check["check_result"].get("suppress_comment") or "").strip()
    # checkov's own words where a comment is missing
    if reason in ("", "No comment provided"):
        return replace(_from_check(check, ""), text="suppressed without a reason")
    return _from_check(check, reason)


def _validate(flat):
    try:
        import cloudformation_validate as aws
    except ImportError:
        raise Problem("cloudformation-validate is not installed here: run `make scan`") from None
    answer = aws.CompositeEngine().validate_template(str(flat))
    findings = []
    for found in answer.diagnostics:
        if found.severity.name not in ("INFO", "DEBUG"):
            resource = (found.entity and found.entity.logical_id) or "-"
            finding = Finding("cloudformation-validate", found.rule_id, resource, found.message)
            findings.append(explain(finding, found.property_path or ""))
    return findings


def lint(flat: Path) -> list[Finding]:
    """What cfn-lint finds, warnings included."""
    from cfnlint.api import ManualArgs, lint_file

    findings = []
    for match in lint_file(flat, ManualArgs(regions=["us-east-1"])):
        path = [str(part) for part in match.path or []]
        resource = path[1] if path[:1] == ["Resources"] else "-"
        finding = Finding("cfn-lint", match.rule.id, resource, match.message)
        findings.append(explain(finding, ".".join(path)))
    return findings
