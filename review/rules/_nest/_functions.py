"""The intrinsic functions: each is followed to every value it can have, with the circumstances of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ._shapes import only
from ._values import ABSENT, Reference, Unknown, blocks, frozen, joined, known, number, scalar, split, text
from ._where import Fact, Where

Options = Iterator[tuple[Any, Where]]
LIMIT = 256  # combinations of one property; of what has more, only the first ones are judged
PLACEHOLDER = re.compile(r"\$\{([^!][^}]*)\}|\$\{!([^}]*)\}")


def expand(view: Any, node: Any, where: Where) -> Options:
    """Every value that a node of a template can have, and where; ABSENT where it is left out."""
    name, argument = only(node)
    if name:
        yield from FUNCTIONS.get(name, opaque(name))(view, argument, where)
    elif isinstance(node, dict):
        for values, found in products(view, list(node.values()), where):
            yield {k: v for k, v in zip(node, values, strict=True) if v is not ABSENT}, found
    elif isinstance(node, list):
        for values, found in products(view, node, where):
            yield [value for value in values if value is not ABSENT], found
    elif node is not None:
        yield node, where


def products(view: Any, nodes: list, where: Where) -> list[tuple[list, Where]]:
    """Every combination of the values of several nodes that can hold at once."""
    found: list[tuple[list, Where]] = [([], where)]
    for node in nodes:
        if isinstance(node, str | int | float | bool):
            for values, _ in found:
                values.append(node)
            continue
        found = [([*values, value], w) for values, so_far in found for value, w in expand(view, node, so_far)][:LIMIT]
    return found


def opaque(name: str) -> Callable[[Any, Any, Where], Options]:
    """A function whose result is not computed: equal arguments, equal result."""

    def function(view: Any, argument: Any, where: Where) -> Options:
        for value, found in expand(view, argument, where):
            yield Unknown((name, frozen(value))), found

    return function


def ref(view: Any, argument: Any, where: Where) -> Options:
    if argument == "AWS::NoValue":
        yield ABSENT, where
    elif argument in view.parameters:
        yield from parameter(view, argument, where)
    elif argument in view.resources_raw:
        yield Reference(view.resource(argument)), where
    else:
        yield Unknown(("Ref", argument), name=argument), where


def parameter(view: Any, name: str, where: Where) -> Options:
    """The value given by the nest, else each allowed value, else the default; without any of them it is unknown."""
    declared = view.parameters[name]
    kind = str(declared.get("Type", "String"))
    given = view.given(name)
    if given:
        for value, found in expand(given.view, given.node, where):
            yield as_list(value, kind), found
        return
    unknown = Unknown(("Ref", view.key, name), parameter=kind, name=name)
    fact = Fact(view, name, False)
    if fact in where.facts:
        yield as_list(where.facts[fact], kind), where
        return
    if kind.startswith("AWS::SSM::Parameter::Value"):
        yield unknown, where
        return
    values = declared.get("AllowedValues")
    open_ended = not isinstance(values, list) or len(values) > 30
    if open_ended:
        values = [declared["Default"]] if declared.get("Default") is not None else []
    found_any = False
    for value in values:
        found = where.plus(fact, value)
        if found is not None:
            found_any = True
            yield as_list(value, kind), found
    if not found_any or (open_ended and name in view.tested):
        yield unknown, where


def as_list(value: Any, kind: str) -> Any:
    """A list, if the parameter's type says so."""
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        pieces = split(value, ",")
        return value if pieces is None else [p.strip() if isinstance(p, str) else p for p in pieces if p != ""]
    return value


def get_att(view: Any, argument: Any, where: Where) -> Options:
    child, value = view.output_of(argument)
    if child:
        condition = child.output(attribute_of(argument).removeprefix("Outputs.")).get("Condition")
        found = where.plus(Fact(child, condition, True), True) if isinstance(condition, str) else where
        if found is not None:
            yield from expand(child, value, found)
    elif resource_of(argument) in view.resources_raw and isinstance(attribute_of(argument), str):
        yield Reference(view.resource(resource_of(argument)), attribute_of(argument)), where
    else:
        yield Unknown(("Fn::GetAtt", frozen(argument))), where


