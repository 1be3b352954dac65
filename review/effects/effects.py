"""What a change of a parameter does to each resource: in place, with an interruption, by replacement."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from review.effects.flow import PARAMETER, RESOURCE, Resource
from review.update.change import MODIFY, PERHAPS, REPLACED, Difference, worst
from review.update.change import Change as Update
from review.update.interruption import IN_PLACE_EFFECTS
from review.update.replacement import verdict


class Kind(IntEnum):
    """What happens to a resource; the larger, the more it hurts."""

    NOTHING = 0
    IN_PLACE = 1
    MADE = 2  # it is made or removed
    INTERRUPTION = 3  # in place, but somebody notices
    PERHAPS = 4  # replaced at times
    REPLACEMENT = 5


# Where the documentation of a property says more than the registry's description of its type. Name: "Update requires:
# Replacement", docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-route53-recordset.html.
DOCUMENTED = {("AWS::Route53::RecordSet", "Name"): REPLACED}
# Any two values, known to nobody.
_ONE, _OTHER = {"Ref": "One"}, {"Ref": "Other"}


@dataclass(frozen=True)
class Change:
    """What happens to one resource."""

    resource: Resource
    kind: Kind
    properties: tuple[str, ...]  # that change; empty if it is made or removed as a whole
    because: str = ""  # logical id of the resource whose replacement brings it; empty: the parameter itself


def update(kind: str, name: str, is_value: bool = True) -> Kind:
    """What it takes to change the value of a property of a type or, without `is_value`, to add it or take it away."""
    pairs = [(_ONE, _OTHER)] if is_value else [(None, _ONE), (_ONE, None)]
    found = DOCUMENTED.get((kind, name)) or worst(verdict(kind, name, *pair) for pair in pairs)
    if found in (PERHAPS, REPLACED):
        return Kind.REPLACEMENT if found == REPLACED else Kind.PERHAPS
    said = IN_PLACE_EFFECTS.get((kind, name), lambda *_: None)(Update(name, kind, MODIFY), Difference(name))
    return Kind.INTERRUPTION if said and said.interrupts else Kind.IN_PLACE


def effects(parameter: str, resources: Iterable[Resource]) -> list[Change]:
    """What changing a parameter of the root can do, by resource in the order of the templates.

    A replaced resource has another id, so whatever refers to it changes too; that is followed to its end.
    """
    resources = list(resources)
    found = {}
    for resource in resources:
        if (PARAMETER, parameter) in resource.gate:
            found[resource.title] = Change(resource, Kind.MADE, ())
        _note(found, resource, (PARAMETER, parameter), "")
    waiting = [change for change in found.values() if change.kind is Kind.REPLACEMENT]
    while waiting:
        replaced = waiting.pop(0).resource
        for resource in resources:
            before = found.get(resource.title)
            if before and before.kind is Kind.REPLACEMENT:
                continue
            after = _note(found, resource, (RESOURCE, replaced.title), replaced.title)
            if after and after.kind is Kind.REPLACEMENT:
                waiting.append(after)
    return [found[resource.title] for resource in resources if resource.title in found]


def _note(found, resource, origin, because):
    """Note what the properties that depend on `origin` bring to a resource; the worst counts."""
    touched = {name: each for name, each in resource.properties.items() if origin in each.origins}
    if not touched:
        return None
    kind = max(update(resource.kind, name, origin in each.value) for name, each in touched.items())
    names = tuple(touched)
    before = found.get(resource.title)
    if before:
        names = tuple(dict.fromkeys((*before.properties, *names)))
        because = before.because if before.kind >= kind else because
        kind = max(kind, before.kind)
    found[resource.title] = Change(resource, kind, names, because)
    return found[resource.title]


def most(changes: Iterable[Change]) -> Kind:
    """The worst that happens."""
    return max((change.kind for change in changes), default=Kind.NOTHING)
