"""A template as the rules see it, alone or nested in a parent that gives it parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from cfnlint.decode import decode

from ._block import Block, Finding, Value, Variant
from ._functions import PLACEHOLDER, attribute_of
from ._functions import resource_of as asked
from ._shapes import only
from ._values import words
from ._where import EMPTY, Fact, Where

__all__ = ["Block", "Finding", "Resource", "Value", "Variant", "View", "references"]

DEPTH = 5  # of nests; AWS allows more, rules need no more
NOT_A_FILE = re.compile(r"^[a-z0-9]+://")


SCALARS = (str, int, float)


def declared(item: dict) -> dict:
    """A parameter without what no parameter can have: a default or allowed values that are no plain value."""
    kept = {key: value for key, value in item.items() if key != "Default" or isinstance(value, SCALARS)}
    allowed = kept.get("AllowedValues")
    if isinstance(allowed, list):
        kept["AllowedValues"] = [value for value in allowed if isinstance(value, SCALARS)]
    elif "AllowedValues" in kept:
        del kept["AllowedValues"]
    return kept


class Given(NamedTuple):
    """What a parent template gives a parameter: a node of the parent, to be read in the parent."""

    node: Any
    view: View


class Resource(Block):
    """A resource; as a block it is its properties."""

    def __init__(self, view: View, name: str, raw: dict) -> None:
        properties = raw.get("Properties") if isinstance(raw.get("Properties"), dict) else {}
        path = ("Resources", name, "Properties") if properties else ("Resources", name)
        super().__init__(view, properties, path, EMPTY)
        self.id, self.raw = name, raw
        self.type: str = raw["Type"] if isinstance(raw.get("Type"), str) else ""
        self.where = self.exists

    @cached_property
    def exists(self) -> Where:
        """The circumstances under which there is such a resource."""
        condition = self.raw.get("Condition")
        where = self.view.where
        if isinstance(condition, str) and condition in self.view.conditions:
            return where.plus(Fact(self.view, condition, True), True) or where
        return where

    @property
    def depends_on(self) -> set[str]:
        """Logical ids in its DependsOn, and of all that it refers to."""
        return self.view.dependencies.get(self.id, set())

    def waits_for(self, other: Resource) -> bool:
        """Does CloudFormation make the other one first, as far as the template tells?"""
        seen: set[str] = set()
        todo = [self.id]
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo.extend(self.view.dependencies.get(name, ()))
        return other.id in seen and other.view is self.view and other.id != self.id

    def __repr__(self) -> str:
        return f"{self.type} {self.id}"


class View:
    """A template. `parent` and `given` are set for one that is nested in another."""

    def __init__(self, template: dict, filename: str | None, stack: Resource | None = None) -> None:
        self.template = template
        self.filename = filename
        self.stack = stack
        self.parent: View | None = stack.view if stack else None
        self.where: Where = stack.where if stack else EMPTY
        self.depth: int = self.parent.depth + 1 if self.parent else 0
        self.key = (self.parent.key, stack.id) if stack and self.parent else filename or id(template)
        self.variables: dict[Fact, frozenset] = {}  # on which parameters each condition depends
        self.atoms: dict[int, str] = {}  # names of comparisons, by the identity of their node
        self._resources: dict[str, Resource] = {}

    @staticmethod
    def of(cfn: Any) -> View:
        """The view of a template that cfn-lint has read."""
        return view_of(cfn)

    def section(self, name: str) -> dict[str, Any]:
        found = self.template.get(name)
        return found if isinstance(found, dict) else {}

    @cached_property
    def parameters(self) -> dict[str, dict]:
        return {name: declared(item) for name, item in self.section("Parameters").items() if isinstance(item, dict)}

    @cached_property
    def conditions(self) -> dict[str, Any]:
        """What each says; None for one that asks a resource, which no condition may.

        What there is hangs on the conditions: to look for that resource would ask the condition again.
        """
        return {name: None if asks_resource(node) else node for name, node in self.section("Conditions").items()}

    @cached_property
    def mappings(self) -> dict[str, Any]:
        return self.section("Mappings")

    @cached_property
    def resources_raw(self) -> dict[str, dict]:
        return {name: item for name, item in self.section("Resources").items() if isinstance(item, dict)}

    @cached_property
    def tested(self) -> set[str]:
        """Names of the parameters that conditions look at."""
        return set(words(self.conditions)) & set(self.parameters)

    @property
    def root(self) -> View:
        return self.parent.root if self.parent else self

    @property
    def lineage(self) -> list[View]:
        """This template, its parent, and so on."""
        return [self, *(self.parent.lineage if self.parent else [])]

    def resource(self, name: str) -> Resource:
        if name not in self._resources:
            self._resources[name] = Resource(self, name, self.resources_raw[name])
        return self._resources[name]

    @cached_property
    def by_type(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for name in self.resources_raw:
            found.setdefault(self.resource(name).type, []).append(self.resource(name))
        return found

    def resources(self, *types: str) -> Iterator[Resource]:
        """The resources of these types, or all of them."""
        for kind in types or self.by_type:
            yield from self.by_type.get(kind, ())

    def everywhere(self, *types: str) -> Iterator[Resource]:
        """The same in the whole nest: the root and all local templates below it."""
        yield from self.root.below(*types)

    def below(self, *types: str) -> Iterator[Resource]:
        yield from self.resources(*types)
        for child in self.children.values():
            yield from child.below(*types)

    def given(self, parameter: str) -> Given | None:
        """What the parent gives this parameter, if it gives anything."""
        found = self.gifts.get(parameter)
        return Given(found, self.parent) if found is not None and self.parent else None

    @cached_property
    def gifts(self) -> dict[str, Any]:
        given = self.stack.node.get("Parameters") if self.stack else None
        return given if isinstance(given, dict) and not only(given)[0] else {}

    def output(self, name: str) -> dict | None:
        found = self.section("Outputs").get(name)
        return found if isinstance(found, dict) else None

    def output_of(self, argument: Any) -> tuple[View | None, Any]:
        """The nested template that a GetAtt asks for an output, and the node of the output's value, or (None, None)."""
        child, attribute = self.children.get(asked(argument)), attribute_of(argument)
        if child is None or not isinstance(attribute, str):
            return None, None
        found = child.output(attribute.removeprefix("Outputs.")) if attribute.startswith("Outputs.") else None
        return (child, found.get("Value")) if found else (None, None)

    @cached_property
    def children(self) -> dict[str, View]:
        """The local templates nested in this one, by the logical id of their stack."""
        found = {}
        for stack in self.resources("AWS::CloudFormation::Stack") if self.depth < DEPTH else ():
            path = self.local(stack.node.get("TemplateURL"))
            template = read(path, path.stat().st_mtime_ns) if path else None
            if path and isinstance(template, dict):
                found[stack.id] = View(template, str(path), stack)
        return found

    def local(self, url: Any) -> FilePath | None:
        """The file that a TemplateURL names, if it is one beside this template."""
        if not self.filename or not isinstance(url, str) or NOT_A_FILE.match(url):
            return None
        path = FilePath(self.filename).parent / url
        return path.resolve() if path.is_file() else None

    @cached_property
    def alone(self) -> View:
        """The same template as if nobody nested it."""
        return View(self.template, self.filename) if self.parent else self

    @cached_property
    def dependencies(self) -> dict[str, set[str]]:
        """Logical id: what CloudFormation makes before it."""
        found = {}
        for name, raw in self.resources_raw.items():
            listed = raw.get("DependsOn")
            listed = listed if isinstance(listed, list) else [listed]
            after = {item for item in listed if isinstance(item, str)}
            found[name] = (after | set(references(raw.get("Properties")))) & set(self.resources_raw)
        return found


def asks_resource(node: Any) -> bool:
    """Whether a GetAtt stands anywhere in a node."""
    within = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return (isinstance(node, dict) and "Fn::GetAtt" in node) or any(map(asks_resource, within))


def references(node: Any) -> Iterator[str]:
    """Every name that a node refers to, with Ref, GetAtt or Sub."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    if not isinstance(node, dict):
        return
    name, argument = only(node)
    if name == "Ref":
        yield argument
    elif name == "Fn::GetAtt":
        yield asked(argument)
    elif name == "Fn::Sub":
        template = argument[0] if isinstance(argument, list) and argument else argument
        if isinstance(template, str):
            yield from (match[1].strip().partition(".")[0] for match in PLACEHOLDER.finditer(template) if match[1])
    for item in node.values():
        yield from references(item)


@lru_cache(maxsize=32)
def view_of(cfn: Any) -> View:
    filename = cfn.filename if cfn.filename and FilePath(cfn.filename).is_file() else None
    return View(cfn.template, filename)


@lru_cache(maxsize=128)
def read(path: FilePath, changed: int) -> dict | None:
    """A template of this machine, or None if it cannot be read; `changed` makes the cache notice a new version."""
    template, problems = decode(str(path))
    return None if problems else template