def resource_of(argument: Any) -> str:
    """The resource that a GetAtt asks."""
    return argument.partition(".")[0] if isinstance(argument, str) else argument[0]


def attribute_of(argument: Any) -> Any:
    """The attribute that it asks for."""
    return argument.partition(".")[2] if isinstance(argument, str) else argument[1]


def branch(view: Any, argument: Any, where: Where) -> Options:
    for node, _, found in branches(view, argument, where):
        yield from expand(view, node, found)


def branches(view: Any, argument: Any, where: Where) -> Iterator[tuple[Any, int, Where]]:
    """The branches of an If that can be taken: node, its place in the list, where."""
    for place, truth in ((1, True), (2, False)):
        found = where.plus(Fact(view, argument[0], True), truth)
        if found is not None:
            yield argument[place], place, found


def sub(view: Any, argument: Any, where: Where) -> Options:
    template, local = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    if not isinstance(template, str) or not isinstance(local, dict):
        yield Unknown(("Fn::Sub", frozen(argument))), where
        return
    nodes: list[Any] = []
    end = 0
    for match in PLACEHOLDER.finditer(template):
        nodes.append(template[end : match.start()])
        end = match.end()
        name = (match[1] or "").strip()
        if match[2] is not None:
            nodes.append("${" + match[2] + "}")
        else:
            nodes.append(local.get(name, {"Fn::GetAtt": name} if "." in name else {"Ref": name}))
    nodes.append(template[end:])
    for values, found in products(view, nodes, where):
        yield joined([scalar(value) for value in values]), found


def join(view: Any, argument: Any, where: Where) -> Options:
    delimiter, items = argument
    for values, found in expand(view, items, where):
        if not isinstance(values, list):
            yield Unknown(("Fn::Join", delimiter, frozen(values))), found
            continue
        parts: list[Any] = []
        for value in values:
            parts += [str(delimiter), scalar(value)]
        yield joined(parts[1:]), found


def select(view: Any, argument: Any, where: Where) -> Options:
    for (index, items), found in products(view, argument, where):
        place = number(index)
        if isinstance(items, list) and isinstance(place, int) and 0 <= place < len(items):
            yield items[place], found
        else:
            yield Unknown(("Fn::Select", text(index) or frozen(index), frozen(items))), found


def split_function(view: Any, argument: Any, where: Where) -> Options:
    for value, found in expand(view, argument[1], where):
        pieces = split(value, str(argument[0]))
        yield Unknown(("Fn::Split", argument[0], frozen(value))) if pieces is None else pieces, found


def find_in_map(view: Any, argument: Any, where: Where) -> Options:
    for keys, found in products(view, argument[:3], where):
        if all(known(key) for key in keys):
            node: Any = view.mappings
            for key in keys:
                node = node.get(key, node.get(text(key))) if isinstance(node, dict) else None
            if node is not None:
                yield from expand(view, node, found)
                continue
        yield from in_region(view, keys, found)


def in_region(view: Any, keys: list, where: Where) -> Options:
    """A map whose first key only AWS knows (the region): every entry is a value it can have."""
    table = view.mappings.get(keys[0]) if known(keys[0]) else None
    pseudo = isinstance(keys[1], Unknown) and keys[1].name.startswith("AWS::")
    if isinstance(table, dict) and pseudo and known(keys[2]) and len(table) <= 40:
        for entry, row in table.items():
            found = where.plus(Fact(view.root, keys[1].name, False), entry)
            if found is not None and isinstance(row, dict) and text(keys[2]) in row:
                yield from expand(view, row[text(keys[2])], found)
    else:
        yield Unknown(("Fn::FindInMap", frozen(keys))), where


def cidr(view: Any, argument: Any, where: Where) -> Options:
    nodes = argument if isinstance(argument, list) else [argument]
    for values, found in products(view, nodes, where):
        yield blocks(values) or Unknown(("Fn::Cidr", frozen(values))), found


FUNCTIONS: dict[str, Callable[[Any, Any, Where], Options]] = {
    "Ref": ref,
    "Fn::GetAtt": get_att,
    "Fn::If": branch,
    "Fn::Sub": sub,
    "Fn::Join": join,
    "Fn::Select": select,
    "Fn::Split": split_function,
    "Fn::FindInMap": find_in_map,
    "Fn::Cidr": cidr,
}
