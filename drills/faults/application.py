"""Faults of the application's own processes, and replacing them while they serve."""

import os
import signal
import time
from collections.abc import Mapping
from contextlib import contextmanager

from drills import result
from drills.parts.balancer import Balancer
from drills.parts.layout import Edit
from drills.parts.processes import wait_until
from drills.parts.releases import COLUMNS, EXPAND, EXPANDED, OF_NEWER, instance, serve
from drills.parts.servers import UNHURRIED
from drills.parts.site import Site
from drills.result import Bound, Result
from drills.stage import Drill, Guard, Stage, UnderLoad

READING = {"list", "search", "read"}
NGINX = "docker/nginx.conf.template"
STOPPED_WITHIN = 60  # seconds: the task's stopTimeout, templates/containers.py


@contextmanager
def held_up(scene: UnderLoad):
    """Have every request wait for the database meanwhile, so that a worker that dies has some."""
    with scene.server.connect(database=scene.database) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLES entries WRITE")
        time.sleep(0.15)
        yield


def worker_killed(stage: Stage) -> Result:
    server = stage.server(*UNHURRIED)
    site = stage.site(server.database_of_master())
    with stage.under_load(site, server, replaced=True) as scene, scene.fault():
        for _ in range(1 if stage.short else 4):
            with held_up(scene):
                victim = site.workers()[0]
                os.kill(victim, signal.SIGKILL)
            wait_until(lambda victim=victim: len(set(site.workers()) - {victim}) == 2, 5, "a new worker")
            time.sleep(2)
    return scene.judged(readers_do_not_fail, result.faults_are_only(scene.load.requests, "502"))


def readers_do_not_fail(scene: UnderLoad) -> Bound:
    failed = result.faults(request for request in scene.load.requests if request.kind in READING)
    return Bound("no reader fails", not failed, result.told(failed))


class Fleet:
    """Instances of both tiers behind a load balancer, replaced one after the other as ECS does it."""

    def __init__(self, balancer: Balancer, given: Mapping[str, str]):
        self.balancer, self.given, self.instances = balancer, given, []

    @property
    def port(self) -> int:
        return self.balancer.port

    def workers(self) -> list[int]:
        return [worker for site in self.instances for worker in site.workers()]

    def add(self, site: Site) -> None:
        """Let an instance serve that has shown that it can."""
        wait_until(lambda: site.call("/readyz")[0].status == 200, what="an instance that is ready")
        self.instances.append(site)
        self.balancer.register(site.port)

    def replace(self, new: Site) -> list[int]:
        """Add an instance and end the eldest: deregistered and stopped at the same time, web before app.

        Return how both ended.
        """
        self.add(new)
        old = self.instances.pop(0)
        self.balancer.deregister(old.port)
        codes = []
        for process in (old.web, old.app):
            process.terminate()
            codes.append(process.wait(STOPPED_WITHIN))
        return codes


def fleet_of(stage: Stage, given: Mapping[str, str], count: int = 2) -> Fleet:
    """Instances of the image as it is, migrated, with the drain of a task."""
    fleet = Fleet(stage.until_done.enter_context(Balancer()), given)
    for _ in range(count):
        fleet.add(stage.site(given, **DRAIN))
    return fleet


DRAIN = {"WEB_DRAIN": "3"}  # the default of docker/start-web.sh, which other drills do without


def rolling(stage: Stage) -> Result:
    server = stage.server(*UNHURRIED)
    given = server.database_of_master()
    fleet = fleet_of(stage, given)
    codes = []
    with stage.under_load(fleet, server, replaced=True) as scene, scene.fault():
        for _ in range(1 if stage.short else 2):
            codes += fleet.replace(stage.site(given, **DRAIN))
    return scene.judged(
        result.faults_are_only(scene.load.requests),
        Bound("what is stopped ends by itself with 0", not any(codes), str(codes)),
    )


def new_column(stage: Stage) -> Result:
    """A release that adds a column takes over, and is taken back: each time migrated before it serves."""
    server = stage.server(*UNHURRIED)
    given = server.database_of_master()
    fleet = fleet_of(stage, given)
    with stage.under_load(fleet, server, replaced=True) as scene, scene.fault():
        for migrations in ({EXPANDED: EXPAND}, {}):
            for _ in range(2):
                fleet.replace(serve(stage, instance(stage, given, migrations, **DRAIN)))
    columns = {name for (name,) in server.rows(COLUMNS.format(scene.database))}
    return scene.judged(
        result.faults_are_only(scene.load.requests),
        Bound("the column is there, and stays", "note" in columns),
    )


AGAIN = Guard("nginx asks again for what was being read", (Edit(NGINX, "        GET     @again;\n", ""),))

DRILLS = (
    Drill(
        "worker-killed",
        worker_killed,
        "a worker killed (-9) while requests wait in it",
        AGAIN,
    ),
    Drill(
        "rolling-replacement",
        rolling,
        "two instances behind a load balancer replaced by two others",
        Guard("nginx serves on for 3 s after it is asked to stop", environ={"WEB_DRAIN": "0"}),
    ),
    Drill(
        "new-column",
        new_column,
        "a release with a new column rolled out, and taken back",
        Guard(
            "a release knows what of newer tables it works with",
            (Edit("app/migrate.py", OF_NEWER, 'raise MigrationError(f"unknown revision {current}")'),),
        ),
    ),
)
