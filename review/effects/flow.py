"""Where a parameter's value flows: through Refs, Subs, conditions, nested stacks and their outputs.

Nothing is resolved here: both branches of an Fn::If count, for either may be the one after a change.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from review.nest import is_nested
from review.text import split_sub

PARAMETER, RESOURCE = "parameter", "resource"
# What a value depends on: (PARAMETER, name in the root) and (RESOURCE, logical id in the flat view).
Origins = frozenset[tuple[str, str]]
NONE: Origins = frozenset()
_ABSENT = {"Ref": "AWS::NoValue"}


@dataclass
class Stack:
    """A stack of the nest, and what its parameters depend on."""

    templates: Mapping[str, dict]
    template: dict
    prefix: str = ""  # of its logical ids in the flat view
    parent: "Stack | None" = None
    title: str = ""  # of the nested stack in its parent
    children: dict[str, "Stack"] = field(default_factory=dict)

    @cached_property
    def gate(self) -> Origins:
        """What decides whether the stack is there at all."""
        if self.parent is None:
            return NONE
        body = self.parent.template["Resources"][self.title]
        return self.parent.gate | self.parent.condition(body.get("Condition"))

    def child(self, title: str) -> "Stack":
        """A nested stack."""
        if title not in self.children:
            file = self.template["Resources"][title]["Properties"]["TemplateURL"].removeprefix("./")
            self.children[title] = Stack(self.templates, self.templates[file], self.prefix + title, self, title)
        return self.children[title]

    def condition(self, name: str | None) -> Origins:
        """What a condition depends on."""
        return self.origins(self.template["Conditions"][name], in_condition=True) if name else NONE

    def parameter(self, name: str) -> Origins:
        """What the value of a parameter of this stack depends on."""
        if self.parent is None:
            return frozenset({(PARAMETER, name)})
        given = self.parent.template["Resources"][self.title]["Properties"].get("Parameters", {})
        return self.parent.origins(given[name]) if name in given else NONE

    def output(self, name: str) -> Origins:
        """What an output depends on."""
        body = self.template["Outputs"][name]
        return self.origins(body["Value"]) | self.condition(body.get("Condition"))

    def origins(self, value: object, in_condition: bool = False) -> Origins:
        """What a value of this stack's template depends on."""
        if isinstance(value, list):
            return NONE.union(*(self.origins(item, in_condition) for item in value))
        if not isinstance(value, dict):
            return NONE
        found = [self._origins(key, item, in_condition) for key, item in value.items()]
        return NONE.union(*found)

    def _origins(self, key, item, in_condition):
        if key == "Ref":
            return self._named(item, None)
        if key == "Fn::GetAtt":
            return self._named(*(item if isinstance(item, list) else item.split(".", 1)))
        if key == "Fn::Sub":
            return self._of_sub(item)
        if key == "Fn::If":
            return self.condition(item[0]) | self.origins(item[1:])
        if key == "Condition" and in_condition:
            return self.condition(item)
        return self.origins(item, in_condition)

    def _of_sub(self, item):
        text, own = (item, {}) if isinstance(item, str) else item
        found = self.origins(own)
        for piece in split_sub(text):
            if isinstance(piece, dict) and piece.get("Ref") not in own:
                found |= self.origins(piece)
        return found

    def _named(self, name, attribute):
        if name.startswith("AWS::"):
            return NONE
        if name in self.template.get("Parameters", {}):
            return self.parameter(name)
        if not is_nested(self.template["Resources"][name]):
            return frozenset({(RESOURCE, self.prefix + name)})
        if attribute and attribute.startswith("Outputs."):
            return self.child(name).output(attribute.removeprefix("Outputs."))
        return NONE


@dataclass(frozen=True)
class Property:
    """What a property depends on."""

    origins: Origins
    value: Origins  # of them, those that its value depends on; the others decide only whether it is there


@dataclass(frozen=True)
class Resource:
    """A resource with what its existence and each of its properties depend on."""

    title: str  # in the flat view
    kind: str
    gate: Origins
    properties: dict[str, Property]
    policy: str  # what becomes of the old one when it is replaced


def resources(templates: Mapping[str, dict], root: str = "root.yaml") -> Iterator[Resource]:
    """Every resource that a nest can have, in the order of the templates."""
    yield from _resources(Stack(templates, templates[root]))


def _resources(stack):
    for title, body in stack.template["Resources"].items():
        if is_nested(body):
            yield from _resources(stack.child(title))
            continue
        properties = {
            name: Property(stack.origins(value), _of_value(stack, value))
            for name, value in body.get("Properties", {}).items()
        }
        gate = stack.gate | stack.condition(body.get("Condition"))
        yield Resource(stack.prefix + title, body["Type"], gate, properties, body.get("UpdateReplacePolicy", "Delete"))


def _of_value(stack, value):
    """The origins of a value without those of a condition that decides whether it is there."""
    choice = value.get("Fn::If") if isinstance(value, dict) else None
    if choice and _ABSENT in choice[1:]:
        return NONE.union(*(_of_value(stack, branch) for branch in choice[1:]))
    return stack.origins(value)
