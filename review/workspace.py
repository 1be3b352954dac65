"""The files of the project: templates in out/, environments in config/, and what a review writes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from review import environment, template
from review.resolve import Nest, resolve

ROOT = Path(__file__).parent.parent
RESOLVED = ROOT / "build" / "resolved"
REGION = "us-east-1"


@dataclass(frozen=True)
class Environment:
    """One environment of config/, held against the templates and resolved."""

    name: str
    values: dict[str, str]  # as config/ has them
    definitions: dict[str, dict]  # Parameters of the root
    nest: Nest

    def secrets(self) -> set[str]:
        """The values that are never shown: those of NoEcho parameters."""
        hidden = {name for name, definition in self.definitions.items() if definition.get("NoEcho") in (True, "true")}
        return {value for name, value in self.values.items() if name in hidden and value}


def out() -> Path:
    """The folder of the templates; OUT names another one."""
    return Path(os.environ.get("OUT", ROOT / "out"))


def config() -> Path:
    """The folder of the environments; CONFIG names another one."""
    return Path(os.environ.get("CONFIG", ROOT / "config"))


def load(
    env: str,
    region: str = REGION,
    changes: Mapping[str, str] | None = None,
    images: dict[str, str] = environment.FROM_DEPLOY,
) -> Environment:
    """An environment as it would be in a region, with some of its values changed.

    Problem: whatever is wrong in its file, in the changes or in the templates.
    """
    return resolved(read_templates(), env, config(), region, images, changes)


def resolved(
    templates: dict[str, dict],
    env: str,
    folder: Path,
    region: str,
    images: dict[str, str] = environment.FROM_DEPLOY,
    changes: Mapping[str, str] | None = None,
) -> Environment:
    """An environment of a folder with these templates; `images` stand in for what a deployment builds."""
    definitions = templates["root.yaml"].get("Parameters", {})
    source, values = environment.read(env, folder)
    values |= changes or {}
    environment.check(values, definitions, source)
    given = environment.with_stand_ins(values, definitions, images)
    pseudo = environment.pseudo(region, f"{environment.PROJECT}-{env}")
    return Environment(env, values, definitions, resolve(templates, "root.yaml", given, pseudo))


def bootstrap(env: str, region: str = REGION) -> Nest:
    """What must exist before an environment: repositories and a bucket, in a stack of their own."""
    pseudo = environment.pseudo(region, f"{environment.PROJECT}-{env}-bootstrap")
    return resolve(read_templates(), "bootstrap.yaml", {}, pseudo)


def read_templates() -> dict[str, dict]:
    """The templates as data, by file name. Problem: one is missing or is not YAML."""
    folder = out()
    return {name: _parse(text, f"{folder.name}/{name}") for name, text in template.read_all(folder).items()}


@cache  # for those that resolve an environment many times; nobody changes what is read
def _parse(text: str, name: str) -> dict:
    return template.parse(text, name)


def write(nest: Nest, folder: Path) -> list[Path]:
    """Write both views of a nest as YAML; what an earlier run left is removed. Returns the files, flat.yaml last."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.yaml"):
        stale.unlink()
    written = []
    for name, content in [*nest.stacks.items(), ("flat.yaml", nest.flat)]:
        written.append(folder / name)
        written[-1].write_text(template.dump(content))
    return written
