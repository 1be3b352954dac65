"""How the application starts, and what the smallest task does: a quarter of a processor and 512 MB for all of it."""

import http.client
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.application import cgroup, database, processes
from bench.application.load import Target
from bench.process import measured
from bench.rows import Row

PART = "task"
CPU, MEGABYTES = 0.25, 512
ENTRIES = 10_000
RUNS = 5
FIRST_ANSWER, FIRST_ANSWER_OF_A_QUARTER = 1.0, 3.0  # seconds
IMPORTS = "import gunicorn.app.wsgiapp, gunicorn.workers.gthread, app"
LOADS = ("list", "read", "create", "mix")
CONNECTIONS, SECONDS = 16, 4


@dataclass
class Started:
    """Seconds from the start of the process until it has answered 200, and its CPU seconds until then."""

    wall: float
    cpu: float


def rows() -> list[Row]:
    """The start on this machine, and start, speed and memory of a task."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as running:
        place = Path(directory)
        server = database.start(place / "database")
        running.callback(server.running.stop)
        environment = server.environment(database.make(server, ENTRIES))
        starts, imports = [], []
        for number in range(RUNS):
            starts.append(start(environment, place / f"start-{number}.log"))
            imports.append(measured([sys.executable, "-c", IMPORTS], environment).cpu)
        found = [
            Row(PART, "start until the first 200", min(of.wall for of in starts), at_most=FIRST_ANSWER),
            Row(PART, "CPU until then, beside its imports alone", min(of.cpu for of in starts), min(imports)),
        ]
        return found + in_a_task(server, environment, place)


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


def in_a_task(server: database.Server, environment: dict[str, str], place: Path) -> list[Row]:
    """Application and nginx in one group with the limits of a task."""
    with cgroup.limited(CPU, MEGABYTES) as group:
        began = time.monotonic()
        with (
            processes.gunicorn("app:create_app()", environment, place / "task.log", group.join) as app,
            processes.nginx(app, place / "nginx", group.join) as web,
        ):
            ask(web.port)
            answered = time.monotonic() - began
            target = Target(app, server, ENTRIES, place, web)
            loads = {operation: target.measure(operation, CONNECTIONS, SECONDS) for operation in LOADS}
            peak = group.peak()
    what = f"{CPU} of a processor, {MEGABYTES} MB"
    found = [Row(PART, f"{what}: start until the first 200", answered, at_most=FIRST_ANSWER_OF_A_QUARTER)]
    for operation, load in loads.items():
        found.append(Row(PART, f"{what}: {operation}, c={CONNECTIONS}", load.rate, unit="/s"))
        found.append(Row(PART, f"{what}: {operation}, p99", load.latency("p99"), unit="ms"))
    errors = sum(load.errors for load in loads.values())
    found.append(Row(PART, f"{what}: memory at most", peak, unit="MB", at_most=MEGABYTES))
    return [*found, Row(PART, f"{what}: errors", errors, unit="errors", at_most=0)]
