"""RUNBOOK.md: each alarm of the templates in words, with what to look at and what to do."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from review.handbook.text import table, text, words
from review.problem import Problem

KNOWN = Path(__file__).with_name("runbook.toml")
ALARM, EVENTS = "AWS::CloudWatch::Alarm", "AWS::RDS::EventSubscription"

_COMPARED = {
    "GreaterThanThreshold": "above",
    "GreaterThanOrEqualToThreshold": "at or above",
    "LessThanThreshold": "below",
    "LessThanOrEqualToThreshold": "at or below",
}
# Units of metrics whose numbers alone would not say it.
_UNITS = {"TargetResponseTime": "s", "ReadLatency": "s", "WriteLatency": "s", "ReplicaLag": "s"}
_PERCENT = {"CPUUtilization", "MemoryUtilization", "EBSIOBalance%", "EBSByteBalance%"}
_BYTES = {"FreeableMemory", "FreeStorageSpace"}
_MISSING = {
    "notBreaching": "Without data it is taken to be well, as when nobody asks for a page.",
    "breaching": "No data counts as the alarm.",
    "missing": "Without data it becomes INSUFFICIENT_DATA, which tells nobody.",
}


def document(templates: Mapping[str, dict], watched: list[str]) -> str:
    """The runbook; `watched` are the environments with alarms. Problem: an alarm without an entry, or the reverse."""
    known, there = entries(templates)
    return text(
        "RUNBOOK.md",
        {
            "watched": words(f"`{env}`" for env in watched),
            "index": "\n".join(list(table([["", "", ""], *_index(there)]))[2:]),
            "alarms": "\n".join(line for name, body in there.items() for line in _entry(name, body, known)).strip(),
            "events": "\n".join(_events(templates)),
            "looks": "\n".join(line for name, command in known["looks"].items() for line in _look(name, command)),
        },
    )


def entries(templates: Mapping[str, dict]) -> tuple[dict, dict[str, dict]]:
    """(runbook.toml, the alarms that it tells of). Problem: an alarm without an entry, or the reverse."""
    known, there = tomllib.loads(KNOWN.read_text()), dict(alarms(templates))
    check(known, there)
    return known, there


def alarms(templates: Mapping[str, dict]) -> Iterator[tuple[str, dict]]:
    """(name, properties) of every alarm, those that tell somebody first."""
    found = [
        (name, body)
        for content in templates.values()
        for name, body in content["Resources"].items()
        if body["Type"] == ALARM
    ]
    told = sorted(found, key=lambda each: "AlarmActions" not in each[1]["Properties"])
    yield from ((name, body["Properties"] | {"Condition": body.get("Condition", "")}) for name, body in told)


def check(known: Mapping, there: Mapping[str, dict]) -> None:
    """Raise a Problem for the first thing in which runbook.toml and the templates differ."""
    for name in sorted(known["alarms"].keys() ^ there.keys()):
        raise Problem(f"{KNOWN.name}: {'no entry for the alarm' if name in there else 'no alarm has the name'} {name}")
    for name, entry in known["alarms"].items():
        for look in entry["look"]:
            if look not in known["looks"]:
                raise Problem(f"{KNOWN.name}: {name} looks at {look}, which is no command of [looks]")


def _index(there):
    for name, body in there.items():
        yield [f"[{name}](#{name.lower()})", when(body), meaning(body)]


def when(body: Mapping) -> str:
    """When an alarm goes off, in words."""
    metric, statistic = body["MetricName"], body.get("Statistic") or body["ExtendedStatistic"]
    points, of = body["DatapointsToAlarm"], body["EvaluationPeriods"]
    minutes = f"in {points} of {of} minutes" if points != of else f"for {of} minute{'s' if of > 1 else ''}"
    return (
        f"{metric} ({statistic}) {_COMPARED[body['ComparisonOperator']]} {_amount(metric, body['Threshold'])} {minutes}"
    )


def _amount(metric, number):
    if metric in _BYTES:
        return f"{number / 2**20:.0f} MiB" if number < 2**30 else f"{number / 2**30:.0f} GiB"
    if metric in _PERCENT:
        return f"{number:g} %"
    return f"{number:g} {_UNITS[metric]}" if metric in _UNITS else f"{number:g}"


def meaning(body: Mapping) -> str:
    """What an alarm says of itself, without what to do first."""
    return re.split(r"\.? First: |\. Look at ", body["AlarmDescription"])[0]


def _first(body):
    """What an alarm itself says is to be done first."""
    parts = re.split(r" First: |\. (?=Look at )", body["AlarmDescription"], maxsplit=1)
    first = parts[1] if len(parts) > 1 else parts[0]
    return first[0].upper() + first[1:]


def _entry(name, body, known):
    entry = known["alarms"][name]
    yield f"## {name}\n"
    yield f"{meaning(body)}.\n"
    yield f"- **When:** {when(body)}. {_MISSING[body['TreatMissingData']]}"
    yield f"- **First:** {_first(body)}."
    yield f"- **Look:** {', '.join(f'[{look}](#{look})' for look in entry['look'])}"
    yield f"- **Then:** {' '.join(entry['act'].split())}"
    yield ""


def _look(name, command):
    yield f"### {name}\n"
    yield f"```sh\n{command.strip()}\n```\n"


def _events(templates):
    for content in templates.values():
        for body in content["Resources"].values():
            if body["Type"] == EVENTS:
                properties = body["Properties"]
                yield f"- of each `{properties['SourceType']}`: {', '.join(properties['EventCategories'])}"
