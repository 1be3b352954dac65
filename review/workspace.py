"""The files of the project: templates in out/, environments in config/, and what a review writes."""

import os
from dataclasses import dataclass
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


def load(env: str, region: str = REGION) -> Environment:
    """An environment as it would be in a region. Problem: whatever is wrong in its file or in the templates."""
    folder = out()
    texts = template.read_all(folder)
    templates = {name: template.parse(text, f"{folder.name}/{name}") for name, text in texts.items()}
    return resolved(templates, env, config(), region)


def resolved(
    templates: dict[str, dict], env: str, folder: Path, region: str, images: dict[str, str] = environment.FROM_DEPLOY
) -> Environment:
    """An environment of a folder with these templates; `images` stand in for what a deployment builds."""
    definitions = templates["root.yaml"].get("Parameters", {})
    source, values = environment.read(env, folder)
    environment.check(values, definitions, source)
    given = environment.with_stand_ins(values, definitions, images)
    pseudo = environment.pseudo(region, f"{environment.PROJECT}-{env}")
    return Environment(env, values, definitions, resolve(templates, "root.yaml", given, pseudo))


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
