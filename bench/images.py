"""What the images weigh, compressed and not, and what each megabyte is for.

What we add to the base is weighed from the environment that is here, without an engine; with one, both images are built
and weighed layer by layer. Compression is gzip's usual level, as registries have it.
"""

import gzip
import io
import json
import os
import re
import tarfile
import tempfile
from importlib import metadata
from pathlib import Path

from bench.process import ROOT, measured, usual_environment
from bench.rows import Row
from rehearsal import real_engine

MOST = 90.0  # MB, compressed, of the application's image on an official slim base
# Transfer size of python:3.14-slim-trixie for amd64: docker-library/repo-info, repos/python/remote, 5 August 2026.
BASE = 43.4
# What the Dockerfile compiles of its standard library: 10.2 MB of Python 3.13's, in an archive as layers have it.
BYTECODE = 3.8
MB = 1e6
# What the Dockerfile copies and what it removes.
OWN = ["app", "docker/gunicorn.conf.py", "docker/health.py", "docker/rds-ca.pem", "requirements/app.txt"]
LEFT_OUT = "sqlalchemy/testing/"


def rows() -> list[Row]:
    """Ours on the published base, and what is built here where an engine is."""
    parts = {name: weighed(files) for name, files in ours().items()}
    print("application's image, what we add            MB  compressed")
    for name, (size, small) in sorted(parts.items(), key=lambda item: -item[1][1]):
        print(f"  {name:<40} {size / MB:5.1f}  {small / MB:10.2f}")
    added = sum(small for _, small in parts.values()) / MB
    return [
        Row("images", "application on python:3.14-slim, compressed", BASE + BYTECODE + added, unit="MB", at_most=MOST),
        Row("images", "of that ours", added, unit="MB"),
        *built(),
    ]


def ours() -> dict[str, list[Path]]:
    """The files that the application's image has beside its base: of each distribution, and the project's own."""
    pins = re.findall(r"^([a-z][\w.-]*)==", (ROOT / "requirements/app.txt").read_text(), re.MULTILINE)
    found = {name: distribution_files(name) for name in pins}
    return found | {"the project's own": [file for path in OWN for file in below(ROOT / path)]}


def distribution_files(name: str) -> list[Path]:
    """What pip installed of it; nothing where it is for other platforms only."""
    try:
        files = metadata.distribution(name).files or []
    except metadata.PackageNotFoundError:
        return []
    paths = (Path(file.locate()) for file in files if LEFT_OUT not in str(file))
    return [path for path in paths if path.is_file()]


def below(path: Path) -> list[Path]:
    """The file, or every file of the folder but bytecode."""
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


def weighed(files: list[Path]) -> tuple[int, int]:
    """Bytes of the files, and of an archive of them as a layer has it."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for file in files:
            tar.add(file)
    return sum(file.stat().st_size for file in files), len(gzip.compress(archive.getvalue(), 6))


def built() -> list[Row]:
    """Both images as the engine here builds them; none, and a line that says why, without an engine or a base."""
    try:
        engine = real_engine.find_engine()
        real_engine.pull_bases(engine, ROOT / "docker/Dockerfile")
    except real_engine.EngineError as error:
        print(f"images are not built: {error}")
        return []
    arguments = " ".join(f"--build-arg {pair}" for pair in real_engine.build_arguments())
    measured(["docker/images.sh"], usual_environment(CONTAINER_ENGINE=engine.program, BUILD_ARGS=arguments))
    found = []
    for target in ("app", "web"):
        layers = saved(engine.program, f"flaskcrud-{target}")
        print(f"{target}: layers                          MB  compressed")
        for size, small, made in layers:
            print(f"  {size / MB:33.1f}  {small / MB:10.2f}  {made}")
        whole, small = (sum(layer[column] for layer in layers) / MB for column in (0, 1))
        base = " on the bases given" if arguments else ""
        found += [Row("images", f"{target} as built here{base}, compressed", small, unit="MB")]
        found += [Row("images", f"{target} as built here{base}", whole, unit="MB")]
    return found


def saved(program: str, image: str) -> list[tuple[int, int, str]]:
    """(bytes, compressed bytes, what made it) of each layer of an image, the base's first."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "image.tar")
        measured([program, "save", "--output", str(file), image], dict(os.environ))
        with tarfile.open(file) as archive:

            def read(name):
                return archive.extractfile(name).read()

            manifest = json.loads(read("manifest.json"))[0]
            history = json.loads(read(manifest["Config"])).get("history", [])
            made = [step.get("created_by", "") for step in history if not step.get("empty_layer")]
            layers = [sizes(read(name)) for name in manifest["Layers"]]
    made = ["the base"] * (len(layers) - len(made)) + made[-len(layers) :]
    return [(*layer, instruction(step)) for layer, step in zip(layers, made, strict=True)]


def sizes(layer: bytes) -> tuple[int, int]:
    """Bytes of a layer as it is and compressed, however the engine has saved it."""
    if layer[:2] == b"\x1f\x8b":
        return len(gzip.decompress(layer)), len(layer)
    return len(layer), len(gzip.compress(layer, 6))


def instruction(step: str) -> str:
    """The instruction that made a layer, without what engines write around it."""
    return re.sub(r"^/bin/sh -c (#\(nop\) )?|\s+", " ", step).strip()[:70] or "the base"
