"""The rehearsal: deploy to an embedded AWS with deploy.sh, run what was deployed, visit it, tear it down.

python -m rehearsal         KEEP=1 leaves it running until Ctrl-C
python -m rehearsal ENV...  tours of these environments instead, or of all: created, updated, destroyed
python -m rehearsal --faults  failures injected into deployments: each must end with its named cause

Images are built and run by docker or podman (CONTAINER_ENGINE) where one works on this machine and has, or can pull,
the base images; otherwise, or with REHEARSAL_ENGINE=none, a stand-in takes its place.
"""

import os
import platform
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.settings import PROJECT
from rehearsal import database, engine, failures, real_engine, server
from rehearsal.oci import ImageError
from rehearsal.real_engine import Engine, EngineError
from rehearsal.service import Account, has_nginx, running
from rehearsal.tasks import TaskError
from rehearsal.tours import tour
from rehearsal.visitor import VisitError, Visitor
from review import environment

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = ROOT / "docker" / "Dockerfile"

REAL = "real"
EMULATED = "emulated"
LEFT_OUT = "not exercised"


class RehearsalError(Exception):
    """A step of the rehearsal did not do what it should; one line."""


FAULTS = (
    RehearsalError,
    VisitError,
    TaskError,
    ImageError,
    server.ServerError,
    database.DatabaseError,
    environment.Problem,
)


class Rehearsal:
    """The steps; `directory` is removed afterwards."""

    def __init__(self, aws: server.Server, directory: Path, found: Engine | None):
        self.aws, self.directory, self.engine = aws, directory, found
        self.account = Account(aws)
        self.config = directory / "config"
        self.config.mkdir()
        for path in (ROOT / "config").glob("*.env"):
            (self.config / path.name).write_text(path.read_text())
        self.environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TERM") if name in os.environ}
        self.registry = aws.url.removeprefix("http://")
        program = real_engine.install(directory, found) if found else engine.install(directory)
        self.environment |= real_engine.settings() if found else {"REHEARSAL_IMAGES": str(directory / "images")}
        self.environment |= aws.environment() | {
            "YES": "1",
            "PYTHON": sys.executable,
            "CONFIG": str(self.config),
            "DEPLOYS": str(directory / "deploys"),
            "CONTAINER_ENGINE": str(program),
            "REHEARSAL_REGISTRY": self.registry,
        }

    def run(self, *words: str) -> None:
        """One command, its output shown as it comes."""
        print(f"$ {' '.join(words)}", flush=True)
        command = [sys.executable if word == "python" else word for word in words]
        if subprocess.run(command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, check=False).returncode:
            raise RehearsalError(f"{' '.join(words)} failed")

    def change(self, env: str, **parameters: object) -> None:
        """Set parameters in this rehearsal's copy of an environment."""
        path = self.config / f"{env}.env"
        kept = [line for line in path.read_text().splitlines() if line.partition("=")[0] not in parameters]
        path.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in parameters.items())]) + "\n")

    def value(self, env: str, name: str, default: str = "") -> str:
        """A parameter of an environment, as this rehearsal's copy has it."""
        return environment.read(env, self.config)[1].get(name, default)

    def require(self, holds: bool, fault: str) -> None:
        """Raise a RehearsalError with the fault unless it holds."""
        if not holds:
            raise RehearsalError(fault)

    def expect_iam(self, env: str, number: int) -> None:
        """Count the AWS::IAM::* resources that the deployed nest really holds."""
        found = sorted(kind for kind, _ in self.account.resources(f"{PROJECT}-{env}") if kind.startswith("AWS::IAM::"))
        print(f"{PROJECT}-{env}: {len(found)} AWS::IAM::* resources {' '.join(found)}".rstrip())
        self.require(len(found) == number, f"{PROJECT}-{env}: expected {number} AWS::IAM::* resources")


def title(text: str) -> None:
    """What comes next."""
    print(f"\n== {text}", flush=True)


def usable_engine() -> Engine | None:
    """The engine that builds and runs the images, and has their bases; else None and a line that says why."""
    try:
        found = real_engine.find_engine()
        real_engine.pull_bases(found, DOCKERFILE)
    except EngineError as error:
        print(f"note: images and containers are stand-ins: {error}", flush=True)
        return None
    return found


def rehearse(rehearsal: Rehearsal, keep: bool) -> str:
    """All of it; returns what the rows were kept in."""
    if rehearsal.engine:  # its containers run here, whatever they run on there
        architecture = "ARM64" if platform.machine() in ("aarch64", "arm64") else "X86_64"
        for env in ("lab", "reference"):
            rehearsal.change(env, CpuArchitecture=architecture)
    title("The lab's environment: LabRole, no IAM resource")
    rehearsal.run("./deploy.sh", "lab")
    rehearsal.expect_iam("lab", 0)
    title("The reference environment: roles are created")
    rehearsal.run("./deploy.sh", "reference")
    rehearsal.expect_iam("reference", 3)
    title("An update: two tasks, other log retention")
    rehearsal.change("lab", DesiredCount=2, LogRetentionInDays=14)
    rehearsal.run("./deploy.sh", "lab")
    title("What the service's task definition says, run here and visited through the load balancer")
    store = visit(rehearsal, keep)
    title("Tear down")
    for env in ("lab", "reference"):
        rehearsal.run("python", "-m", "deploy", "destroy", env)
    return store


