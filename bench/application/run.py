"""The whole measurement: which loads, on which applications, and the rows that come of them."""

import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.application import counts, database, processes
from bench.application.load import Measured, Target
from bench.application.report import details, judged
from bench.application.requests import OPERATIONS
from bench.application.results import BUSY, Cell, Plan, Results
from bench.rows import Missing, Row

APPLICATIONS = {
    "ours": "app:create_app()",
    "limit": "bench.application.limit:application",
    "idiomatic": "bench.application.idiomatic:app",
}


FULL = Plan()
QUICK = Plan(sizes=(1000, 100_000), connections=(BUSY,), rounds=1)


def rows() -> list[Row]:
    """Everything: about half an hour."""
    return measured(FULL)


def measured(plan: Plan) -> list[Row]:
    """Measure, print every load, and return the rows."""
    results = measure(plan)
    print(details(results))
    return judged(results)


def measure(plan: Plan) -> Results:
    """Start everything, load it as planned, and end it; Missing if this machine lacks something."""
    for tool, package in (("wrk", "wrk"), ("nginx", "nginx")):
        if shutil.which(tool, path="/usr/sbin:/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin") is None:
            raise Missing(f"{tool} is not installed: apt-get install {package}")
    with tempfile.TemporaryDirectory() as directory, ExitStack() as running:
        place = Path(directory)
        server = database.start(place / "database")
        running.callback(server.running.stop)
        return loaded(plan, server, place, running)


def loaded(plan: Plan, server: database.Server, place: Path, running: ExitStack) -> Results:
    """Fill the databases, start every application on each of them, and load them in turn."""
    targets = {}
    for size in plan.sizes:
        say(f"fill {size:,} entries")
        environment = server.environment(database.make(server, size))
        for name, target in APPLICATIONS.items():
            app = running.enter_context(processes.gunicorn(target, environment, place / f"{name}-{size}.log"))
            targets[name, size] = Target(app, server, size, place)
    for target in targets.values():
        target.measure("list", 64, 1)  # imports, connections, caches
    counted = {
        (operation, size): counts.of(targets["ours", size], operation)
        for operation in OPERATIONS
        for size in plan.sizes
    }
    cells = in_turn(plan, targets)
    memory = {of: max(target.app.memory()[1:]) for of, target in targets.items()}
    cells |= behind_nginx(plan, targets, place, running)
    calls = counts.calls(targets["ours", plan.sizes[0]], place)
    return Results(plan, cells, counted, calls, memory)


def in_turn(plan: Plan, targets: dict[tuple[str, int], Target]) -> dict[Cell, Measured]:
    """Load ours and the limit alternately on each table; the idiomatic application once, where the aims are."""
    cells: dict[Cell, Measured] = {}
    for operation in plan.operations:
        say(f"load: {operation}")
        for turn in range(plan.rounds):
            for connections in plan.connections:
                for (name, size), target in targets.items():
                    if name == "idiomatic" and (turn or connections != plan.busy):
                        continue
                    rounds = cells.setdefault(Cell(name, operation, size, connections), Measured())
                    rounds.add(target.measure(operation, connections, plan.seconds))
    return cells


def behind_nginx(plan: Plan, targets: dict, place: Path, running: ExitStack) -> dict[Cell, Measured]:
    """Load ours and the limit through nginx, on the smallest table."""
    size, before = plan.sizes[0], {}
    cells: dict[Cell, Measured] = {}
    for name in ("ours", "limit"):
        target = targets[name, size]
        web = running.enter_context(processes.nginx(target.app, place / f"nginx-{name}"))
        before[name] = Target(target.app, target.server, size, place, web)
    for operation in [name for name in plan.behind_nginx if name in plan.operations]:
        say(f"behind nginx: {operation}")
        for _ in range(plan.rounds):
            for name, target in before.items():
                rounds = cells.setdefault(Cell(name, operation, size, plan.busy, web=True), Measured())
                rounds.add(target.measure(operation, plan.busy, plan.seconds))
    return cells


def say(what: str) -> None:
    print(f"   {what}", file=sys.stderr, flush=True)
