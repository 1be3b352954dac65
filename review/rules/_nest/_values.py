"""What a property can hold once its functions are followed: a plain value, or how much of it can be known."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


class Absent:
    """The value of `AWS::NoValue`, and of a property that is not there."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


@dataclass(frozen=True)
class Unknown:
    """What only AWS or the caller can know. Two with the same key are the same thing."""

    key: tuple
    parameter: str = ""  # the declared type, where it is a Ref to a parameter without a value
    name: str = ""  # the name of that parameter, or of the pseudo parameter


@dataclass(frozen=True)
class Reference:
    """A Ref (attribute is None) or a GetAtt to a resource of this template or of one nested with it."""

    resource: Any
    attribute: str | None = None


@dataclass(frozen=True)
class Text:
    """A string of which parts are unknown: literal pieces, References and Unknowns in their order."""

    parts: tuple

    @property
    def head(self) -> str:
        """The literal beginning."""
        return self.parts[0] if isinstance(self.parts[0], str) else ""

    def __contains__(self, piece: str) -> bool:
        return any(isinstance(part, str) and piece in part for part in self.parts)


def known(value: Any) -> bool:
    """Is it a plain scalar?"""
    return isinstance(value, str | int | float | bool)


def text(value: Any) -> str | None:
    """A plain scalar as CloudFormation would send it, else None."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if known(value) else None


def number(value: Any, default: float | None = None) -> Any:
    """A number, also one written as a string; the default where the property is absent; else None."""
    if value is None:
        return default
    if isinstance(value, bool) or not known(value):
        return None
    try:
        return int(value)
    except ValueError:
        try:
            return float(value)
        except ValueError:
            return None


def flag(value: Any, default: bool | None = None) -> bool | None:
    """A boolean, also one written as a string; the default where the property is absent; else None."""
    if value is None:
        return default
    return {"true": True, "false": False}.get((text(value) or "").lower())


def frozen(value: Any) -> Any:
    """A hashable equal of the value."""
    if isinstance(value, dict):
        return tuple(sorted((str(key), frozen(item)) for key, item in value.items()))
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    return value


def joined(parts: list) -> Any:
    """The string that the parts make: plain, if all of them are, else a Text; a single part stays what it is."""
    merged: list = []
    for part in parts:
        for piece in part.parts if isinstance(part, Text) else (part,):
            plain = text(piece)
            if plain is None:
                merged.append(piece)
            elif merged and isinstance(merged[-1], str):
                merged[-1] += plain
            elif plain:
                merged.append(plain)
    if not merged:
        return ""
    return merged[0] if len(merged) == 1 else Text(tuple(merged))


def may_hold(part: Any, delimiter: str) -> bool:
    """Can an unknown part of a string hold the delimiter? Ids and ARNs of resources hold no comma."""
    if isinstance(part, Unknown):
        return delimiter != "," or not part.parameter.startswith("AWS::EC2::")
    return isinstance(part, Reference) and delimiter != ","


def split(value: Any, delimiter: str) -> list | None:
    """The pieces of a string, also of one with unknown parts that cannot hold the delimiter; else None."""
    if isinstance(value, Reference | Unknown):
        return None
    if known(value):
        return text(value).split(delimiter)
    if not isinstance(value, Text) or any(may_hold(part, delimiter) for part in value.parts):
        return None
    pieces: list[list] = [[]]
    for part in value.parts:
        if not isinstance(part, str):
            pieces[-1].append(part)
            continue
        first, *rest = part.split(delimiter)
        pieces[-1].append(first)
        pieces.extend([piece] for piece in rest)
    return [joined(piece) for piece in pieces]


def scalar(value: Any) -> Any:
    """A value as a piece of a string."""
    return Unknown(("piece", frozen(value))) if isinstance(value, list | dict) or value is ABSENT else value


def blocks(values: list) -> list[str] | None:
    """The first `count` blocks of 2^bits addresses, as Fn::Cidr gives them; None if that is not known or impossible."""
    bits = number(values[2]) if len(values) > 2 else 8
    count = number(values[1]) if len(values) > 1 else None
    try:
        network = ipaddress.ip_network(values[0])
        made = network.subnets(new_prefix=network.max_prefixlen - bits)
        return [str(block) for block, _ in zip(made, range(count), strict=False)]
    except (TypeError, ValueError):
        return None


def words(node: Any) -> Iterator[str]:
    """All keys and plain values below a node."""
    if isinstance(node, dict):
        for key, item in node.items():
            yield str(key)
            yield from words(item)
    elif isinstance(node, list):
        for item in node:
            yield from words(item)
    elif node is not None:
        yield str(node).lower() if isinstance(node, bool) else str(node)
