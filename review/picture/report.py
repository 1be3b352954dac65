"""The pictures of all environments and of the nest as files."""

from collections.abc import Iterable
from pathlib import Path

from review import workspace
from review.picture import environment, nest
from review.picture.png import png
from review.problem import Problem

FOLDER = workspace.ROOT / "build" / "pictures"
NEST = "nest"


def pictures(envs: Iterable[str], region: str, theme: str = "") -> dict[str, str]:
    """The SVG of each environment and of the nest, by file name; `theme` as of `svg.document`."""
    found = {f"{env}.svg": environment.picture(env, workspace.load(env, region).nest, region, theme) for env in envs}
    if f"{NEST}.svg" in found:
        raise Problem(
            f"config/{NEST}.env: that name is taken by the picture of the nest; call the environment otherwise"
        )
    return found | {f"{NEST}.svg": nest.picture(workspace.read_templates(), theme)}


def images(envs: list[str], region: str) -> dict[str, bytes]:
    """The same as PNG, by file name: lab.png and lab-dark.png."""
    themes = {"": pictures(envs, region, "light"), "-dark": pictures(envs, region, "dark")}
    return {
        f"{name.removesuffix('.svg')}{suffix}.png": png(text)
        for suffix, found in themes.items()
        for name, text in found.items()
    }


def write(envs: list[str], region: str, folder: Path = FOLDER) -> list[Path]:
    """Write both kinds into a folder."""
    made = {name: text.encode() for name, text in pictures(envs, region).items()} | images(envs, region)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in made]
