"""How the stacks of the nest are wired: which output feeds which parameter, and what waits for what.

Read off the root as it is written, so it is the same for every environment.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from review.nest import is_nested
from review.text import references

ROOT = "root.yaml"


class Stack(NamedTuple):
    """A nested stack."""

    title: str
    resources: int
    given: int  # parameters that are the root's own
    only: str  # what must be chosen to have it; empty: it is always there
    wave: int  # 1: it waits for nobody


class Feed(NamedTuple):
    """What one stack takes from another; no names: it only waits."""

    source: str
    target: str
    names: tuple[str, ...]


def stacks(templates: Mapping[str, dict]) -> list[Stack]:
    """The nested stacks in the order in which they are made."""
    root = templates[ROOT]
    nested = {title: body for title, body in root["Resources"].items() if is_nested(body)}
    waits = {title: {feed.source for feed in feeds(templates) if feed.target == title} for title in nested}
    found = []
    for title, body in nested.items():
        template = templates[body["Properties"]["TemplateURL"].removeprefix("./")]
        values = body["Properties"].get("Parameters", {}).values()
        given = sum(bool(references(value) & set(root["Parameters"])) for value in values)
        found.append(Stack(title, len(template["Resources"]), given, _only(root, body), _wave(title, waits)))
    return sorted(found, key=lambda stack: stack.wave)


def _wave(title, waits):
    return 1 + max((_wave(source, waits) for source in waits[title]), default=0)


def _only(root, body):
    """EnableMonitoring=true of a condition that compares a parameter with a value."""
    condition = root.get("Conditions", {}).get(body.get("Condition"), {})
    match condition.get("Fn::Equals"):
        case [{"Ref": name}, value]:
            return f"{name}={value}"
    return body.get("Condition", "")


def feeds(templates: Mapping[str, dict]) -> list[Feed]:
    """Who takes what from whom; by name where output and parameter are called alike, else as output → parameter."""
    nested = {title: body for title, body in templates[ROOT]["Resources"].items() if is_nested(body)}
    found: dict[tuple[str, str], list[str]] = {}
    for target, body in nested.items():
        for parameter, value in body["Properties"].get("Parameters", {}).items():
            for source, output in sorted(set(_outputs(value))):
                name = parameter if output == parameter else f"{output} → {parameter}"
                found.setdefault((source, target), []).append(name)
        waits = body.get("DependsOn", [])
        for source in [waits] if isinstance(waits, str) else waits:
            found.setdefault((source, target), [])
    return [Feed(source, target, tuple(names)) for (source, target), names in found.items()]


def outputs(templates: Mapping[str, dict]) -> dict[str, list[str]]:
    """The outputs of the root by the stack that they come from."""
    found: dict[str, list[str]] = {}
    for name, body in templates[ROOT].get("Outputs", {}).items():
        for source in sorted({source for source, _ in _outputs(body["Value"])}):
            found.setdefault(source, []).append(name)
    return found


def _outputs(value: object) -> Iterator[tuple[str, str]]:
    """(stack, output) of every Fn::GetAtt in a value."""
    if isinstance(value, list):
        for item in value:
            yield from _outputs(item)
    elif isinstance(value, dict):
        match value.get("Fn::GetAtt"):
            case [str(source), str(attribute)] if attribute.startswith("Outputs."):
                yield source, attribute.removeprefix("Outputs.")
            case _:
                yield from _outputs(list(value.values()))
