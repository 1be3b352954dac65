"""Images: what they are called. A tag is the content's own name, so it never means two things."""

import hashlib
from pathlib import Path

# What goes into the images (docker/Dockerfile.dockerignore lets nothing else in).
SOURCES = ["app", "docker", "requirements/app.txt"]
LEFT_OUT = {"__pycache__", "instance"}

# Target of docker/Dockerfile: (parameter of the root template, output of the bootstrap stack).
TARGETS = {"app": ("AppImage", "AppRepositoryUri"), "web": ("WebImage", "WebRepositoryUri")}

PLATFORMS = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}


def content_tag(root: Path, architecture: str) -> str:
    """The tag of the images built from the files under `root` for an architecture: 16 hexadecimal digits and it."""
    digest = hashlib.sha256()
    for path in _files(root):
        digest.update(f"{path.relative_to(root).as_posix()}\0{path.stat().st_mode & 0o111 > 0}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{digest.hexdigest()[:16]}-{architecture.lower()}"


def _files(root):
    found = []
    for source in SOURCES:
        path = root / source
        found += [path] if path.is_file() else [item for item in path.rglob("*") if item.is_file()]
    return sorted(path for path in found if not LEFT_OUT & set(path.relative_to(root).parts))


def references(outputs: dict[str, str], tag: str) -> dict[str, str]:
    """Image references by target, from the outputs of the bootstrap stack."""
    return {target: f"{outputs[output]}:{tag}" for target, (_, output) in TARGETS.items()}


def split(reference: str) -> tuple[str, str]:
    """(repository, tag) of an image reference: what stands between the registry and the tag, and the tag."""
    repository, _, tag = reference.partition("/")[2].rpartition(":")
    return repository, tag
