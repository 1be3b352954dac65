"""AWS's own description of each resource type, from the data that comes with cfn-lint.

How cfn-lint keeps that data is its own affair and may change: nothing else of this package looks there.
"""

import importlib.util
import json
from functools import cache
from pathlib import Path

from review.problem import Problem

_NUMBERS = {"integer": int, "number": float}


@cache
def _folder() -> Path:
    spec = importlib.util.find_spec("cfnlint")  # found, not imported: the import alone takes most of a second
    folder = Path(*spec.submodule_search_locations, "data", "schemas") if spec else Path()
    if not (folder / "providers" / "us-east-1.json").exists():
        raise Problem(
            "the resource types' descriptions are missing: run `make setup` for cfn-lint, whose data they are"
        )
    return folder


@cache
def _types(region: str) -> dict[str, str]:
    path = _folder() / "providers" / f"{region}.json"
    return json.loads((path if path.exists() else path.with_stem("us-east-1")).read_text())


@cache
def schema(kind: str, region: str = "us-east-1") -> dict:
    """The registry schema of a resource type, empty for one that the region has not, as a custom resource."""
    name = _types(region).get(kind)
    return json.loads((_folder() / "resources" / f"{name}.json").read_text()) if name else {}


def typed(properties: dict, kind: str, region: str = "us-east-1") -> dict:
    """The properties with each scalar of the type that AWS takes it as: a parameter gives 'true' and 20 where the
    property is a boolean and a text.
    """
    whole = schema(kind, region)
    return _typed(properties, whole, whole)


def _typed(value, part, whole):
    while "$ref" in part:
        part = whole.get("definitions", {}).get(part["$ref"].rpartition("/")[2], {})
    if isinstance(value, dict):
        known = part.get("properties", {})
        return {key: _typed(item, known.get(key, {}), whole) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item, part.get("items", {}), whole) for item in value]
    return _scalar(value, part.get("type"))


def _scalar(value, kind):
    if kind == "string" and isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind in _NUMBERS and isinstance(value, str):
        try:
            return _NUMBERS[kind](value)
        except ValueError:
            return value
    return value
