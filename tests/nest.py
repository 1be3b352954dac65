"""out/ as data, for the tests that judge it."""

import os
import re
from functools import cache
from pathlib import Path

from deploy import template

ROOT = Path(__file__).parent.parent
# tests/test_mutations.py has other templates judged by the same tests.
OUT = Path(os.environ.get("MUTATED_OUT", ROOT / "out"))


@cache
def stack(name: str) -> dict:
    """A template of out/ with intrinsic functions in their long form."""
    path = OUT / f"{name}.yaml"
    return template.parse(path.read_text(), path.name)


def of_type(name: str, kind: str) -> dict[str, dict]:
    """The resources of one type, by logical id."""
    return {title: body for title, body in stack(name)["Resources"].items() if body["Type"] == kind}


def properties(name: str, title: str) -> dict:
    """The properties of one resource."""
    return stack(name)["Resources"][title]["Properties"]


def references(value: object) -> set[str]:
    """Every logical id or parameter that a value refers to, by Ref, GetAtt or Sub."""
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    found = set()
    for key, item in value.items():
        if key == "Ref":
            found.add(item)
        elif key == "Fn::GetAtt":
            found.add(item[0])
        elif key == "Fn::Sub":
            found |= _in_sub(item)
        else:
            found |= references(item)
    return found


def _in_sub(item):
    text, own = (item, {}) if isinstance(item, str) else item
    names = set(re.findall(r"\$\{([\w:]+)", text))
    return (names - set(own)) | references(list(own.values()))
