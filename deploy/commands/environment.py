"""What every verb begins with: the environment, and the templates that it is deployed from."""

import os
from pathlib import Path

from deploy import settings, template
from deploy.settings import Settings

ROOT = Path(__file__).parents[2]


def load(env: str) -> tuple[Settings, dict[str, str]]:
    """The environment with every parameter, held against out/root.yaml; and the texts of out/.

    CONFIG and OUT name other folders, as a rehearsal has them.
    """
    templates = template.read_all(Path(os.environ.get("OUT", ROOT / "out")))
    definitions = template.parse(templates["root.yaml"], "out/root.yaml")["Parameters"]
    return settings.load(env, Path(os.environ.get("CONFIG", ROOT / "config")), definitions), templates
