"""What a drill is handed: parts to start, which all end with it, and the judgement that most drills share."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from drills import result
from drills.parts import servers
from drills.parts.layout import Edit
from drills.parts.processes import NotInTime, wait_until
from drills.parts.site import Site, running_site
from drills.parts.watch import Watch
from drills.result import Bound, Result
from drills.visitors.load import Load

WARM_UP = 2.0  # seconds of load before the fault
GIVEN_BACK_WITHIN = 30.0  # seconds
POOLED = 5  # connections that a worker keeps at most: POOL_SIZE of app/engine_options.py
# What a drill may try: the files whose change makes its result one of the past.
APPLICATION = ("app", "docker", "requirements/app.txt")
DEPLOYMENT = (
    *("build_templates.py", "config", "deploy", "deploy.sh", "docker", "out", "rehearsal", "requirements/emulator.txt"),
    *("review", "templates"),
)
STORED = "SELECT title, description, status FROM `{}`.entries"


@dataclass(frozen=True)
class Guard:
    """What a drill tests, and how it is taken away to see the drill fail.

    edits change the copies of the files that the drill's site runs, environ what its parts are given. A guard that is
    in the drill's own hands (a step of a procedure) has neither: the drill asks stage.unguarded.
    """

    what: str
    edits: tuple[Edit, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Drill:
    """One row of the table."""

    name: str
    run: Callable[["Stage"], Result]
    injects: str
    guard: Guard
    in_short: bool = False  # belongs to the version that CI runs
    tries: tuple[str, ...] = APPLICATION  # files and folders of the project


class Stage:
    """The parts of one drill. Whatever it starts ends when the stage is left."""

    def __init__(self, drill: Drill, folder: Path, short: bool = False, unguarded: bool = False):
        self.drill, self.folder, self.short, self.unguarded = drill, folder, short, unguarded
        self.until_done = ExitStack()
        self.numbers = count(1)

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *error: object) -> None:
        self.until_done.__exit__(*error)

    def place(self, name: str) -> Path:
        """A new folder."""
        folder = self.folder / f"{next(self.numbers)}-{name}"
        folder.mkdir()
        return folder

    def seconds(self, full: float, short: float) -> float:
        """How long something is to take: the second in the version for CI."""
        return short if self.short else full

    def server(self, *options: str, folder: Path | None = None, number: int = 0, **place) -> servers.MariaDB:
        """A running private database server; with a number it is one of several that may follow each other."""
        folder = folder or self.place("server")
        options += (*servers.kind().GTID, f"--server-id={number}") if number else ()
        return self.until_done.enter_context(servers.running_server(folder, *options, **place))

    def site(self, given: Mapping[str, str], **environ: str) -> Site:
        """Both tiers, migrated, as configured but for the guard if it is to be taken away."""
        guard = self.drill.guard if self.unguarded else Guard("")
        settings = {**given, **environ, **guard.environ}
        site = self.until_done.enter_context(running_site(self.place("site"), guard.edits, **settings))
        # A worker's first visit loads and connects, which may take longer than a visitor is kept waiting.
        with ThreadPoolExecutor(8) as visitors:
            list(visitors.map(site.call, ["/"] * 24))
        return site

    def result(self, *bounds: Bound, **seen) -> Result:
        return Result(self.drill.name, self.drill.injects, bounds, **seen)

    def under_load(self, site: Site, server: servers.MariaDB, **options) -> "UnderLoad":
        return UnderLoad(self, site, server, **options)


class UnderLoad:
    """A site under load and watched, from which faults are injected; then it is judged.

    with stage.under_load(site, server) as scene:
        with scene.fault():
            server.kill()
            ...
            server.start()
    return scene.judged(...)
    """

    def __init__(
        self, stage: Stage, site: Site, server: servers.MariaDB, after: float = 4.0, replaced: bool = False, **options
    ):
        """after is how long the load goes on after the fault; options are those of Load.

        replaced: the fault ends workers, and others take their place; else the same ones must live on.
        """
        self.stage, self.site, self.server, self.after, self.replaced = stage, site, server, after, replaced
        self.database = site.given["DATABASE_NAME"]
        self.load, self.watch = Load(site.port, **options), Watch(site.port)
        self.until_done = ExitStack()
        self.begun = self.gone = 0.0

    def __enter__(self) -> "UnderLoad":
        self.until_done.enter_context(self.watch)
        self.until_done.enter_context(self.load)
        time.sleep(WARM_UP)
        self.workers = self.site.workers()
        self.connections = len(self.server.sessions(self.database))
        return self

    def __exit__(self, kind, *error: object) -> None:
        if kind is None:
            time.sleep(self.after)
        self.until_done.__exit__(kind, *error)

    @contextmanager
    def fault(self):
        """Note when the fault began and when it was gone."""
        self.begun = time.monotonic()
        yield
        self.gone = time.monotonic()

    def stored(self) -> list[tuple[str, str, str]]:
        return list(self.server.rows(STORED.format(self.database)))

    def shared_bounds(self) -> list[Bound]:
        """What must hold whatever was injected. Asks what is still unknown once more, then looks at what is stored."""
        requests, checks = self.load.requests, self.watch.checks
        self.load.settle()
        self.audit = self.load.audit(self.stored)
        most = POOLED * len(self.workers)
        return [
            result.comes_back(requests, self.gone),
            result.waits_are_bounded(requests),
            result.liveness_stays(checks, self.begun),
            (result.workers_are_replaced if self.replaced else result.workers_live)(self.workers, self.site.workers()),
            result.connections_are_given_back(self.connections, self.sessions_left(most), most),
            result.nothing_is_lost(self.audit),
            result.nothing_is_doubled(self.audit),
            result.nothing_is_unasked(self.audit),
        ]

    def sessions_left(self, most: int) -> int:
        """How many sessions the server has when there are no more than most, or after a while.

        What was given up while the network was cut ends when the kernel has told the server so.
        """
        with suppress(NotInTime):
            wait_until(lambda: len(self.server.sessions(self.database)) <= most, GIVEN_BACK_WITHIN)
        return len(self.server.sessions(self.database))

    def judged(self, *bounds: Callable[["UnderLoad"], Bound] | Bound) -> Result:
        """The result: the shared bounds and bounds of its own."""
        requests = self.load.requests
        shared = self.shared_bounds()
        own = [bound(self) if callable(bound) else bound for bound in bounds]
        return self.stage.result(
            *shared,
            *own,
            requests=len(requests),
            failed=result.faults(requests),
            back=result.seconds_to_service(requests, self.gone),
            acknowledged=self.audit.acknowledged,
            lost=len(self.audit.lost),
        )
