"""The memory limit of a task: the kernel ends a process of who reaches it."""

import os
import time

from bench import rows
from bench.application import cgroup
from drills import result
from drills.faults.application import AGAIN, READING
from drills.parts.layout import Edit
from drills.parts.processes import Missing
from drills.parts.releases import serve
from drills.parts.servers import UNHURRIED
from drills.parts.site import Site
from drills.result import Bound, Result
from drills.stage import Drill, Stage, UnderLoad

MEGABYTES = 512  # of the smallest task, templates/rules.py
# While there is a file of this name each request leaves so many bytes behind; then they are given back. There are few
# clients, since it is memory that is to be short, not processors.
LEAK, LEFT, CLIENTS = "leak", 2**21, 6
# Where a worker stalls at its limit, or those that replace it have too little of a processor, 503 is said: so often.
REFUSED_OF_100 = 2
END = "    return app\n"
LEAKING = Edit(
    "app/__init__.py",
    END,
    f"""    import os

    left = []

    @app.before_request
    def leave():
        if os.path.exists(os.environ["TMPDIR"] + "/{LEAK}"):
            left.append(b"x" * {LEFT})
        else:
            left.clear()

{END}""",
)


def limited(stage: Stage) -> cgroup.Group:
    """A group of processes with a task's memory, until the drill's end; raise Missing where that is not allowed."""
    try:
        return stage.until_done.enter_context(cgroup.limited(os.cpu_count(), MEGABYTES))
    except rows.Missing as error:
        raise Missing(str(error)) from None


def memory_limit(stage: Stage) -> Result:
    """Workers that leak, in a task whose other processes do not: those must be ended, and nobody else."""
    group = limited(stage)
    server = stage.server(*UNHURRIED)
    edits = (LEAKING, *(stage.drill.guard.edits if stage.unguarded else ()))
    within = ("sh", "-c", f'{group.join} && exec "$@"', "sh")
    site = serve(stage, Site(stage.place("site"), server.database_of_master(), edits, within))
    leak = site.folder / "tmp" / LEAK
    with stage.under_load(site, server, replaced=True, clients=CLIENTS) as scene, scene.fault():
        leak.touch()
        time.sleep(stage.seconds(30, 10))
        leak.unlink()
    killed, least = group.killed(), 1 if stage.short else 3
    return scene.judged(
        Bound(f"the kernel ends {least} processes or more", killed >= least, f"{killed}"),
        Bound("Gunicorn's master and nginx live on", site.app.poll() is None and site.web.poll() is None),
        readers_notice_no_end,
        # The answer to a change may be cut off as its worker ends, or never come.
        result.faults_are_only(scene.load.requests, "502", "503", "IncompleteRead"),
        few_are_refused,
    )


def readers_notice_no_end(scene: UnderLoad) -> Bound:
    failed = result.faults(request for request in scene.load.requests if request.kind in READING)
    others = {kind: count for kind, count in failed.items() if kind != "503"}
    return Bound("no reader's answer is lost with a worker", not others, result.told(failed))


def few_are_refused(scene: UnderLoad) -> Bound:
    requests = scene.load.requests
    refused = result.faults(requests).get("503", 0)
    held = refused * 100 <= REFUSED_OF_100 * len(requests)
    return Bound(f"at most {REFUSED_OF_100} in 100 are refused with 503", held, f"{refused} of {len(requests)}")


DRILLS = (
    Drill(
        "memory-limit",
        memory_limit,
        f"workers that leak in a task with {MEGABYTES} MB, for 30 s (control groups)",
        AGAIN,
    ),
)
