"""Versions of out/ and config/: as they are here, and as they were at a git ref."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from review import environment, template, workspace
from review.git import git
from review.problem import Problem

# What the images are built from; a difference there makes new images, and so new tasks.
_SOURCES = ("app", "docker", "requirements/app.txt")
_ANOTHER_IMAGE = {
    name: value.replace("aaaa", "cccc").replace("bbbb", "dddd") for name, value in environment.FROM_DEPLOY.items()
}


@dataclass(frozen=True)
class Version:
    """The templates, parsed once, and the folder of the environments."""

    ref: str  # empty: as the files are now
    templates: dict[str, dict]
    config: Path
    images: dict[str, str]  # what stands in for them

    def environments(self) -> list[str]:
        return sorted(path.stem for path in self.config.glob("*.env"))

    def load(self, env: str, region: str) -> workspace.Environment:
        """The environment in this version, resolved."""
        with _said_of(self.ref):
            return workspace.resolved(self.templates, env, self.config, region, self.images)


def here(other_images: bool = False) -> Version:
    """As the files are now."""
    return _version(
        "", workspace.out(), workspace.config(), _ANOTHER_IMAGE if other_images else environment.FROM_DEPLOY
    )


@contextmanager
def at(ref: str) -> Iterator[Version]:
    """As the files were at a git ref. Problem: no git, no checkout, no such ref, or no templates there."""
    with TemporaryDirectory() as place:
        commit = _commit(ref)
        for name, folder in (("out", workspace.out()), ("config", workspace.config())):
            _extract(commit, ref, folder, Path(place) / name)
        yield _version(ref, Path(place) / "out", Path(place) / "config", environment.FROM_DEPLOY)


def _version(ref, out, config, images):
    with _said_of(ref):
        texts = template.read_all(out)
        templates = {name: template.parse(text, f"{out.name}/{name}") for name, text in texts.items()}
    return Version(ref, templates, config, images)


@contextmanager
def _said_of(ref):
    """A problem of an earlier version says so: its files are not those that one sees."""
    try:
        yield
    except Problem as problem:
        raise Problem(f"at {ref}: {problem}" if ref else str(problem)) from None


def images_differ(ref: str) -> bool:
    """Would the images be built from other sources than at the ref?"""
    changed = git(workspace.out(), "diff", "--name-only", _commit(ref), "--", *(f":/{source}" for source in _SOURCES))
    new = git(workspace.out(), "ls-files", "--others", "--exclude-standard", "--", *(f":/{each}" for each in _SOURCES))
    return bool(changed.strip() or new.strip())


def _commit(ref):
    git(workspace.out(), "rev-parse", "--show-toplevel")
    try:
        return (
            git(workspace.out(), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
            .decode()
            .strip()
        )
    except Problem:
        raise Problem(f"BASE={ref}: git knows no such commit, branch or tag here") from None


def _extract(commit, ref, folder, place):
    place.mkdir()
    try:
        archive = git(folder, "archive", "--format=tar", commit)
    except Problem:
        raise Problem(f"BASE={ref}: there is no {folder.name}/ at that commit") from None
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            # Plain files of the folder itself: what is read is its *.yaml and *.env.
            if member.isfile() and "/" not in member.name:
                (place / member.name).write_bytes(tar.extractfile(member).read())
