"""Every parameter of the root with what it means and what changing it does, as lines of text."""

from collections.abc import Iterable, Iterator, Mapping

from review.effects.effects import Change, Kind, effects, most
from review.effects.flow import Resource, resources
from review.update.guard import HOLDS, STAYS, SUBNET_GROUP, VPC

SHOWN = 5  # resources named in a line; the others are counted

WORDS = {
    Kind.REPLACEMENT: "replaces",
    Kind.PERHAPS: "may replace",
    Kind.INTERRUPTION: "interrupts",
    Kind.MADE: "makes or removes",
    Kind.IN_PLACE: "changes in place",
}
# What happens to the old one, by the resource's UpdateReplacePolicy.
OLD = {"Snapshot": "a snapshot is taken of the old one", "Retain": "the old one stays"}
NOTES = {
    ("AWS::ECS::TaskDefinition", None): "a new revision: tasks are replaced one after another",
    ("AWS::SecretsManager::Secret", "GenerateSecretString"): "a new password, which the database does not learn",
    ("AWS::RDS::DBInstance", "DBInstanceClass"): "a failover to the standby, or minutes without the database",
    ("AWS::RDS::DBInstance", "EngineVersion"): "minutes without the database",
    ("AWS::ECS::Service", "ForceNewDeployment"): "tasks are replaced one after another",
}


def lines(templates: Mapping[str, dict], values: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """The parameters, one after another; `values` are those of each environment that are not the default."""
    definitions = templates["root.yaml"]["Parameters"]
    there = list(resources(templates))
    for number, (name, definition) in enumerate(definitions.items()):
        changes = effects(name, there)
        yield from [""] * bool(number)
        yield f"{name} = {shown(definition.get('Default'))}"
        yield f"  {definition['Description']}"
        yield f"  Allowed: {allowed(definition)}"
        chosen = [f"{env} {shown(of_env[name])}" for env, of_env in values.items() if name in of_env]
        if chosen:
            yield f"  Chosen: {', '.join(chosen)}"
        yield f"  Changing it: {summary(changes)}"


def shown(value: object) -> str:
    """A value as text; an empty one and none at all in words."""
    if value is None:
        return "(must be given)"
    return str(value) if str(value) != "" else "(empty)"


def allowed(definition: Mapping) -> str:
    """What a parameter accepts, in words."""
    if "AllowedValues" in definition:
        return ", ".join(str(value) for value in definition["AllowedValues"])
    return definition.get("ConstraintDescription", "any text").removeprefix("must be ")


def heaviest(definitions: Iterable[str], resources: list[Resource]) -> dict[str, dict[str, list[str]]]:
    """Of the parameters, those whose change replaces, may replace or interrupts what holds data, by that word.

    word -> parameter -> logical ids.
    """
    found = {}
    for name in definitions:
        for change in effects(name, resources):
            if change.kind >= Kind.INTERRUPTION and change.resource.kind in HOLDS and not _is_password(change):
                found.setdefault(WORDS[change.kind], {}).setdefault(name, []).append(change.resource.title)
    return found


def _is_password(change):
    """A generated password that is made anew; the parameter that does it replaces the database too."""
    return change.resource.kind == "AWS::SecretsManager::Secret" and change.kind is Kind.INTERRUPTION


def summary(changes: list[Change]) -> str:
    """What a change does, the worst first, and first to what holds data."""
    if most(changes) is Kind.NOTHING:
        return "no resource"
    parts = [f"refused where it is deployed: {STAYS}"] if _moves_database(changes) else []
    for kind, words in WORDS.items():
        of_kind = sorted((change for change in changes if change.kind is kind), key=_holds_nothing)
        if of_kind:
            named = [_named(change) for change in of_kind[:SHOWN]]
            more = [f"{len(of_kind) - SHOWN} more"] if len(of_kind) > SHOWN else []
            parts.append(f"{words} {', '.join(named + more)}")
    return "; ".join(parts)


def _moves_database(changes):
    replaced = {change.resource.kind for change in changes if change.kind is Kind.REPLACEMENT}
    return VPC in replaced and any(change.resource.kind == SUBNET_GROUP for change in changes)


def _holds_nothing(change):
    return change.resource.kind not in HOLDS


def _named(change):
    kind, replaced = change.resource.kind, change.kind is Kind.REPLACEMENT
    notes = [NOTES[kind, name] for name in change.properties if (kind, name) in NOTES]
    if replaced:
        notes += [NOTES[kind, None]] if (kind, None) in NOTES else []
        notes += [OLD[change.resource.policy]] if change.resource.policy in OLD else []
    return change.resource.title + (f" ({'; '.join(notes)})" if notes else "")
