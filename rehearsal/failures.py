"""Failures injected into deployments to the embedded AWS: each must end with its named cause, in time, and recorded.

What the emulator can fail at by itself it does (a missing image, a name that is taken, a snapshot that is not there);
the rest is played from recorded answers of AWS. Everything above the answers is the real deployment.
"""

import json
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deploy.settings import PROJECT
from rehearsal.player import Player
from rehearsal.recordings import load

ROOT = Path(__file__).resolve().parent.parent
# How many deployments are played at once.
WORKERS = 3


@dataclass(frozen=True)
class Injected:
    """A failure: its name, what must be recognised, the exit code; `played` names a recording, `status` a stack's."""

    name: str
    recognised: str
    played: str = ""
    kind: str = "UPDATE"
    status: str = ""
    code: int = 1


@dataclass(frozen=True)
class Outcome:
    """How it ended: what was recognised, the exit code, seconds until the verdict, what was recorded, what was said."""

    injected: Injected
    recognised: str
    code: int
    seconds: float
    files: list[str]
    output: str

    @property
    def holds(self) -> bool:
        """Whether it ended as it must."""
        recorded = bool(self.files) or not self.injected.played
        return self.recognised == self.injected.recognised and self.code == self.injected.code and recorded

    def line(self) -> str:
        """The outcome in one line of the table."""
        verdict = "" if self.holds else f"   NOT as expected: {self.injected.recognised}, exit {self.injected.code}"
        files = " ".join(name.removesuffix(".jsonl") for name in self.files) or "-"
        return f"{self.injected.name:<42}{self.recognised:<26}{self.code:>4}{self.seconds:>7.1f}  {files}{verdict}"


HEADER = f"{'injected':<42}{'recognised':<26}{'exit':>4}{'s':>7}  recorded"

# Played to updates of a deployed stack.
PLAYED = (
    Injected("a container that exits", "application-exits", "application-exits"),
    Injected("a wrong health path", "health-path", "health-path"),
    Injected("a secret without the key", "secret-key-missing", "secret-key-missing"),
    Injected("a migration that fails", "migration-failed", "migration-failed"),
    Injected("a role that may not be made", "role-creation-denied", "role-creation-denied"),
    Injected("a role that cannot be assumed", "role-not-assumable", "role-not-assumable"),
    Injected("a quota that is used up", "quota", "quota"),
    Injected("a database that cannot be reached", "database-unreachable", "database-unreachable"),
    Injected("too little memory", "out-of-memory", "out-of-memory"),
    Injected("an image for another processor", "image-architecture", "image-architecture"),
    Injected("no way to the registry", "registry-unreachable", "registry-unreachable"),
    Injected("a Learner Lab's restriction", "lab-restriction", "lab-restriction"),
    Injected("credentials that expire mid-way", "credentials-expired", "credentials-expired"),
)

# What the emulator does by itself, each with the environment that it happens to.
BAD_IMAGE = Injected("an image that is not in the registry", "image-missing")
MENDED = Injected("a stack in ROLLBACK_COMPLETE", "deployed anew", code=0)
NAME_TAKEN = Injected("a name that is taken", "name-taken")
FIRST = Injected("a first creation, secret denied", "secret-denied", "secret-denied", kind="CREATE")
NESTED = Injected("a failure two levels down", "snapshot-missing")
STUCK = Injected("a stack in UPDATE_ROLLBACK_FAILED", "continued, deployed", status="UPDATE_ROLLBACK_FAILED", code=0)


