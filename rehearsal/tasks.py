"""What an ECS task definition says, whoever runs it: secrets, order, health checks, stopping.

rehearsal/containers.py runs its containers with a container engine, rehearsal/processes.py as processes without one.
"""

import graphlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

POLL = 0.1  # seconds


class TaskError(Exception):
    """The task cannot start or did not stay up; the text ends with the last lines of the container it is about."""


@dataclass(frozen=True)
class SecretReference:
    """What a container's `valueFrom` names; an empty part means the whole secret, or its current version."""

    secret_id: str
    json_key: str = ""
    version_stage: str = ""
    version_id: str = ""


def parse_secret_reference(value_from: str) -> SecretReference:
    """Split a secret's ARN[:json-key:version-stage:version-id]; TaskError if it is not one that ECS takes.

    Source: Amazon ECS developer guide, "Pass Secrets Manager secrets through environment variables".
    """
    parts = value_from.split(":")
    if parts[:1] + parts[2:3] + parts[5:6] != ["arn", "secretsmanager", "secret"] or len(parts) not in (7, 10):
        raise TaskError(f"secret {value_from}: expected a secret's ARN, or ARN:json-key:version-stage:version-id")
    reference = SecretReference(":".join(parts[:7]), *parts[7:])
    if reference.version_stage and reference.version_id:
        raise TaskError(f"secret {value_from}: a version stage and a version id exclude each other")
    return reference


def secret_value(reference: SecretReference, secret_string: str) -> str:
    """The part of a secret's text that the reference means."""
    if not reference.json_key:
        return secret_string
    try:
        value = json.loads(secret_string)[reference.json_key]
    except (ValueError, LookupError, TypeError):
        raise TaskError(f"secret {reference.secret_id}: no key {reference.json_key} in it") from None
    return value if isinstance(value, str) else json.dumps(value)


def start_order(containers: list[dict]) -> list[dict]:
    """The container definitions, each after those that it depends on; TaskError for what ECS would not accept."""
    named = {container["name"]: container for container in containers}
    graph = graphlib.TopologicalSorter()
    for name, container in named.items():
        graph.add(name)
        for dependency in container.get("dependsOn") or []:
            on, condition = dependency["containerName"], dependency["condition"]
            if on not in named:
                raise TaskError(f"container {name} depends on {on}, which the task does not have")
            if condition in ("COMPLETE", "SUCCESS") and named[on].get("essential", True):
                raise TaskError(f"container {name} waits for {on} to end, but {on} is essential")
            if condition == "HEALTHY" and not named[on].get("healthCheck"):
                raise TaskError(f"container {name} waits for {on} to be healthy, but {on} has no health check")
            graph.add(name, on)
    try:
        return [named[name] for name in graph.static_order()]
    except graphlib.CycleError as error:
        raise TaskError("containers depend on each other: " + " -> ".join(error.args[1])) from None


def variables(container: dict, resolve_secret: Callable[[str], str]) -> tuple[dict[str, str], dict[str, str]]:
    """The container definition's environment, and its secrets with their values."""
    environment = {pair["name"]: pair["value"] for pair in container.get("environment") or []}
    secrets = {pair["name"]: resolve_secret(pair["valueFrom"]) for pair in container.get("secrets") or []}
    return environment, secrets


class Container:
    """A container of the task, and the process of this machine that ends when it ends."""

    def __init__(self, definition: dict, log: Path):
        self.definition, self.log = definition, log
        self.name: str = definition["name"]
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start the container; it may still end at once."""
        raise NotImplementedError

    def spawn(self, words: list[str], log: Path) -> subprocess.Popen:
        """Start words in the container's place."""
        raise NotImplementedError

    def stop(self) -> None:
        """Ask the container to end, as its image says; end it after the definition's time. Harmless if it has ended."""
        raise NotImplementedError

    def launch(self, words: list[str], log: Path, **options) -> subprocess.Popen:
        """Start a program of this machine in a process group of its own."""
        with log.open("ab") as output:
            try:
                return subprocess.Popen(
                    words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, **options
                )
            except OSError as error:
                raise TaskError(f"container {self.name}: cannot run {words[0]}: {error.strerror}") from None

    def wait(self, seconds: float) -> int | None:
        """The exit status, or None after so many seconds; what the process has left behind ends with it."""
        with suppress(subprocess.TimeoutExpired):
            running = self.process.returncode is None
            self.process.wait(seconds)
            if running:
                kill_group(self.process)
        return self.process.returncode

    def is_healthy(self) -> bool:
        """Run the definition's health check once."""
        kind, *words = self.definition["healthCheck"]["command"]
        check = self.spawn(["/bin/sh", "-c", *words] if kind == "CMD-SHELL" else words, self.log.with_suffix(".health"))
        with suppress(subprocess.TimeoutExpired):
            return check.wait(self.definition["healthCheck"].get("timeout", 5)) == 0
        kill_group(check)
        check.wait()
        return False

    def wait_until_healthy(self) -> None:
        """Wait as long as ECS would before it calls the container unhealthy, but look more often."""
        check = self.definition["healthCheck"]
        end = time.monotonic() + check.get("startPeriod", 0) + check.get("interval", 30) * check.get("retries", 3)
        while not self.is_healthy():
            if self.wait(POLL) is not None:
                raise self.failure(f"ended with exit status {self.process.returncode}")
            if time.monotonic() > end:
                raise self.failure("is not healthy")

    def wait_for(self, condition: str) -> None:
        """Wait for what a dependent container asks: START, COMPLETE, SUCCESS or HEALTHY."""
        if condition == "HEALTHY":
            self.wait_until_healthy()
        elif condition != "START":
            limit = self.definition.get("startTimeout", 120)
            if self.wait(limit) is None:
                raise self.failure(f"did not end within {limit} seconds")
            if condition == "SUCCESS" and self.process.returncode != 0:
                raise self.failure(f"ended with exit status {self.process.returncode}")

    def failure(self, what: str) -> TaskError:
        """An error about the container."""
        lines = self.log.read_text(errors="replace").splitlines()[-15:]
        return TaskError("\n  ".join([f"container {self.name} {what}; its last lines:", *lines]))


def kill_group(process: subprocess.Popen) -> None:
    """End the process and all that it started, at once."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


class Task:
    """A running task: its containers in the order of their start."""

    def __init__(self, containers: list[Container]):
        self.containers = {container.name: container for container in containers}

    def start(self) -> None:
        """Start each container when what it depends on is as it asks; all of them stop if one cannot."""
        try:
            for container in self.containers.values():
                for dependency in container.definition.get("dependsOn") or []:
                    self.containers[dependency["containerName"]].wait_for(dependency["condition"])
                container.start()
        except BaseException:
            self.stop()
            raise

    def wait_until_healthy(self) -> None:
        """Wait for every health check; TaskError if one fails or an essential container has ended."""
        for container in self.containers.values():
            if container.definition.get("healthCheck"):
                container.wait_until_healthy()
        for container in self.containers.values():
            if container.definition.get("essential", True) and container.wait(0) is not None:
                raise container.failure(f"is essential and ended with exit status {container.process.returncode}")

    def logs(self, name: str) -> str:
        """What the container has written so far."""
        return self.containers[name].log.read_text(errors="replace")

    def stop(self) -> None:
        """Stop the containers, dependents first."""
        for container in reversed(self.containers.values()):
            container.stop()
