"""Runs what an ECS task definition says in containers of Docker or Podman.

Kept, beside what tasks.py keeps: image, user, read-only root, capabilities, init process, volumes. Not kept: memory,
and the network of a task's own. The containers use this machine's, because the database and the load balancer of a
rehearsal are on its loopback and must not be anywhere else; so the caller chooses the ports, and net.* system controls
are left out: they would be this machine's.
"""

import secrets
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from rehearsal.real_engine import Engine, command_line
from rehearsal.tasks import Container, Task, kill_group, start_order, variables


def container_options(definition: Mapping, prefix: str) -> list[str]:
    """The options of `create` that a container definition asks for; the names of its volumes begin with prefix."""
    linux = definition.get("linuxParameters") or {}
    capabilities = linux.get("capabilities") or {}
    options = ["--init"] if linux.get("initProcessEnabled") else []
    options += [f"--cap-add={name}" for name in capabilities.get("add") or []]
    options += [f"--cap-drop={name}" for name in capabilities.get("drop") or []]
    options += ["--read-only"] if definition.get("readonlyRootFilesystem") else []
    for option, key in (("user", "user"), ("workdir", "workingDirectory")):
        options += [f"--{option}={definition[key]}"] if definition.get(key) else []
    for mount in definition.get("mountPoints") or []:
        access = ":ro" if mount.get("readOnly") else ""
        options.append(f"--volume={prefix}-{mount['sourceVolume']}:{mount['containerPath']}{access}")
    for control in definition.get("systemControls") or []:
        if not control["namespace"].startswith("net."):
            options.append(f"--sysctl={control['namespace']}={control['value']}")
    return options


def create_words(
    engine: Engine, definition: Mapping, prefix: str, image: str, environment: Mapping[str, str], secret: Iterable[str]
) -> list[str]:
    """The engine's words that create a container; secret are variables whose value must not be in a process list."""
    words = ["create", f"--name={prefix}-{definition['name']}", "--network=host", "--pull=never"]
    if engine.is_podman:
        # It would put temporary file systems over /tmp and /run, and pass on this machine's proxies.
        words += ["--read-only-tmpfs=false", "--http-proxy=false"]
    words += container_options(definition, prefix)
    words += [f"--env={name}={value}" for name, value in environment.items()]
    words += [f"--env={name}" for name in secret]
    first, *more = definition.get("entryPoint") or [None]
    words += [f"--entrypoint={first}"] if first else []
    return [*words, image, *more, *(definition.get("command") or [])]


class EngineContainer(Container):
    """A container of an engine; its process is the engine's command that is attached to it."""

    def __init__(self, engine: Engine, definition: dict, log: Path, prefix: str, words: list[str], hidden: Mapping):
        super().__init__(definition, log)
        self.engine, self.words, self.hidden = engine, words, hidden
        self.id = f"{prefix}-{self.name}"

    def start(self) -> None:
        # First created, so that there is something to remove whatever happens.
        self.engine.run(*self.words, environment=self.hidden)
        self.process = self.launch([self.engine.program, "start", "--attach", self.id], self.log)

    def spawn(self, words: list[str], log: Path) -> subprocess.Popen:
        return self.launch([self.engine.program, "exec", self.id, *words], log)

    def stop(self) -> None:
        if self.process and self.wait(0) is None:
            limit = self.definition.get("stopTimeout", 30)
            self.engine.attempt("stop", "-t", str(limit), self.id, seconds=limit + 30)
        self.engine.attempt("rm", "--force", "--volumes", self.id)
        if self.process and self.wait(5) is None:
            kill_group(self.process)
            self.process.wait()


class EngineTask(Task):
    """A task in an engine's containers, which are removed with their volumes when it stops."""

    def __init__(self, containers: list[Container], engine: Engine, volumes: list[str]):
        super().__init__(containers)
        self.engine, self.volumes = engine, volumes

    def stop(self) -> None:
        super().stop()
        for volume in self.volumes:
            self.engine.attempt("volume", "rm", "--force", volume)


def run_in_containers(
    engine: Engine,
    definition: Mapping,
    directory: Path,
    resolve_secret: Callable[[str], str],
    environment: Mapping[str, str] | None = None,
    registry: str = "",
    shared: Mapping[Path, str] | None = None,
) -> Task:
    """Start the task of an ECS task definition (as DescribeTaskDefinition gives it); logs go below an empty directory.

    environment is what must differ on this machine: addresses and ports; it has the last word. registry
    (127.0.0.1:PORT) stands for AWS's registries. shared are directories of this machine and where every container has
    them. Raises TaskError.
    """
    prefix = f"rehearsal-{secrets.token_hex(4)}"
    outside = environment or {}
    mounts = [f"--volume={path}:{place}:z" for path, place in (shared or {}).items()]
    containers, pulled = [], set()
    for container in start_order(definition["containerDefinitions"]):
        pull = command_line(engine, ["pull", container["image"]], registry, "", [])
        image = pull[-1]
        if image not in pulled:
            engine.run(*pull, seconds=300)
            pulled.add(image)
        given, hidden = variables(container, resolve_secret)
        hidden = {name: value for name, value in hidden.items() if name not in outside}
        command, *words = create_words(engine, container, prefix, image, {**given, **outside}, hidden)
        log = directory / f"{container['name']}.log"
        containers.append(EngineContainer(engine, container, log, prefix, [command, *mounts, *words], hidden))
    volumes = [f"{prefix}-{volume['name']}" for volume in definition.get("volumes") or []]
    task = EngineTask(containers, engine, volumes)
    task.start()
    return task