def visit(rehearsal: Rehearsal, keep: bool) -> str:
    """Run the tasks, create an entry through the load balancer and read it back; what the rows were kept in."""
    stack = f"{PROJECT}-lab"
    with running(rehearsal.account, stack, rehearsal.directory, rehearsal.engine) as service:
        print(f"{len(service.tasks)} tasks of {', '.join(service.tasks[0].containers)}, on {service.store}")
        print(service.tasks[0].logs("migrate").strip())
        balancer = rehearsal.account.load_balancer(stack)
        visitor = Visitor(rehearsal.aws.url, balancer["DNSName"])
        visitor.create_and_read_back(f"Rehearsed {secrets.token_hex(4)}")
        print("\n".join(visitor.requests))
        rehearsal.run("python", "-m", "deploy", "outputs", "lab")
        if keep:
            stay(rehearsal.aws.url, balancer["LoadBalancerName"])
    return service.store


def stay(url: str, load_balancer: str) -> None:
    """Leave everything running until Ctrl-C."""
    port = url.rpartition(":")[2]
    print(f"\nopen http://{load_balancer}.alb.localhost:{port}/   (Ctrl-C ends the rehearsal)", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print()


def summary(store: str, used: Engine | None) -> str:
    """What was real, what was emulated, what was not exercised."""
    if used:
        bases = [name.partition("@")[0] for name in real_engine.base_images(DOCKERFILE)]
        images = (REAL, f"built by {used.name} on {' and '.join(bases)}")
        containers = (REAL, f"containers of {used.name}: own user, read-only root, no capabilities")
        left_out = (
            "Fargate, port 80, HTTPS, DNS, alarms",
            LEFT_OUT,
            "need AWS; containers share this machine's network",
        )
    else:
        images = (EMULATED, "the project's own files; base image and RUN steps left out")
        without = "" if has_nginx() else "; nginx is not installed and was left out"
        containers = (REAL, "local processes, not containers" + without)
        left_out = ("Fargate, read-only root, HTTPS, DNS, alarms", LEFT_OUT, "need AWS, or a container engine")
    rows = [
        ("templates, change sets, events, outputs", EMULATED, "CloudFormation of the embedded AWS"),
        ("VPC, security groups, IAM, RDS instance", EMULATED, "accepted and remembered; no packet is filtered"),
        ("deploy.sh, packaging, image push by tag", REAL, "against its S3 and its registry"),
        ("images", *images),
        ("secrets", REAL, "generated there, handed to each container as its task definition says"),
        ("nginx, Gunicorn, Flask, migrations", *containers),
        ("database", REAL, f"{store}, not RDS MySQL"),
        ("load balancer", EMULATED, "forwards HTTP to the registered tasks; before these, stand-ins pass its check"),
        left_out,
    ]
    return "\n".join(f"{what:<46}{how:<15}{why}" for what, how, why in rows)


def go_on_tours(environments: list[str]) -> None:
    """Rehearse the life of each environment; a line for each at the end."""
    ends = []
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as directory, server.start() as aws:
        rehearsal = Rehearsal(aws, Path(directory), None)
        for env in environments:
            title(f"Tour of {env}")
            ends.append(tour(rehearsal, env))
    title("Tours")
    print("\n".join(ends))


def inject_failures() -> None:
    """Deployments that must fail by name; their table. RehearsalError if one ended otherwise."""
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as directory, server.start() as aws:
        outcomes = failures.Failures(Rehearsal(aws, Path(directory), None)).all()
    title("Failures")
    print(failures.table(outcomes))
    wrong = [outcome for outcome in outcomes if not outcome.holds]
    if wrong:
        raise RehearsalError(f"{wrong[0].injected.name}: not as expected; it said:\n{wrong[0].output[-2000:]}")


def rehearse_all(keep: bool) -> None:
    """The rehearsal with a visit; its table at the end."""
    started = time.monotonic()
    found = usable_engine()
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as directory, server.start() as aws:
        print(f"embedded AWS at {aws.url}")
        rehearsal = Rehearsal(aws, Path(directory), found)
        try:
            store = rehearse(rehearsal, keep)
        finally:
            if found:
                real_engine.remove_images(found, rehearsal.registry)
    title(f"Rehearsed in {time.monotonic() - started:.0f} s")
    print(summary(store, found))


def main(argv: list[str]) -> int:
    """Run the rehearsal, or tours of the environments named; returns the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        known = environment.names(ROOT / "config")
        if argv == ["--faults"]:
            inject_failures()
            return 0
        for name in argv:
            if name not in {*known, "all"}:
                raise RehearsalError(f"{name!r} is no environment; environments: {', '.join(known)}, or all")
        if argv:
            go_on_tours(known if "all" in argv else argv)
        else:
            rehearse_all(os.environ.get("KEEP") == "1")
    except FAULTS as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
