"""CloudFormation's functions, applied as far as their arguments are known.

What only AWS can know stays the function that it is, with its arguments applied.
"""

import base64
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from review.problem import Problem
from review.text import concat, is_function, known, pieces_of, split_sub, text

NO_VALUE = object()


@dataclass
class Scope:
    """Where a value stands: what names mean there."""

    where: str  # for messages
    values: dict[str, object]  # of parameters and pseudo parameters
    mappings: dict[str, dict]
    reference: Callable[[str, str | None], object]  # (logical id, attribute or None for Ref) -> value
    conditions: dict[str, object] = field(default_factory=dict)
    decided: dict[str, bool] = field(default_factory=dict)  # conditions, by name


def apply(value: object, scope: Scope) -> object:
    """The value with every function applied. Problem: a function that AWS would refuse. NO_VALUE: AWS::NoValue."""
    if isinstance(value, list):
        return [item for item in (apply(item, scope) for item in value) if item is not NO_VALUE]
    if not isinstance(value, dict):
        return value
    if is_function(value):
        ((name, argument),) = value.items()
        function = FUNCTIONS.get(name)
        return function(argument, scope) if function else {name: apply(argument, scope)}
    applied = {key: apply(item, scope) for key, item in value.items()}
    return {key: item for key, item in applied.items() if item is not NO_VALUE}


def refer(name: str, scope: Scope) -> object:
    """What !Ref name is."""
    if name == "AWS::NoValue":
        return NO_VALUE
    if name in scope.values:
        return scope.values[name]
    return {"Ref": name} if name.startswith("AWS::") else scope.reference(name, None)


def _get_att(argument, scope):
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    title, attribute = apply(_arguments("Fn::GetAtt", parts, 2, scope), scope)
    return scope.reference(title, attribute)


def _if(argument, scope):
    name, yes, no = _arguments("Fn::If", argument, 3, scope)
    if name not in scope.decided:
        raise Problem(f"{scope.where}: Fn::If: there is no condition {name}")
    return apply(yes if scope.decided[name] else no, scope)


def _arguments(function, argument, count, scope, optional=0):
    if not isinstance(argument, list) or not count <= len(argument) <= count + optional:
        raise Problem(f"{scope.where}: {function} takes a list of {count}, not {argument}")
    return argument


def _sub(argument, scope):
    template, own = (argument, {}) if isinstance(argument, str) else _arguments("Fn::Sub", argument, 2, scope)
    own = apply(own, scope)
    if not isinstance(template, str):
        raise Problem(f"{scope.where}: Fn::Sub: {template} is no text")
    pieces = []
    for piece in split_sub(template):
        if isinstance(piece, dict):
            name = piece.get("Ref")
            value = own[name] if name in own else apply(piece, scope)
            if value is NO_VALUE or isinstance(value, list):
                raise Problem(f"{scope.where}: Fn::Sub: {piece} is no text")
            pieces += pieces_of(value)
        else:
            pieces.append(piece)
    return concat(pieces)


def _join(argument, scope):
    delimiter, items = apply(_arguments("Fn::Join", argument, 2, scope), scope)
    if not isinstance(items, list):
        return {"Fn::Join": [delimiter, items]}
    pieces = []
    for number, item in enumerate(items):
        pieces += [delimiter] if number else []
        pieces += pieces_of(item)
    return concat(pieces)


def _split(argument, scope):
    delimiter, source = apply(_arguments("Fn::Split", argument, 2, scope), scope)
    if isinstance(source, dict):
        joined = source.get("Fn::Join")
        return joined[1] if joined and joined[0] == delimiter else {"Fn::Split": [delimiter, source]}
    return text(source).split(delimiter)


def _select(argument, scope):
    index, items = apply(_arguments("Fn::Select", argument, 2, scope), scope)
    if not isinstance(items, list) or isinstance(index, dict):
        return {"Fn::Select": [index, items]}
    if not text(index).isdecimal() or int(index) >= len(items):
        raise Problem(f"{scope.where}: Fn::Select: there is no item {index} in a list of {len(items)}")
    return items[int(index)]


def _cidr(argument, scope):
    block, count, *bits = apply(_arguments("Fn::Cidr", argument, 2, scope, optional=1), scope)
    if not known([block, count, *bits]):
        return {"Fn::Cidr": [block, count, *bits]}
    try:
        network = ipaddress.ip_network(block)
        host_bits = int(bits[0]) if bits else {4: 8, 6: 64}[network.version]
        blocks = islice(network.subnets(new_prefix=network.max_prefixlen - host_bits), int(count))
        cut = [str(subnet) for subnet in blocks]
    except ValueError as error:
        raise Problem(f"{scope.where}: Fn::Cidr: {error}") from None
    if len(cut) < int(count):
        raise Problem(f"{scope.where}: Fn::Cidr: {block} has no room for {count} blocks of {host_bits} bits")
    return cut


def _base64(argument, scope):
    value = apply(argument, scope)
    if not known(value):
        return {"Fn::Base64": value}
    return base64.b64encode(text(value).encode()).decode()


def _find_in_map(argument, scope):
    name, top, second, *options = apply(_arguments("Fn::FindInMap", argument, 3, scope, optional=1), scope)
    if not known([name, top, second]):
        return {"Fn::FindInMap": [name, top, second, *options]}
    try:
        return scope.mappings[name][text(top)][text(second)]
    except KeyError:
        if options and "DefaultValue" in options[0]:
            return options[0]["DefaultValue"]
        raise Problem(f"{scope.where}: Fn::FindInMap: nothing at {name}, {top}, {second}") from None


FUNCTIONS = {
    "Ref": refer,
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::Cidr": _cidr,
    "Fn::Base64": _base64,
    "Fn::FindInMap": _find_in_map,
}
