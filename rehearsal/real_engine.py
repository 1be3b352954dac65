"""Docker or Podman of this machine, as a rehearsal uses them.

deploy.sh names images as on AWS. Run as a program, this module passes its words on to the engine, with the embedded
AWS's registry in the place of the name; nothing is pushed anywhere else, and the user's logins stay as they are.
"""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal import oci
from rehearsal.engine import VARIABLE, read_instructions
from rehearsal.tasks import TaskError

ECR_NAME = re.compile(rf"(?<![\w.-]){oci.ECR_HOST.pattern}(?=/|$)")
# What an engine's command line reads from its environment.
SETTINGS = re.compile(
    r"(DOCKER|BUILDAH|BUILDX|BUILDKIT|CONTAINERS?|REGISTRY|STORAGE|XDG|DBUS|SSL_CERT)_\w+"
    r"|REHEARSAL_BUILD_ARGS|TMPDIR|(https?|HTTPS?)_(proxy|PROXY)"
)


class EngineError(TaskError):
    """There is no engine, or it cannot do what it is asked; one line."""


@dataclass(frozen=True)
class Engine:
    """An engine's command line."""

    program: str
    is_podman: bool

    @property
    def name(self) -> str:
        return Path(self.program).name

    def run(self, *words: str, seconds: float = 60, environment: Mapping[str, str] | None = None) -> str:
        """Run a command and return what it prints; EngineError with its last line if it fails or takes too long."""
        variables = {**os.environ, **(environment or {})}
        options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "errors": "replace"}
        try:
            done = subprocess.run([self.program, *words], env=variables, timeout=seconds, check=False, **options)
        except subprocess.TimeoutExpired:
            raise EngineError(f"{self.name} {words[0]} did not end within {seconds:.0f} s") from None
        except OSError as error:
            raise EngineError(f"{self.program}: {error.strerror}") from None
        if done.returncode:
            raise EngineError(f"{self.name} {words[0]}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
        return done.stdout

    def attempt(self, *words: str, seconds: float = 60) -> bool:
        """Run a command that may fail; whether it succeeded."""
        try:
            self.run(*words, seconds=seconds)
        except EngineError:
            return False
        return True


def find_engine() -> Engine:
    """The engine of CONTAINER_ENGINE, else docker, else podman, if it answers; REHEARSAL_ENGINE=none wants none.

    EngineError says why there is none, or none whose containers can use this machine's network.
    """
    if os.environ.get("REHEARSAL_ENGINE") == "none":
        raise EngineError("REHEARSAL_ENGINE=none")
    named = os.environ.get("CONTAINER_ENGINE")
    problem = EngineError("no container engine is installed")
    for program in [named] if named else filter(shutil.which, ("docker", "podman")):
        try:
            answer = Engine(program, is_podman=False).run("info", "--format", "{{json .}}", seconds=10)
            return recognise(program, json.loads(answer), socket.gethostname())
        except (ValueError, LookupError, TypeError, AttributeError):
            problem = EngineError(f"{program} info: not the answer of docker or podman")
        except EngineError as error:
            problem = error
    raise problem


def recognise(program: str, info: dict, hostname: str) -> Engine:
    """The engine that gave this answer to `info`; EngineError if it is not one of this machine.

    The engines of Docker Desktop, of a virtual machine or of another host have a network of their own, as Docker
    without root has: their containers cannot reach what listens on this machine's loopback, such as the registry.
    """
    podman = info.get("host")
    if (podman["hostname"] if podman else info.get("Name")) != hostname or (podman or {}).get("serviceIsRemote"):
        raise EngineError(f"the engine of {program} does not run on this machine itself")
    if any("rootless" in option for option in info.get("SecurityOptions") or []):
        raise EngineError(f"{program} without root has a network of its own")
    return Engine(program, is_podman=bool(podman))


def build_arguments() -> list[str]:
    """REHEARSAL_BUILD_ARGS, NAME=VALUE words such as other base images for the Dockerfile."""
    return shlex.split(os.environ.get("REHEARSAL_BUILD_ARGS", ""))


def base_images(dockerfile: Path) -> list[str]:
    """The images that the Dockerfile's stages are FROM, with REHEARSAL_BUILD_ARGS."""
    given = dict(pair.partition("=")[::2] for pair in build_arguments())
    values: dict[str, str] = {}
    images: dict[str, None] = {}
    stages: set[str] = set()
    for word, rest in read_instructions(dockerfile.read_text()):
        if word == "ARG" and not images:
            name, _, value = rest.partition("=")
            values[name] = given.get(name, value)
        elif word == "FROM":
            image, *name = [part for part in rest.split() if not part.startswith("--")]
            image = VARIABLE.sub(lambda match: values.get(match[1] or match[2], ""), image)
            images |= {} if image in stages else {image: None}
            stages.update(name[1:])
    return list(images)


def pull_bases(engine: Engine, dockerfile: Path) -> None:
    """Have the base images here; EngineError where that cannot be, as on a machine without the internet."""
    for image in base_images(dockerfile):
        if not engine.attempt("image", "inspect", image):
            print(f"{engine.name}: pulling {image}", flush=True)
            engine.run("pull", image, seconds=600)


def local(reference: str, registry: str) -> str:
    """The reference, with the registry on this machine for AWS's."""
    return ECR_NAME.sub(registry, reference)


def command_line(engine: Engine, words: list[str], registry: str, directory: str, arguments: list[str]) -> list[str]:
    """What to call the engine with, when deploy.sh calls it with `words`; directory is for its logins.

    ImageError for a push to a registry that is not on this machine.
    """
    command, *rest = [local(word, registry) for word in words]
    insecure = ["--tls-verify=false"] if engine.is_podman else []  # Docker takes plain HTTP from a loopback address
    match command:
        case "build":
            return [command, *(f"--build-arg={pair}" for pair in arguments), *rest]
        case "login" if engine.is_podman:
            return [command, *insecure, f"--authfile={directory}/logins.json", *rest]
        case "login":
            return ["--config", directory, command, *rest]
        case "push":
            oci.loopback_address(oci.parse_reference(rest[-1])[0])
            return [command, *insecure, *rest]
        case "pull":
            return [command, *insecure, *rest]
    return [command, *rest]


def install(directory: Path, engine: Engine) -> Path:
    """Write a small executable that calls the engine by way of this module, for CONTAINER_ENGINE; its path."""
    program, root = directory / "real-engine", Path(__file__).resolve().parents[1]
    logins = directory / "logins"
    logins.mkdir()
    kind = "podman" if engine.is_podman else "docker"
    module = [sys.executable, "-m", "rehearsal.real_engine", kind, engine.program, str(logins)]
    words = shlex.join(["exec", "env", f"PYTHONPATH={root}", *module])
    program.write_text(f'#!/bin/sh\n{words} "$@"\n')
    program.chmod(0o755)
    return program


def settings() -> dict[str, str]:
    """The variables of this process that an engine's command line needs."""
    return {name: value for name, value in os.environ.items() if SETTINGS.fullmatch(name)}


def remove_images(engine: Engine, registry: str) -> None:
    """Remove the names that a rehearsal's images had in its registry; layers stay with the engine's build cache."""
    for _ in ("tags", "digests"):  # the digest of one that was pulled by it shows when its tag is gone
        rows = engine.run("image", "ls", "--digests", "--format", "{{.Repository}} {{.Tag}} {{.Digest}}").splitlines()
        for name, tag, digest in map(str.split, rows):
            if name.startswith(f"{registry}/"):
                engine.attempt("image", "rm", f"{name}@{digest}" if tag == "<none>" else f"{name}:{tag}")


def main(argv: list[str]) -> int:
    """Become the engine, with the words of argv as it must be told them; REHEARSAL_REGISTRY is 127.0.0.1:PORT."""
    kind, program, directory, *words = argv
    registry = os.environ.get("REHEARSAL_REGISTRY")
    try:
        if not registry:
            raise EngineError("REHEARSAL_REGISTRY is not set")
        words = command_line(Engine(program, kind == "podman"), words, registry, directory, build_arguments())
        os.execvp(program, [program, *words])  # noqa: S606  no shell, and the words of whoever calls us
    except (EngineError, oci.ImageError, OSError, LookupError) as error:
        print(f"rehearsal: {Path(program).name}: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