class Failures:
    """Injects failures into deployments of one rehearsal."""

    def __init__(self, rehearsal):
        self.rehearsal = rehearsal
        self.place = rehearsal.directory / "failures"

    def all(self) -> list[Outcome]:
        """Every failure, in the order of the table."""
        self._deploy("./deploy.sh", "lab")
        self.rehearsal.change("lab", HealthCheckGracePeriodSeconds=200)  # so that each play has something to update
        with ThreadPoolExecutor(WORKERS) as workers:
            played = [workers.submit(self._play, injected, "lab") for injected in PLAYED]
            emulated = list(self._emulated())
            return [*emulated, *(outcome.result() for outcome in played)]

    def _emulated(self):
        """One environment, whose creation fails again and again until it is mended."""
        self._new_environment("broken")
        yield self._told(BAD_IMAGE, "./deploy.sh", "broken", out=self._without_image())
        yield self._play(FIRST, "broken")  # what is left of the failure is empty, so this is a creation
        self._new_environment("broken", DBSnapshotIdentifier="gone")
        yield self._told(NESTED, "deploy", "up", "broken")
        self._new_environment("broken", DBInstanceIdentifier="taken")
        rds = self.rehearsal.account.client("rds")
        rds.create_db_instance(DBInstanceIdentifier="taken", DBInstanceClass="db.t4g.micro", Engine="mysql")
        yield self._told(NAME_TAKEN, "deploy", "up", "broken")
        self._new_environment("broken")
        yield self._told(MENDED, "deploy", "up", "broken", recognise=_deployed_anew)
        self.rehearsal.change("broken", HealthCheckGracePeriodSeconds=200)
        with Player(self.rehearsal.aws.url, status=STUCK.status) as player:
            yield self._told(STUCK, "deploy", "up", "broken", recognise=_continued, AWS_ENDPOINT_URL=player.url)

    def _play(self, injected, env):
        with Player(self.rehearsal.aws.url, load()[injected.played], injected.kind) as player:
            return self._told(injected, "deploy", "up", env, AWS_ENDPOINT_URL=player.url)

    def _told(self, injected, *words, out=None, recognise=None, **environment) -> Outcome:
        folder = self.place / injected.name.replace(" ", "-")
        started = time.monotonic()
        result = self._deploy(*words, out=out, folder=folder, **environment)
        seconds = time.monotonic() - started
        output = result.stdout + result.stderr
        records = _records(folder)
        verdict = next((each for each in reversed(records) if each["kind"] == "verdict"), None)
        if verdict:
            order = datetime.fromisoformat(records[0]["time"])
            seconds = (datetime.fromisoformat(verdict["time"]) - order).total_seconds()
        recognised = recognise(output) if recognise else (verdict or {}).get("cause", "nothing")
        files = sorted(path.name for path in folder.rglob("*.jsonl"))
        return Outcome(injected, recognised, result.returncode, seconds, files, output)

    def _deploy(self, *words, out=None, folder=None, **environment):
        command = [sys.executable, "-m", *words] if words[0] == "deploy" else list(words)
        given = self.rehearsal.environment | environment
        given |= {"DEPLOYS": str(folder or self.place / "other")} | ({"OUT": str(out)} if out else {})
        return subprocess.run(
            command, cwd=ROOT, env=given, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    def _new_environment(self, env, **parameters):
        (self.rehearsal.config / f"{env}.env").write_text("")
        self.rehearsal.change(env, **parameters)

    def _without_image(self) -> Path:
        """Templates whose service asks for an image that nobody has pushed."""
        out = self.place / "out"
        if not out.exists():
            shutil.copytree(ROOT / "out", out)
            compute = out / "compute.yaml"
            compute.write_text(compute.read_text().replace("Image: !Ref WebImage", "Image: !Sub ${WebImage}-missing"))
        return out


def _deployed_anew(output: str) -> str:
    """Whether the empty stack was deleted, and the deployment then done."""
    told = "deleting the empty stack" in output and f"{PROJECT}-broken: what was sent runs" in output
    return MENDED.recognised if told else "nothing"


def _continued(output: str) -> str:
    """Whether the failed rollback was named and continued, and the deployment then done."""
    told = "so did its rollback" in output and "UPDATE_ROLLBACK_COMPLETE" in output and "what was sent runs" in output
    return STUCK.recognised if told else "nothing"


def _records(folder: Path) -> list[dict]:
    """What was noted of a deployment, in its order."""
    return [json.loads(line) for path in folder.glob("*/notes.jsonl") for line in path.read_text().splitlines()]


def table(outcomes: list[Outcome]) -> str:
    """What was injected, what was recognised, and after how many seconds."""
    return "\n".join([HEADER, *(outcome.line() for outcome in outcomes)])
