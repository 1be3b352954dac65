"""Rules for every type: references of the wrong kind, nested stacks, tags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ._checks import named, twice
from ._kinds import DIMENSIONS, GIVES, PARAMETERS, WANTS
from ._nest import Reference, Resource, Rule, Text, Unknown, Value, known, number, text

REFERENCE = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
STACK = "AWS::CloudFormation::Stack"


def kind_of(value: Any) -> str | None:
    """The kind of value that a reference, or a parameter of a type of AWS, gives."""
    if isinstance(value, Reference):
        return GIVES.get(value.resource.type, {}).get(value.attribute or "")
    if isinstance(value, Unknown):
        inner = re.fullmatch(r"List<(.+)>", value.parameter)
        return PARAMETERS.get(inner[1] if inner else value.parameter)
    return None


def said(value: Any) -> str:
    """How a reference is written."""
    if isinstance(value, Reference):
        return f"!GetAtt {value.resource.id}.{value.attribute}" if value.attribute else f"!Ref {value.resource.id}"
    return f"!Ref {value.name}"


def advice(value: Any, kinds: tuple[str, ...]) -> str:
    """What to write instead, if the same resource gives what is wanted."""
    found = GIVES.get(value.resource.type, {}) if isinstance(value, Reference) else {}
    for attribute, kind in found.items():
        if kind in kinds:
            return f"; use {said(Reference(value.resource, attribute or None))}"
    return ""


def wrong(value: Value, kinds: tuple[str, ...]) -> Iterator[Any]:
    """A finding if a value is known to be of another kind."""
    for item in value.value if isinstance(value.value, list) else [value.value]:
        kind = kind_of(item)
        if kind is not None and kind not in kinds:
            yield value.fault(
                f"{said(item)} gives a value of the kind {kind}, wanted: {' or '.join(kinds)}{advice(item, kinds)}"
            )


class WrongKind(Rule):
    """A property gets the kind of value that it wants: an id, a name or an ARN, and of the right type of resource.

    Source: CloudFormation template reference, "Return values" of each type (table in _kinds.py).
    """

    id = "E9100"
    shortdesc = "Reference that gives another kind of value than the property wants"
    source_url = REFERENCE + "intrinsic-function-reference-ref.html"
    types = tuple(WANTS)

    def judge(self, r):
        for name, kinds in WANTS[r.type].items():
            for value in r.values(name.removesuffix(".*")):
                yield from wrong(value, kinds)


class WrongDimension(Rule):
    """A dimension of a metric gets the name that the service reports under, as the full name of a load balancer.

    Source: CloudWatch user guides of Elastic Load Balancing, ECS and RDS, "Dimensions".
    """

    id = "E9101"
    shortdesc = "Dimension with another kind of value than the metric has"
    source_url = (
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html"
    )
    types = ("AWS::CloudWatch::Alarm",)

    def judge(self, r):
        for path in ("Dimensions", "Metrics.*.MetricStat.Metric.Dimensions"):
            for block in dimension_blocks(r, path):
                for v in block.variants("Name", "Value"):
                    kind = DIMENSIONS.get(text(v["Name"]) or "")
                    if kind:
                        yield from wrong(Value(v["Value"], v.paths["Value"], v.where), (kind,))


def dimension_blocks(r: Resource, path: str) -> Iterator[Any]:
    head, _, rest = path.partition(".*.")
    for block in r.blocks(head):
        if not rest:
            yield block
        elif "MetricStat" in block.node:
            yield from block.blocks(rest)


class WrongForParameter(Rule):
    """A parameter of a nested stack gets the kind of value that its declared type wants.

    Source: CloudFormation guide, "AWS-specific parameter types"; the stack fails when its parameters are checked.
    """

    id = "E9102"
    shortdesc = "Nested stack gets another kind of value than its parameter's type"
    source_url = REFERENCE + "parameters-section-structure.html"
    types = (STACK,)

    def judge(self, r):
        child = r.view.children.get(r.id)
        for name, declared in child.parameters.items() if child else ():
            kind = str(declared.get("Type"))
            inner = re.fullmatch(r"List<(.+)>", kind)
            wanted = PARAMETERS.get(inner[1] if inner else kind)
            for value in r.values(f"Parameters.{name}") if wanted else ():
                pieces = value.value
                if inner and isinstance(pieces, Text):
                    pieces = [part for part in pieces.parts if not isinstance(part, str)]
                yield from wrong(value._replace(value=pieces), (wanted or "",))


class ValueRefused(Rule):
    """The value that a parent gives a parameter satisfies the constraints of the child's parameter.

    Source: CloudFormation guide, "Parameters": AllowedValues, AllowedPattern, MinLength, MaxLength, MinValue, MaxValue.
    """

    id = "E9103"
    shortdesc = "Nested stack gets a value that its parameter refuses"
    source_url = REFERENCE + "parameters-section-structure.html"
    types = (STACK,)

    def judge(self, r):
        child = r.view.children.get(r.id)
        for name, declared in child.parameters.items() if child else ():
            for value in r.values(f"Parameters.{name}"):
                reason = refused(declared, value.value) if known(value.value) else ""
                if reason:
                    yield value.fault(f"{name} {text(value.value)!r} {reason}")


def refused(declared: dict, value: Any) -> str:
    """Why a parameter does not take a value; empty if it does."""
    plain, amount = text(value) or "", number(value)
    allowed = declared.get("AllowedValues")
    if isinstance(allowed, list) and plain not in [text(item) for item in allowed]:
        return f"is none of {', '.join(map(str, allowed))}"
    if declared.get("Type") == "Number" and amount is None:
        return "is no number"
    low, high = number(declared.get("MinValue")), number(declared.get("MaxValue"))
    if amount is not None and ((low is not None and amount < low) or (high is not None and amount > high)):
        return f"is not between {low} and {high}"
    shortest, longest = number(declared.get("MinLength"), 0), number(declared.get("MaxLength"), 4096)
    if not shortest <= len(plain) <= longest:
        return f"has not from {shortest} to {longest} characters"
    try:
        fits = declared.get("AllowedPattern") is None or re.fullmatch(str(declared["AllowedPattern"]), plain)
    except re.error:
        return ""
    return "" if fits else f"does not match {declared['AllowedPattern']}"


class Tags(Rule):
    """Tags: at most 50 of a resource, keys of 1 to 128 characters not beginning with aws:, values of at most 256.

    Source: "Tag naming limits and requirements" of the tagging guide; each key once.
    """

    id = "E9104"
    shortdesc = "Tag that AWS refuses"
    source_url = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"

    def check(self, view):
        for r in view.resources():
            tags = r.node.get("Tags") if isinstance(r.node, dict) else None
            if not isinstance(tags, list) or not isinstance(r.type, str):
                continue
            if len(tags) > 50:
                yield r.fault(f"{len(tags)} tags; a resource has at most 50", "Tags")
            rows = [row for row in named(r, "Tags", "Key") if known(row[0])]
            for key, value, _ in twice(rows):
                yield value.fault(f"the tag {key} is given twice")
            for block in r.blocks("Tags"):
                yield from self.sizes(block)

    def sizes(self, block):
        for name, most in (("Key", 128), ("Value", 256)):
            for value in block.values(name):
                plain = text(value.value)
                if plain is not None and len(plain) > most:
                    yield value.fault(f"{len(plain)} characters; a {name.lower()} has at most {most}")
                if plain == "" and name == "Key":
                    yield value.fault("a tag needs a key")
                if name == "Key" and plain and plain.lower().startswith("aws:"):
                    yield value.fault(f"{plain}: keys that begin with aws: belong to AWS")
