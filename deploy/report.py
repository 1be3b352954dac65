"""The state of an environment as one screen of text."""

import textwrap
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deploy import states
from deploy.answers import Answer

WIDTH = 80
_LABEL = 10


@dataclass
class Facts:
    """What is known of an environment. Each Answer has a value or a fault; None: there is no such thing."""

    name: str
    region: str
    stack: dict[str, Any] | None
    url: str = ""
    resources: list[dict] = field(default_factory=list)
    service: Answer | None = None
    images: Answer | None = None
    targets: Answer | None = None
    database: Answer | None = None
    alarms: Answer | None = None
    record: str = ""  # the folder of the last deployment from this machine


@dataclass(frozen=True)
class Image:
    """An image that runs, beside the one that this checkout would deploy."""

    name: str
    digest: str
    tags: list[str]
    wanted: str  # the digest of this checkout's image; empty if it was never pushed


def screen(facts: Facts) -> list[str]:
    """The lines of the report, none wider than a terminal unless one word is."""
    if facts.stack is None:
        return [f"{facts.name}: there is no such stack in {facts.region}; `make deploy` makes it"]
    rows = [
        ("stack", _stack(facts.stack)),
        ("resources", _resources(facts.resources)),
        ("url", facts.url or "none yet"),
    ]
    parts = {
        "service": _service,
        "images": _images,
        "targets": _targets,
        "database": _database,
        "alarms": _alarms,
    }
    for label, words in parts.items():
        answer = getattr(facts, label)
        if answer is not None:
            rows.append((label, f"could not look: {answer.fault}" if answer.fault else words(answer.value)))
    rows.append(("recorded", facts.record or "no deployment from this checkout"))
    return [f"{facts.name} in {facts.region}"] + [line for label, text in rows for line in _row(label, text)]


def _row(label, text):
    """A label and its text, one line or several; a long word is not broken, so that it can be copied."""
    lines = []
    for part in text.splitlines():
        lines += textwrap.wrap(part, WIDTH - _LABEL - 2, break_long_words=False, break_on_hyphens=False)
    return [f"  {label if not number else '':<{_LABEL}}{line}" for number, line in enumerate(lines)]


def _stack(stack):
    when = stack.get("LastUpdatedTime") or stack.get("CreationTime")
    since = f", begun {_moment(when)}" if when else ""
    protected = ", protected against deletion" if stack.get("EnableTerminationProtection") else ""
    return f"{stack['StackStatus']}{since}{protected}"


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _resources(resources):
    if not resources:
        return "none"
    counts = Counter(states.RESOURCES.get(entry["ResourceStatus"], states.FAILED) for entry in resources)
    summary = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    failed = [f"{entry['Path']} {entry['ResourceStatus']}" for entry in states.failed(resources)]
    return "\n".join([summary, *failed])


def _service(service):
    if service is None:
        return "none"
    text = f"{service['runningCount']} of {service['desiredCount']} tasks running, {service['pendingCount']} pending"
    for deployment in service.get("deployments", []):
        if deployment["status"] != "PRIMARY":
            text += f", {deployment['runningCount']} of an older deployment"
        elif deployment.get("rolloutState"):
            text += f"; rollout {deployment['rolloutState']}"
            text += f", {deployment['failedTasks']} failed" if deployment.get("failedTasks") else ""
    return text


def _images(images: list[Image]) -> str:
    return "\n".join(_image(image) for image in images) or "none"


def _image(image):
    tags = f" ({', '.join(image.tags)})" if image.tags else ""
    if not image.wanted:
        verdict = "this checkout's is not pushed"
    else:
        verdict = "as in this checkout" if image.wanted == image.digest else "not this checkout's"
    return f"{image.name} {image.digest[:19]}{tags}: {verdict}"


def _targets(targets):
    if not targets:
        return "none registered"
    counts = Counter(target["TargetHealth"]["State"] for target in targets)
    reasons = {
        f"{target['Target']['Id']}:{target['Target']['Port']} {target['TargetHealth'].get('Reason', 'no reason given')}"
        for target in targets
        if target["TargetHealth"]["State"] in {"unhealthy", "unavailable"}
    }
    return "\n".join([", ".join(f"{count} {state}" for state, count in counts.most_common()), *sorted(reasons)])


def _database(database):
    if database is None:
        return "none"
    endpoint = database.get("Endpoint", {})
    text = f"{database['DBInstanceStatus']}, {database['DBInstanceClass']}, {database['Engine']}"
    text += f" {database.get('EngineVersion', '')}".rstrip()
    if database.get("AutomaticRestartTime"):
        text += f"; AWS starts it again at {_moment(database['AutomaticRestartTime'])}"
    return "\n".join([text, endpoint.get("Address", "no endpoint yet")])


def _alarms(alarms):
    if not alarms:
        return "none"
    counts = Counter(alarm["StateValue"] for alarm in alarms)
    loud = sorted(alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM")
    return "\n".join([", ".join(f"{count} {state}" for state, count in counts.most_common()), *loud])
