"""What a check finds."""

import textwrap
from dataclasses import dataclass

from deploy.answers import Answer

OK, WARNING, PROBLEM, UNKNOWN = "ok", "warning", "PROBLEM", "unknown"

WIDTH = 80
_INDENT = 10


@dataclass(frozen=True)
class Finding:
    """A level, what was found, and with a warning or a problem what to do."""

    level: str
    text: str


def unknown(what: str, answer: Answer) -> Finding:
    """A probe that got no answer, mostly because the credentials may not ask: no reason to stop."""
    return Finding(UNKNOWN, f"{what}: could not look: {answer.fault}")


def lines(title: str, findings: list[Finding]) -> list[str]:
    """A heading and the findings, wrapped to a terminal's width."""
    result = [title] if findings else []
    for finding in findings:
        wrapped = textwrap.wrap(finding.text, WIDTH - _INDENT, break_long_words=False, break_on_hyphens=False)
        result += [f"  {finding.level if not n else '':<{_INDENT - 2}}{line}" for n, line in enumerate(wrapped)]
    return result
