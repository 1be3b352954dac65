"""Runs what an ECS task definition says as processes of this machine, for a rehearsal without containers.

Kept: the order of the containers, command, environment, secrets, health checks, stop signal and stop time-out. Not
kept, because a process is not a container: user, read-only root, memory, network. An image's files are below a
directory instead of at /, so words and variables that name one of them are changed to where it is.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rehearsal import oci
from rehearsal.tasks import Container, Task, TaskError, kill_group, start_order, variables

IMAGE_PATH = re.compile(r"(?<![\w./-])/[\w.@+/-]*[\w@+-]")


def relocate(text: str, root: Path) -> str:
    """The text with each path of the image's files replaced by where they are unpacked."""
    return IMAGE_PATH.sub(lambda path: f"{root}{path[0]}" if (root / path[0][1:]).exists() else path[0], text)


class LocalProcess(Container):
    """A process that stands for a container of the task."""

    def __init__(self, definition: dict, image: oci.ImageConfig, root: Path, environment: dict[str, str], log: Path):
        super().__init__(definition, log)
        self.image, self.root, self.environment = image, root, environment
        # As in Docker, an entry point of the definition's own makes the image's command void.
        command = [] if definition.get("entryPoint") else image.command
        self.words = (definition.get("entryPoint") or image.entrypoint) + (definition.get("command") or command)
        self.directory = root / os.path.normpath(definition.get("workingDirectory") or image.workdir).strip("/")

    def start(self) -> None:
        self.process = self.spawn(self.words, self.log)

    def spawn(self, words: list[str], log: Path) -> subprocess.Popen:
        if not words:
            raise TaskError(f"container {self.name}: neither the image nor the task definition has a command")
        self.directory.mkdir(parents=True, exist_ok=True)
        words = [relocate(word, self.root) for word in words]
        return self.launch(words, log, cwd=self.directory, env=self.environment)

    def stop(self) -> None:
        if self.process and self.wait(0) is None:
            self.process.send_signal(signal.Signals[self.image.stop_signal])
            if self.wait(self.definition.get("stopTimeout", 30)) is None:
                kill_group(self.process)
                self.process.wait()


def run_as_processes(
    definition: Mapping,
    directory: Path,
    resolve_secret: Callable[[str], str],
    environment: Mapping[str, str] | None = None,
    path: str = f"{Path(sys.executable).parent}:{oci.SYSTEM_PATH}",
    registry: str = "",
) -> Task:
    """Start the task of an ECS task definition (as DescribeTaskDefinition gives it) below an empty directory.

    environment is what must differ on this machine: addresses, ports, TMPDIR; it has the last word. path is the PATH
    where gunicorn, python and nginx are found. registry (127.0.0.1:PORT) stands for AWS's registries. Raises TaskError
    or oci.ImageError.
    """
    images: dict[str, tuple[Path, oci.ImageConfig]] = {}
    containers = []
    for container in start_order(definition["containerDefinitions"]):
        name, reference = container["name"], container["image"]
        if reference not in images:
            root = directory / f"image-{name}"
            images[reference] = root, oci.pull(reference, root, registry)
        root, image = images[reference]
        given, secrets = variables(container, resolve_secret)
        values = {key: relocate(value, root) for key, value in (image.environment | given).items()}
        whole = {"LANG": "C.UTF-8", **values, **secrets, "PATH": path, **(environment or {})}
        containers.append(LocalProcess(container, image, root, whole, directory / f"{name}.log"))
    task = Task(containers)
    task.start()
    return task
