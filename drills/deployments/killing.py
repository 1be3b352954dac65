"""deploy.sh stopped at one of its steps, and run again: what it says, and what AWS holds then."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from drills.deployments.accounts import DATA, Account, counted
from drills.deployments.moments import Moment, content
from drills.deployments.steps import AFTER, Plan, Proxy, killer, wrapped_engine
from drills.parts.layout import Edit
from drills.parts.processes import ROOT
from rehearsal import engine, server

ENV = "lab"
TIME_OUT = 120  # seconds for one run of deploy.sh, which takes about ten
LEFT = ("DEPLOYS", "REHEARSAL_IMAGES")  # folders to which a deployment writes, by the variables that name them
PROGRAM = ("deploy.sh", "deploy", "review", "rehearsal", "config", "out", "app", "docker", "requirements")


@dataclass(frozen=True)
class Run:
    """One run of deploy.sh: how it ended, what it said, which steps there were, and the one at which it was struck."""

    code: int
    out: str
    err: str
    steps: tuple[str, ...]
    struck: str

    @property
    def said(self) -> list[str]:
        """The lines on stderr, without those of the engine and of the shell that wraps it here."""
        lines = [line.strip() for line in self.err.splitlines()]
        return [line for line in lines if line not in ("", "Terminated") and not line.startswith("stand-in engine: ")]


class Place:
    """A machine with an engine, and an account behind a proxy."""

    def __init__(self, folder: Path, aws: server.Server, proxy: Proxy, program: Path = ROOT):
        self.folder, self.proxy, self.program, self.account = folder, proxy, program, Account(aws)
        self.config = folder / "config"
        shutil.copytree(ROOT / "config", self.config, dirs_exist_ok=True)
        watched = wrapped_engine(engine.install(folder), proxy.server_port, folder)
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "PYTHON": sys.executable,
            "YES": "1",
            **aws.environment(),
            "AWS_ENDPOINT_URL": proxy.url,
            "CONFIG": str(self.config),
            "CONTAINER_ENGINE": str(watched),
            **{name: str(folder / name) for name in LEFT},
            "REHEARSAL_REGISTRY": proxy.url.removeprefix("http://"),
        }

    def deploy(
        self,
        at: int | Moment = 0,
        when: str = AFTER,
        number: signal.Signals = signal.SIGKILL,
        look: Callable[[], object] | None = None,
    ) -> Run:
        """Run deploy.sh, and strike it at a step; or have a look at each."""
        plan = self.proxy.plan = Plan(at, when, look=look)
        process = subprocess.Popen(
            [str(self.program / "deploy.sh"), ENV],
            cwd=self.program,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        plan.strike = killer(process, number)
        try:
            out, err = process.communicate(timeout=TIME_OUT)
        except subprocess.TimeoutExpired:
            killer(process, signal.SIGKILL)()
            out, err = process.communicate()
            err += "\nit hangs"
        return Run(process.returncode, out, err, tuple(plan.seen), plan.struck)

    def in_peace(self, **options) -> Run:
        """Run deploy.sh to its end."""
        run = self.deploy(**options)
        if run.code:
            raise AssertionError(f"a deployment fails in peace: {' '.join(run.said)}")
        return run

    def recorded(self, when: str = AFTER) -> list[Moment]:
        """The moments of a deployment in peace, by all that AWS and this machine hold at each of its steps."""
        self.in_peace(when=when, look=lambda: (self.account.server.state(), self.files()))
        return self.proxy.plan.moments()

    def files(self) -> list[str]:
        """What a deployment can leave on this machine."""
        return [content(self.folder / name) for name in LEFT]

    def renew(self) -> None:
        """A machine and an account on which nothing was ever deployed."""
        self.account.renew()
        for name in LEFT:
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def change(self, number: int) -> None:
        """Have the next deployment change something."""
        text = (ROOT / "config" / f"{ENV}.env").read_text()
        (self.config / f"{ENV}.env").write_text(f"{text}\nHealthCheckGracePeriodSeconds={100 + number}\n")


@contextmanager
def place(folder: Path, edits: tuple[Edit, ...] = ()) -> Iterator[Place]:
    """A new account and a machine, with a copy of the programs in which something is edited."""
    folder.mkdir(parents=True, exist_ok=True)
    program = edited(folder / "program", edits) if edits else ROOT
    with server.start() as aws, Proxy(aws.url) as proxy:
        yield Place(folder, aws, proxy, program)


def edited(target: Path, edits: tuple[Edit, ...]) -> Path:
    """A copy of what a deployment runs, with the edits."""
    for name in PROGRAM:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    for edit in edits:
        file = target / edit.path
        file.write_text(edit.apply(file.read_text()))
    return target


def faults_of_second(second: Run, where: Place, before: dict[str, set], wanted: dict[str, int]) -> list[str]:
    """What is wrong after the run that followed one that was killed.

    before is what AWS held when it was killed, wanted how much of each kind a deployment in peace leaves.
    """
    found = []
    if second.code or second.said:
        found.append(f"again: exit code {second.code}: {' '.join(second.said)[-300:]}")
    holdings = where.account.holdings()
    for kind in DATA:
        found += [f"{kind} gone: {one}" for one in sorted(before[kind] - holdings[kind], key=str)]
    for kind, count in counted(holdings).items():
        if count != wanted[kind]:
            found.append(f"{count} {kind} instead of {wanted[kind]}")
    found += [f"{name} is in {status}" for name, status in where.account.roots().items() if "_COMPLETE" not in status]
    return found + [f"left over: {one}" for one in where.account.change_sets()]


def faults_of_signal(run: Run, number: signal.Signals) -> list[str]:
    """What is wrong with how a deployment says that it was asked to stop: one line with what to do, and the code."""
    wanted = 128 + number
    found = [] if run.code in {wanted, -number} else [f"exit code {run.code} instead of {wanted}"]
    if len(run.said) != 1:
        found.append(f"{len(run.said)} lines: {' / '.join(run.said)[-300:]}")
    elif "make " not in run.said[0]:
        found.append(f"not what to do next: {run.said[0]}")
    return found
