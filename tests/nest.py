"""out/ as data, for the tests that judge it: as written, and resolved for an environment."""

import os
from functools import cache
from pathlib import Path

from review import environment, resolve, template

ROOT = Path(__file__).parent.parent
# tests/test_mutations.py has other templates judged by the same tests.
OUT = Path(os.environ.get("MUTATED_OUT", ROOT / "out"))
CONFIG = ROOT / "config"
ENVIRONMENTS = environment.names(CONFIG)


@cache
def stack(name: str) -> dict:
    """A template of out/ with intrinsic functions in their long form."""
    path = OUT / f"{name}.yaml"
    return template.parse(path.read_text(), path.name)


@cache
def nest(env: str | None = None, **parameters: str) -> resolve.Nest:
    """The nest with an environment's parameters, or with all defaults, and with these changed."""
    values = environment.read(env, CONFIG)[1] if env else {}
    values = environment.with_stand_ins(values | parameters, stack("root")["Parameters"])
    templates = {path.name: stack(path.stem) for path in OUT.glob("*.yaml")}
    return resolve.resolve(templates, "root.yaml", values, environment.pseudo("us-east-1", "shop"))


def flat(env: str | None = None, **parameters: str) -> dict[str, dict]:
    """Every resource of the resolved nest; NetworkVPC is VPC of the stack Network."""
    return nest(env, **parameters).flat["Resources"]


def of_type(resources: dict[str, dict], kind: str) -> dict[str, dict]:
    """The properties of the resources of one type, by logical id."""
    return {title: body.get("Properties", {}) for title, body in resources.items() if body["Type"] == kind}
