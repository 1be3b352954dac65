"""Faults of the database server under load: it ends, hangs, refuses, fills up."""

import time

from drills import result
from drills.layout import Edit
from drills.result import Result
from drills.stage import Drill, Guard, Stage


def killed(stage: Stage) -> Result:
    server = stage.server()
    site = stage.site(server.database_of_master())
    with stage.under_load(site, server) as scene:
        scene.begun = time.monotonic()
        server.kill()
        time.sleep(stage.seconds(5, 1))
        server.start()
        scene.gone = time.monotonic()
    return scene.judged(
        result.fails_at_all(scene.load.requests),
        result.faults_are_only(scene.load.requests, "503"),
        result.readiness_follows(scene.watch.checks, scene.begun, scene.gone),
    )


DRILLS = (
    Drill(
        "database-killed",
        killed,
        "database server killed (-9) and started again",
        Guard(
            "the driver's errors about connections are known as outages",
            (Edit("app/outage.py", "OF_THE_CLIENT = range(2000, 3000)", "OF_THE_CLIENT = range(0)"),),
        ),
        in_short=True,
    ),
)
