"""How the application starts, and what the smallest task does: a quarter of a processor and 512 MB for all of it.

As deployed it verifies the database's certificate. Without an authority the driver would look at all of the system's
for each new connection, which takes longer than ten pages.
"""

import http.client
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.application import cgroup, database, processes
from bench.application.load import Target
from bench.process import measured
from bench.rows import Missing, Row
from drills.faults import trust
from drills.parts.processes import Missing as MissingTool

PART = "task"
CPU, MEGABYTES = 0.25, 512
ENTRIES = 10_000
RUNS = 5
# Seconds. On a quarter of a processor the application must be there for its first health check, 10 s after the start
# (templates/containers.py), with time to spare: a slower one, cold files and TLS to a distant database come on top.
FIRST_ANSWER, FIRST_ANSWER_OF_A_QUARTER = 1.0, 3.0
MOST_BESIDE_IMPORTS = 1.5  # what is not imports is ours: settings, routes, templates, two workers
WORKER = 90.0  # MB; docker/gunicorn.conf.py counts on it
# What Gunicorn has imported when it forks its workers, and when it stops collecting garbage; and its time until then.
IMPORTS = (
    "import gunicorn.app.wsgiapp, gunicorn.workers.gthread, gc, time; gc.disable(); import app;"
    " print(time.process_time())"
)
LOADS = ("list", "read", "create", "mix")
CONNECTIONS, SECONDS = 16, 4
# What a task should carry with some time to spare: a third of what it can.
STEADY, STEADY_SECONDS, STEADY_P99 = 30, 8, 500  # requests a second at most; seconds; ms


@dataclass
class Started:
    """Seconds from the start of the process until it has answered 200, and its CPU seconds until then."""

    wall: float
    cpu: float


def rows() -> list[Row]:
    """The start on this machine, and start, speed and memory of a task."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as running:
        place = Path(directory)
        try:
            trust.issue(place, "ours")
        except MissingTool as missing:
            raise Missing(f"{missing}") from None
        server = database.start(place / "database", *trust.shows(place, "ours"))
        running.callback(server.running.stop)
        environment = server.environment(database.make(server, ENTRIES))
        environment["DATABASE_SSL_CA"] = str(place / "ours-ca.pem")
        return starts(environment, place) + memory(server, environment, place) + in_a_task(server, environment, place)


def starts(environment: dict[str, str], place: Path) -> list[Row]:
    """The start without a limit, and its imports alone, in turn; of the CPU the turn that was disturbed least."""
    started, imports = [], []
    for number in range(RUNS):
        started.append(start(environment, place / f"start-{number}.log"))
        imports.append(float(measured([sys.executable, "-c", IMPORTS], environment).output))
    cpu = min(zip((of.cpu for of in started), imports, strict=True), key=sum)
    what = "CPU until then, beside its imports alone"
    return [
        Row(PART, "start until the first 200", min(of.wall for of in started), at_most=FIRST_ANSWER),
        Row(PART, what, *cpu, at_most=MOST_BESIDE_IMPORTS),
        health_check(environment, place),
    ]


def start(environment: dict[str, str], log: Path) -> Started:
    """Start Gunicorn, ask until it answers, and end it."""
    began = time.monotonic()
    with processes.gunicorn("app:create_app()", environment, log) as app:
        ask(app.port)
        return Started(time.monotonic() - began, app.cpu())


def ask(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/healthz")
    status = connection.getresponse().status
    connection.close()
    if status != 200:
        raise SystemExit(f"bench: /healthz answered {status}")


def health_check(environment: dict[str, str], place: Path) -> Row:
    """What is run every few seconds in the container, beside Python that does nothing."""
    with processes.gunicorn("app:create_app()", environment, place / "health.log") as app:
        given = {"APP_PORT": str(app.port), "TMPDIR": str(place)}
        commands = [[sys.executable, "docker/health.py"], [sys.executable, "-c", "pass"]]
        used = [[measured(command, given).cpu for command in commands] for _ in range(RUNS)]
    return Row(PART, "CPU of a health check, beside Python alone", *map(min, zip(*used, strict=True)))


def memory(server: database.Server, environment: dict[str, str], place: Path) -> list[Row]:
    """What the processes take when they have served for a while."""
    with processes.gunicorn("app:create_app()", environment, place / "memory.log") as app:
        target = Target(app, server, ENTRIES, place)
        for operation in LOADS:
            target.measure(operation, CONNECTIONS, 1)
        return [
            Row(PART, "memory of a worker, its part of what is shared with it", max(app.memory()[1:]), unit="MB"),
            Row(PART, "memory that one more worker takes", max(app.own_memory()[1:]), unit="MB", at_most=WORKER),
            Row(PART, "memory of all processes of the application", sum(app.memory()), unit="MB"),
        ]


def in_a_task(server: database.Server, environment: dict[str, str], place: Path) -> list[Row]:
    """The containers of a task one after the other, in one group with the limits of a task, and then under load."""
    title, found = f"{CPU} of a processor, {MEGABYTES} MB", []

    def row(what: str, ours: float, **more) -> None:
        found.append(Row(PART, f"{title}: {what}", ours, **more))

    with cgroup.limited(CPU, MEGABYTES) as group:
        row("migrations, with nothing to do", migrated(environment, group))
        began = time.monotonic()
        with processes.gunicorn("app:create_app()", environment, place / "task.log", group.join) as app:
            ask(app.port)
            row("start until the first 200", time.monotonic() - began, at_most=FIRST_ANSWER_OF_A_QUARTER)
            began = time.monotonic()
            with processes.nginx(app, place / "nginx", group.join) as web:
                ask(web.port)
                row("nginx until its first 200", time.monotonic() - began)
                errors = loaded(Target(app, server, ENTRIES, place, web), row)
                row("memory at most", group.peak(), unit="MB", at_most=MEGABYTES)
    row("errors", errors, unit="errors", at_most=0)
    return found


def migrated(environment: dict[str, str], group: cgroup.Group) -> float:
    """Seconds of the container that must have ended before the application's starts."""
    command = processes.first(group.join, [sys.executable, "-m", "flask", "--app", "app", "migrate"])
    return measured(command, {"PATH": os.environ["PATH"], **environment}).wall


def loaded(target: Target, row) -> int:
    """Load the task as fast as it answers, from its very first pages on, and then steadily; return the errors."""
    errors = 0
    for operation in LOADS:
        load = target.measure(operation, CONNECTIONS, SECONDS)
        row(f"{operation}, c={CONNECTIONS}", load.rate, unit="/s")
        row(f"{operation}, c={CONNECTIONS}, p99", load.latency("p99"), unit="ms")
        errors += load.errors + load.refused
    load = target.measure("mix", CONNECTIONS, STEADY_SECONDS, pause=CONNECTIONS / STEADY)
    row(f"mix, at most {STEADY} a second", load.rate, unit="/s")
    row(f"mix, at most {STEADY} a second, p99", load.latency("p99"), unit="ms", at_most=STEADY_P99)
    return errors + load.errors + load.refused
