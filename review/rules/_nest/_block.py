"""A part of a template that has properties: its values, their combinations, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ._functions import LIMIT, branches, expand
from ._shapes import only
from ._values import ABSENT
from ._where import Where

Path = tuple[str | int, ...]


class Finding(NamedTuple):
    """What is wrong, and the path of the place in the template."""

    path: Path
    message: str
    where: Where

    def __str__(self) -> str:
        words = self.where.words()
        return f"{self.message} ({words})" if words else self.message


class Value(NamedTuple):
    """One value that a property can have."""

    value: Any
    path: Path
    where: Where

    def fault(self, message: str) -> Finding:
        """A finding about this value."""
        return Finding(self.path, message, self.where)


@dataclass(frozen=True)
class Variant:
    """One consistent combination of the values of several properties; None stands for a property that is not there."""

    block: Block
    where: Where
    values: dict[str, Any] = field(default_factory=dict)
    paths: dict[str, Path] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def fault(self, message: str, name: str | None = None) -> Finding:
        """A finding about one of the properties, or about all of them."""
        path = self.paths[name] if name else self.block.path
        return Finding(path, message, self.where)


class Block:
    """An object of the template: the properties of a resource, or one further in."""

    def __init__(self, view: Any, node: Any, path: Path, where: Where) -> None:
        self.view, self.node, self.path, self.where = view, node, path, where

    def values(self, name: str = "") -> Iterator[Value]:
        """Each value of a property: `A`, `A.B`, or `A.*.B` for each element of a list."""
        for value, path, where in self.walk(name, self.where):
            if value is not ABSENT:
                yield Value(value, path, where)

    def variants(self, *names: str) -> Iterator[Variant]:
        """Each combination of the values of these properties that can hold at once."""
        found = [Variant(self, self.where)]
        for name in names:
            found = [
                Variant(
                    self,
                    where,
                    variant.values | {name: None if value is ABSENT else value},
                    variant.paths | {name: path},
                )
                for variant in found
                for value, path, where in self.walk(name, variant.where)
            ][:LIMIT]
        yield from found

    def blocks(self, name: str) -> Iterator[Block]:
        """Each object that a property holds, or that its list holds."""
        parts = tuple(name.split("."))
        for node, path, where in follow(self.view, self.node, parts, self.path, self.where):
            if isinstance(node, list):
                for element, place, found in follow(self.view, node, ("*",), path, where):
                    if isinstance(element, dict) and not only(element)[0]:
                        yield Block(self.view, element, place, found)
            elif isinstance(node, dict) and not only(node)[0]:
                yield Block(self.view, node, path, where)

    def walk(self, name: str, where: Where) -> Iterator[tuple[Any, Path, Where]]:
        parts = tuple(name.split(".")) if name else ()
        for node, path, found in follow(self.view, self.node, parts, self.path, where):
            if isinstance(node, Known):
                yield node.value, path, found
            elif node is ABSENT:
                yield ABSENT, path, found
            else:
                for value, w in expand(self.view, node, found):
                    yield value, path, w

    def fault(self, message: str, name: str = "") -> Finding:
        """A finding about a property, or about the whole."""
        path = self.path
        node = self.node
        for part in name.split(".") if name else ():
            if not isinstance(node, dict) or part not in node:
                break
            node, path = node[part], (*path, part)
        return Finding(path, message, self.where)


@dataclass(frozen=True)
class Known:
    """An element of a list that a function made: a value already, no longer a node of the template."""

    value: Any


def follow(view: Any, node: Any, parts: Path, path: Path, where: Where) -> Iterator[tuple[Any, Path, Where]]:
    """The nodes at a path, through each branch of every If on the way; ABSENT where there is none."""
    name, argument = only(node)
    if name == "Fn::If":
        for chosen, place, found in branches(view, argument, where):
            yield from follow(view, chosen, parts, (*path, name, place), found)
    elif node is None or (name == "Ref" and argument == "AWS::NoValue"):
        yield ABSENT, path, where
    elif not parts:
        yield node, path, where
    elif parts[0] == "*":
        yield from elements(view, node, parts[1:], path, where)
    elif isinstance(node, dict) and not name:
        if parts[0] in node:
            yield from follow(view, node[parts[0]], parts[1:], (*path, parts[0]), where)
        else:
            yield ABSENT, path, where


def elements(view: Any, node: Any, parts: Path, path: Path, where: Where) -> Iterator[tuple[Any, Path, Where]]:
    if isinstance(node, list):
        for place, element in enumerate(node):
            yield from follow(view, element, parts, (*path, place), where)
    elif only(node)[0]:
        for value, found in expand(view, node, where):
            for element in value if isinstance(value, list) and not parts else ():
                yield Known(element), path, found
