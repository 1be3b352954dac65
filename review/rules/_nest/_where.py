"""Under which circumstances a value holds: conditions that are true or false, parameters that have a value.

The circumstances must be possible: conditions are functions of parameters, so a small search over the values that the
conditions can tell apart decides it. What takes too long to decide counts as impossible: a rule then stays silent.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ._conditions import Search


class Fact(NamedTuple):
    """What is assumed about a condition or a parameter of a template."""

    view: Any
    name: str
    is_condition: bool


class Where:
    """A set of facts that do not contradict each other. Immutable."""

    __slots__ = ("_hash", "facts")

    def __init__(self, facts: dict[Fact, Any]) -> None:
        self.facts = facts
        self._hash = hash(frozenset(facts.items()))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Where) and self.facts == other.facts

    def plus(self, fact: Fact, value: Any) -> Where | None:
        """These circumstances and one more; None if they cannot hold at once."""
        if fact in self.facts:
            return self if self.facts[fact] == value else None
        more = Where(self.facts | {fact: value})
        return more if possible(more) else None

    def words(self) -> str:
        """For people: 'when HasCertificate is true, Size is large'. Empty if nothing is assumed."""
        words = [
            f"{fact.name} is {str(value).lower()}" if fact.is_condition else f"{fact.name} is {value!r}"
            for fact, value in self.facts.items()
        ]
        return "when " + ", ".join(words) if words else ""


EMPTY = Where({})
_decided: dict[frozenset, bool] = {}


def possible(where: Where) -> bool:
    """Is there a choice of parameters under which all these facts hold?"""
    return all(decided(group) for group in independent(where.facts))


def decided(facts: dict[Fact, Any]) -> bool:
    key = frozenset(facts.items())
    if key not in _decided:
        if len(_decided) > 100_000:
            _decided.clear()
        _decided[key] = Search(facts).succeeds()
    return _decided[key]


def independent(facts: dict[Fact, Any]) -> list[dict[Fact, Any]]:
    """The facts in groups that have no parameter in common: each group can be decided by itself."""
    groups: list[tuple[set, dict[Fact, Any]]] = []
    for fact, value in facts.items():
        variables, group = set(depends_on(fact)), {fact: value}
        apart = []
        for others, members in groups:
            if variables.isdisjoint(others):
                apart.append((others, members))
            else:
                variables |= others
                group = members | group
        groups = [*apart, (variables, group)]
    return [group for _, group in groups]


def depends_on(fact: Fact) -> frozenset:
    """The parameters, and the comparisons that cannot be computed, on which a fact depends."""
    known = fact.view.variables
    if fact not in known:
        search = Search({fact: True if fact.is_condition else ""})
        search.collect_all()
        known[fact] = frozenset(search.variables)
    return known[fact]


def together(*wheres: Where) -> Where | None:
    """All these circumstances at once, or None if that is impossible."""
    facts: dict[Fact, Any] = {}
    for where in wheres:
        for fact, value in where.facts.items():
            if facts.setdefault(fact, value) != value:
                return None
    if len(facts) == max((len(where.facts) for where in wheres), default=0):
        return Where(facts)
    merged = Where(facts)
    return merged if possible(merged) else None


def covered(where: Where, others: list[Where]) -> bool:
    """Is one of the others true whenever this is? True also where a parameter's value would have to be denied."""
    others = [other for other in others if together(where, other) is not None]
    if not others:
        return False
    first, *rest = others
    for fact, value in first.facts.items():
        if fact in where.facts:
            continue
        otherwise = where.plus(fact, not value) if fact.is_condition else None
        if otherwise is not None and not covered(otherwise, rest):
            return False
        where = where.plus(fact, value) or where
    return True


def usual(where: Where) -> bool:
    """Can it be so in a stack whose parameters keep their defaults? Those without a default may have any value."""
    found: Where | None = where
    for view in {fact.view for fact in where.facts}:
        for above in view.lineage:
            for name in above.tested:
                default = above.parameters[name].get("Default")
                fact = Fact(above, name, False)
                if found is not None and default is not None and not above.given(name) and fact not in found.facts:
                    found = found.plus(fact, default)
    return found is not None and not chosen(where)


def chosen(where: Where) -> bool:
    """Does it need a parameter with another value than its default?"""
    return any(
        not fact.is_condition
        and str(fact.view.parameters.get(fact.name, {}).get("Default", value)).lower() != str(value).lower()
        for fact, value in where.facts.items()
    )
