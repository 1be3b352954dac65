"""The form of a template: what CloudFormation would refuse before it looks at any meaning.

Whoever reads a template behind this may take it that sections, parameters and resources have their keys, that functions
have arguments of their kind, and that every key is a text.
"""

import re
from collections.abc import Callable, Iterator

NUMBERS = (int, float)
SCALARS = (str, int, float, bool)
DEEPEST = 60  # levels; CloudFormation's own limits are below that

SECTIONS = {
    *(
        "AWSTemplateFormatVersion",
        "Description",
        "Metadata",
        "Parameters",
        "Mappings",
        "Conditions",
        "Rules",
        "Transform",
    ),
    *("Resources", "Outputs", "Hooks"),
}
OF_ENTRIES = ("Parameters", "Mappings", "Conditions", "Rules", "Resources", "Outputs")
# Key: what it must be, in a parameter, a resource, an output.
PARAMETER = {
    "Type": str,
    "Default": SCALARS,
    "AllowedValues": list,
    "AllowedPattern": str,
    "ConstraintDescription": str,
    "Description": str,
    "NoEcho": (bool, str),
    **dict.fromkeys(("MinLength", "MaxLength", "MinValue", "MaxValue"), int),
}
RESOURCE = {
    "Type": str,
    "Properties": dict,
    "DependsOn": (str, list),
    "Condition": str,
    "Metadata": dict,
    "DeletionPolicy": (str, dict),
    "UpdateReplacePolicy": (str, dict),
    "CreationPolicy": dict,
    "UpdatePolicy": dict,
}
OUTPUT = {"Value": (*SCALARS, dict), "Description": str, "Condition": str, "Export": dict}
RULE = {"RuleCondition": dict, "Assertions": list}
NEEDED = {"Parameters": "Type", "Resources": "Type", "Outputs": "Value", "Rules": "Assertions"}
WORDS = {str: "a text", int: "a whole number", dict: "an object", list: "a list"}


def is_name(value: object) -> bool:
    return isinstance(value, str)


def is_pair_of_names(value: object) -> bool:
    """As in GetAtt, whose attribute may be another function."""
    return (
        isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], str | dict)
    )


def is_sub(value: object) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict)


def is_if(value: object) -> bool:
    return isinstance(value, list) and len(value) == 3 and isinstance(value[0], str)


def is_text_and_more(value: object) -> bool:
    """As in Join and Split: a delimiter, and what it is about."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], list | str | dict)
    )


def is_select(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str | int | dict)
        and isinstance(value[1], list | dict)
    )


def is_text(value: object) -> bool:
    return isinstance(value, (*SCALARS, dict))


def is_list_of(smallest: int, largest: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and smallest <= len(value) <= largest


def is_find(value: object) -> bool:
    return is_list_of(3, 4)(value) and all(isinstance(item, (*SCALARS, dict)) for item in value[:3])


FUNCTIONS: dict[str, Callable[[object], bool]] = {
    "Ref": is_name,
    "Fn::GetAtt": is_pair_of_names,
    "Fn::If": is_if,
    "Fn::Sub": is_sub,
    "Fn::Join": is_text_and_more,
    "Fn::Split": is_text_and_more,
    "Fn::Select": is_select,
    "Fn::Cidr": is_list_of(2, 3),
    "Fn::Base64": is_text,
    "Fn::GetAZs": is_text,
    "Fn::FindInMap": is_find,
    "Fn::ImportValue": is_text,
    "Fn::Equals": is_list_of(2, 2),
    "Fn::And": is_list_of(2, 10),
    "Fn::Or": is_list_of(2, 10),
    "Fn::Not": is_list_of(1, 1),
}


def faults(template: dict) -> Iterator[str]:
    """What is wrong with the form of a template, each with its place; nothing behind a fault can be relied on."""
    yield from (f"{name}: no section of a template" for name in template if name not in SECTIONS)
    yield from of_values(template, ())
    for section in OF_ENTRIES:
        entries = template.get(section, {})
        if not isinstance(entries, dict):
            yield f"{section}: must be an object"
            continue
        for name, body in entries.items():
            yield from (f"{section}/{name}{fault}" for fault in of_entry(section, body))


def of_values(node: object, path: tuple, depth: int = 0) -> Iterator[str]:
    """Faults of all values below: keys that are no texts, functions with wrong arguments, what JSON does not have."""
    place = "/".join(map(str, path)) or "the template"
    if depth > DEEPEST:
        yield f"{'/'.join(map(str, path[:5]))}: nested too deeply, or in itself"
    elif isinstance(node, list):
        for number, item in enumerate(node):
            yield from of_values(item, (*path, number), depth + 1)
    elif isinstance(node, dict):
        for key, item in node.items():
            if not isinstance(key, str):
                yield f"{place}: the key {key!r} must be a text"
                return
            yield from of_values(item, (*path, key), depth + 1)
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name in FUNCTIONS and not FUNCTIONS[name](argument):
                yield f"{place}: {name} does not take {argument!r}"
    elif node is None:
        yield f"{place}: has no value"
    elif not isinstance(node, SCALARS):
        yield f"{place}: {node} is taken for a {type(node).__name__}: put it into quotes"


def of_entry(section: str, body: object) -> Iterator[str]:
    """Faults of a parameter, a mapping, a resource and so on, each beginning with its place."""
    if section == "Mappings":
        yield from of_mapping(body)
        return
    if not isinstance(body, dict):
        yield ": must be an object"
        return
    if section in NEEDED and NEEDED[section] not in body:
        yield f": needs {'an' if NEEDED[section][0] in 'AO' else 'a'} {NEEDED[section]}"
    kinds = {"Parameters": PARAMETER, "Resources": RESOURCE, "Outputs": OUTPUT, "Rules": RULE}.get(section, {})
    for key, kind in kinds.items():
        if key in body and (not isinstance(body[key], kind) or (kind is int and isinstance(body[key], bool))):
            wanted = kind if isinstance(kind, tuple) else (kind,)
            yield f"/{key}: must be {' or '.join(dict.fromkeys(WORDS.get(one, 'a value') for one in wanted))}"
            return
    if section == "Parameters":
        yield from of_parameter(body)
    if section == "Rules":
        for number, assertion in enumerate(body.get("Assertions", [])):
            if not isinstance(assertion, dict) or "Assert" not in assertion:
                yield f"/Assertions/{number}: needs an Assert"
    depends = body.get("DependsOn", []) if section == "Resources" else []
    if isinstance(depends, list) and not all(isinstance(one, str) for one in depends):
        yield "/DependsOn: must be names of resources"


def of_parameter(body: dict) -> Iterator[str]:
    if not all(isinstance(one, SCALARS) for one in body.get("AllowedValues", [])):
        yield "/AllowedValues: must be a list of values"
    try:
        re.compile(body.get("AllowedPattern", ""))
    except (re.error, OverflowError, RecursionError) as error:
        yield f"/AllowedPattern: {error}"


def of_mapping(body: object) -> Iterator[str]:
    if not isinstance(body, dict) or not all(isinstance(second, dict) for second in body.values()):
        yield ": must have two levels of names"
