"""Can these conditions hold at once? A search over the parameter values that the conditions can tell apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ._shapes import only
from ._values import words

OTHER = "\0any other value"  # stands for all values that no condition mentions
GIVEN = "\0something"  # not known, but not empty: the ARN of a resource, for example
STEPS = 5_000

Env = dict[tuple, Any]


def plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Search:
    """One question: is there a choice of parameters under which the facts hold?"""

    def __init__(self, facts: dict) -> None:
        self.wanted = [(fact.view, fact.name, value) for fact, value in facts.items() if fact.is_condition]
        self.assumed = {(fact.view, fact.name): value for fact, value in facts.items() if fact.is_condition}
        self.fixed: Env = {(fact.view, fact.name): plain(v) for fact, v in facts.items() if not fact.is_condition}
        self.literals: set[str] = {""}
        self.variables: dict[tuple, None] = {}
        self.comparisons: dict[str, tuple] = {}  # node, template and parameters of each comparison
        self.steps = 0

    def succeeds(self) -> bool:
        """Decide it; what takes too long counts as impossible."""
        if not self.wanted:
            return True
        self.collect_all()
        free = [variable for variable in self.variables if variable not in self.fixed]
        free.sort(key=lambda variable: variable[0] is None)  # comparisons that cannot be computed come last
        return self.search(free, dict(self.fixed))

    def collect_all(self) -> None:
        """Note on what the facts depend."""
        for view, name, _ in self.wanted:
            self.collect(view.conditions.get(name), view, 0)
        for view, name in self.fixed:
            self.collect({"Ref": name}, view, 0)

    def search(self, free: list[tuple], env: Env) -> bool:
        """Try the values of one variable after the other."""
        self.steps += 1
        if self.steps > STEPS or not self.holds(env):
            return False
        if not free:
            return True
        variable, *rest = free
        if variable[0] is None:
            node, view, depends = self.comparisons[variable[1]]
            if self.compare(node["Fn::Equals"], view, env) is not None:
                return self.search(rest, env)
            if depends & set(self.fixed):  # fixed, but not understood: leave it alone
                return False
        return any(self.search(rest, env | {variable: value}) for value in self.candidates(variable))

    def holds(self, env: Env) -> bool:
        """False as soon as one wanted condition is certain to come out otherwise."""
        return all(
            self.truth(view.conditions.get(name), view, env) in (None, wanted) for view, name, wanted in self.wanted
        )

    def candidates(self, variable: tuple) -> Iterator[Any]:
        """The values worth trying for a parameter, or both for a comparison that cannot be computed."""
        view, name = variable
        if view is None:
            yield from (True, False)
            return
        declared = view.parameters.get(name, {})
        allowed = declared.get("AllowedValues")
        if isinstance(allowed, list):
            values = [plain(value) for value in allowed]
            yield from (value for value in values if value in self.literals)
            if any(value not in self.literals for value in values):
                yield OTHER
            return
        pattern = declared.get("AllowedPattern")
        yield from (value for value in sorted(self.literals) if not pattern or matches(pattern, value))
        yield OTHER

    def collect(self, node: Any, view: Any, depth: int) -> None:
        """Note the parameters, the opaque comparisons and the literals that a condition depends on."""
        if depth > 40:
            return
        name, argument = only(node)
        if name == "Ref":
            given = view.given(argument)
            if given:
                self.collect(given.node, given.view, depth + 1)
            elif argument in view.parameters or argument.startswith("AWS::"):
                self.variables[(view.root if argument.startswith("AWS::") else view, argument)] = None
        elif name == "Condition":
            self.collect(view.conditions.get(argument), view, depth + 1)
        elif name == "Fn::GetAtt":
            child, output = view.output_of(argument)
            self.collect(output, child, depth + 1)
        elif name == "Fn::If":
            self.collect({"Condition": argument[0]}, view, depth + 1)
            self.collect(argument[1:], view, depth + 1)
        elif name == "Fn::FindInMap":
            self.literals.update(words(view.mappings.get(argument[0]) if isinstance(argument[0], str) else {}))
            self.collect(argument[1:], view, depth + 1)
        elif isinstance(node, dict | list):
            if name == "Fn::Equals":
                inner = Search({})
                inner.collect(argument, view, depth + 1)
                self.comparisons[atom(node, view)] = (node, view, set(inner.variables))
                self.variables.setdefault((None, atom(node, view)), None)
            for item in node.values() if isinstance(node, dict) else node:
                self.collect(item, view, depth + 1)
        elif node is not None:
            self.literals.add(plain(node))

    def truth(self, node: Any, view: Any, env: Env, depth: int = 0) -> bool | None:
        """Is the condition true, false, or not decided yet?"""
        name, argument = only(node)
        if depth > 40:
            return None
        if name == "Condition":
            if depth and (view, argument) in self.assumed:
                return self.assumed[(view, argument)]
            return self.truth(view.conditions.get(argument), view, env, depth + 1)
        if name == "Fn::Equals":
            answer = self.compare(argument, view, env)
            return env.get((None, atom(node, view))) if answer is None else answer
        if name in ("Fn::And", "Fn::Or", "Fn::Not"):
            answers = [self.truth(item, view, env, depth + 1) for item in argument]
            return combined(name, answers)
        return None

    def compare(self, argument: Any, view: Any, env: Env) -> bool | None:
        """Are the operands of an Equals equal? None if that is not known."""
        left, right = (self.scalar(item, view, env) for item in argument)
        return equal(left, right)

    def scalar(self, node: Any, view: Any, env: Env) -> str | None:
        """The string that an operand is, as far as the choices made so far tell."""
        name, argument = only(node)
        if name == "Ref":
            given = view.given(argument)
            if given:
                return self.scalar(given.node, given.view, env)
            if argument in view.resources_raw:
                return GIVEN
            return env.get((view.root if argument.startswith("AWS::") else view, argument))
        if name == "Fn::GetAtt":
            child, output = view.output_of(argument)
            return self.scalar(output, child, env) if child else GIVEN
        if name == "Fn::FindInMap":
            keys = [self.scalar(item, view, env) for item in argument[:3]]
            return looked_up(view.mappings, keys)
        if name == "Fn::If":
            answer = self.truth({"Condition": argument[0]}, view, env, 1)
            return None if answer is None else self.scalar(argument[1 if answer else 2], view, env)
        if name == "Fn::Join":
            return self.join(argument, view, env)
        if name == "Fn::Select":
            items = self.items(argument[1], view, env)
            place = str(argument[0])
            return items[int(place)] if items and place.isdecimal() and int(place) < len(items) else None
        return None if isinstance(node, dict | list) or node is None else plain(node)

    def items(self, node: Any, view: Any, env: Env) -> list[str | None] | None:
        """The elements of a list, as far as they are known."""
        name, argument = only(node)
        if isinstance(node, list):
            return [self.scalar(item, view, env) for item in node]
        delimiter, text = argument if name == "Fn::Split" else (",", node)
        found = self.scalar(text, view, env)
        return None if found is None or found in (OTHER, GIVEN) else found.split(str(delimiter))

    def join(self, argument: list, view: Any, env: Env) -> str | None:
        delimiter, items = argument
        pieces = self.items(items, view, env)
        if pieces is None:
            found = self.scalar(items, view, env)
            return GIVEN if found in (OTHER, GIVEN) else None
        if any(piece is None for piece in pieces):
            return None
        if any(piece in (OTHER, GIVEN) for piece in pieces):
            return GIVEN
        return str(delimiter).join(pieces)  # type: ignore[arg-type]


def equal(left: str | None, right: str | None) -> bool | None:
    """Compare two operands; None where that cannot be said."""
    if left is None or right is None:
        return None
    if GIVEN in (left, right):
        return False if "" in (left, right) else None
    if left == right == OTHER:
        return None
    return left == right


def combined(name: str, answers: list[bool | None]) -> bool | None:
    if name == "Fn::Not":
        return None if answers[:1] in ([None], []) else not answers[0]
    decisive = name == "Fn::Or"
    if decisive in answers:
        return decisive
    return None if None in answers else not decisive


def looked_up(mappings: dict, keys: list[str | None]) -> str | None:
    found: Any = mappings
    for key in keys:
        found = found.get(key) if isinstance(found, dict) and key is not None else None
    return plain(found) if isinstance(found, str | int | float | bool) else None


def atom(node: Any, view: Any) -> str:
    """A name for a comparison of a template: the same for equal ones."""
    names = view.atoms
    if id(node) not in names:
        names[id(node)] = f"{id(view)}:{json.dumps(node, sort_keys=True, default=str)}"
    return names[id(node)]


def matches(pattern: str, value: str) -> bool:
    try:
        return bool(re.fullmatch(str(pattern), value))
    except re.error:
        return True
