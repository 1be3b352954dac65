"""What the catalogues say of an environment: a line, a table, a document."""

from collections import Counter

from review import workspace
from review.catalogues import (
    containers,
    database,
    edge,
    engines,
    identity,
    instances,
    network,
    pillars,
    secrets,
    storage,
    watching,
)
from review.catalogues.control import Control, Resources, Verdict, judge
from review.workspace import Environment

CHAPTERS = {
    "Network": [*network.CONTROLS, *instances.CONTROLS],
    "Load balancer, certificate and firewall": edge.CONTROLS,
    "Containers and images": containers.CONTROLS,
    "Database and secrets": [*database.CONTROLS, *secrets.CONTROLS, *engines.CONTROLS],
    "Buckets, key and topic": storage.CONTROLS,
    "Alarms, logs and stacks": watching.CONTROLS,
    "Identity and account": identity.CONTROLS,
    "Well-Architected framework": pillars.CONTROLS,
}
STATES = {
    "holds": "hold",
    "none": "speak of nothing that is here",
    "open": "are open, for a reason",
    "broken": "do not hold",
    "account": "are the account's",
}
_HEAD = """# What AWS's own catalogues say of production

Written by `python -m review catalogues production --markdown > docs/security.md`; a test holds it true. Each control is
judged on production as it would be deployed: [review/catalogues/](../review/catalogues/) has the checks. The words are
ours, the numbers AWS's. Standards: FSBP, NIST (SP 800-53 r5), PCI (DSS v4.0.1) and CIS (AWS foundations v5.0.0) as
Security Hub has them; CONFIG: a rule of AWS Config in AWS's conformance packs; WA: a point of the Well-Architected
framework; tags: Security Hub's own standard for tags. What Security Hub says of a deployed account can differ: it has
controls that came later, and it sees what was changed by hand.
"""


def resources_of(environment: Environment) -> Resources:
    """All that the environment has: the nest, and the bootstrap stack."""
    return environment.nest.flat["Resources"] | workspace.bootstrap(environment.name).flat["Resources"]


def controls() -> list[Control]:
    """Every control."""
    return [control for chapter in CHAPTERS.values() for control in chapter]


def verdicts(environment: Environment) -> list[Verdict]:
    """What each control says of the environment."""
    resources = resources_of(environment)
    return [judge(control, resources) for control in controls()]


def summary(environment: Environment) -> str:
    """The numbers, in one line."""
    counts = Counter(verdict.state for verdict in verdicts(environment))
    parts = [f"{counts[state]} {words}" for state, words in STATES.items() if counts[state] or state == "broken"]
    return f"{environment.name}: {sum(counts.values())} controls: {', '.join(parts)}"


def table(environment: Environment) -> list[str]:
    """The numbers and every control that does not simply hold, as lines."""
    lines = [summary(environment)]
    for verdict in verdicts(environment):
        if verdict.state in ("open", "broken"):
            control = verdict.control
            lines += [f"  {verdict.state:<7}{control.id:<18} {control.title}"]
            lines += [f"         {reason}" for reason in verdict.reasons]
    return lines


def document(environment: Environment) -> str:
    """The whole table as Markdown."""
    found = {verdict.control.id: verdict for verdict in verdicts(environment)}
    parts = [_HEAD, summary(environment).partition(": ")[2].capitalize() + ".\n"]
    for chapter, members in CHAPTERS.items():
        parts.append(f"## {chapter}\n\n| control | standards | | state |\n|---|---|---|---|")
        parts += [_row(found[control.id]) for control in members]
        parts.append("")
    return "\n".join(parts)


def _row(verdict):
    control = verdict.control
    state = {"holds": "holds", "none": "nothing of it is here"}.get(verdict.state)
    state = state or f"**{verdict.state}**: {' '.join(verdict.reasons)}"
    return f"| [{control.id}]({control.url}) | {control.standards} | {control.title} | {state} |"
