"""Kinds of checks that many rules share: a rule is then a table of properties and what is right for them."""

import re

from ._nest import Rule, flag, known, number, text, together, usual

LIMIT = 256  # variants; where there are more, some are missing


class Ranges(Rule):
    """Numbers that the API takes only within limits."""

    limits: tuple = ()  # (path, lowest, highest, unit)

    def judge(self, r):
        for path, low, high, unit in self.limits:
            for value in r.values(path):
                n = number(value.value)
                if n is not None and not low <= n <= high:
                    name = path.rpartition(".")[2]
                    yield value.fault(f"{name} {n} is outside the {low} to {high}{unit} that the API takes")


class Choices(Rule):
    """Words that the API takes only out of a list."""

    choices: tuple = ()  # (path, words)

    def judge(self, r):
        for path, allowed in self.choices:
            for value in r.values(path):
                if known(value.value) and text(value.value) not in allowed:
                    name = path.rpartition(".")[2]
                    yield value.fault(f"{name} {value.value!r} is none of {', '.join(sorted(allowed))}")


class Switch(Rule):
    """A setting that must be on (or off) at least for one choice of parameters; a choice is not a fault."""

    switch = ""  # the property
    wanted = True
    default: bool | None = None  # what AWS takes when the property is absent
    message = ""

    def concerned(self, r) -> bool:
        """Does the setting exist for this resource?"""
        return True

    def judge(self, r):
        found = [flag(v[self.switch], self.default) for v in r.variants(self.switch)]
        if found and all(value is (not self.wanted) for value in found) and self.concerned(r):
            yield r.fault(self.message, self.switch)


class Forms(Rule):
    """Strings that the API takes only in a certain form, judged where they are wholly known."""

    forms: tuple = ()  # (path, pattern, what is right)

    def judge(self, r):
        for path, pattern, right in self.forms:
            for value in r.values(path):
                if isinstance(value.value, str) and not re.fullmatch(pattern, value.value):
                    yield value.fault(f"{path.rpartition('.')[2]} {value.value!r} must be {right}")


def named(owner, path: str, key: str = "Name") -> list:
    """(plain value of key, its Value, block) for each object of a list."""
    return [(v.value, v, block) for block in owner.blocks(path) for v in block.values(key)]


def twice(found: list):
    """Of (key, value, ...) rows those whose key was there before, under circumstances that can hold at once."""
    earlier: dict = {}
    for row in found:
        key, value = row[0], row[1]
        if any(together(value.where, other.where) for other in earlier.get(key, [])):
            yield row
        earlier.setdefault(key, []).append(value)


def meets(where, rows: list) -> list:
    """Those of (key, value, ...) rows that can hold under these circumstances."""
    return [row for row in rows if together(where, row[1].where)]


def impossible(r, bad, *names: str):
    """Variants that are wrong by default, or in which a property has a value that goes with none of the others' values.

    Two parameters with lists of allowed values make pairs that nobody means; a value that fits none is a fault.
    """
    variants = list(r.variants(*names))
    if len(variants) >= LIMIT:
        return
    wrong = [v for v in variants if bad(v)]
    good = [v for v in variants if not bad(v)]
    done = set()
    for v in wrong:
        lonely = [name for name in names if all(repr(v[name]) != repr(g[name]) for g in good)]
        key = (lonely[0], repr(v[lonely[0]])) if lonely else "default"
        if ((lonely and listed(v.where)) or usual(v.where)) and key not in done:
            done.add(key)
            yield v


def listed(where) -> bool:
    """Do all parameters of these circumstances have a list of the values they take, short enough to be followed?"""
    parameters = [fact.view.parameters[fact.name] for fact in where.facts if not fact.is_condition]
    return all(0 < len(parameter.get("AllowedValues") or ()) <= 30 for parameter in parameters)
