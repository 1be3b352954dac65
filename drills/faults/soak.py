"""A long mixed load: nothing of what the parts hold grows, and nobody is served more slowly at the end.

SOAK: how many seconds the full version takes (900).
"""

import os
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from drills import result
from drills.parts.layout import Edit
from drills.parts.processes import Missing, children
from drills.parts.servers import UNHURRIED
from drills.result import Bound, Result
from drills.stage import Drill, Guard, Stage, UnderLoad
from drills.visitors.growth import Sample, grows, growth
from drills.visitors.latency import percentile

SHORT, FULL = 24, 900  # seconds
SAMPLES = 48
# What is watched: (what of it is no growth, as a share and absolutely; unit).
LIMITS = {
    "memory of the application": (0.05, 8.0, "MiB"),
    "memory of nginx": (0.05, 2.0, "MiB"),
    "open files": (0.0, 8.0, "files"),
    "connections to the database": (0.0, 2.0, "connections"),
    "99th percentile": (0.5, 200.0, "ms"),
}
# A worker that keeps something of each request: 64 KiB, as a cache without a limit would.
LEAK = Edit(
    "app/request_log.py",
    "    used.started = time.perf_counter()\n",
    "    used.started = time.perf_counter()\n    OWN.add('x' * 65536 + str(used.started))\n",
)


def length(stage: Stage) -> float:
    """Seconds; raises Missing for a SOAK that is none."""
    if stage.short or stage.unguarded:
        return SHORT if stage.short else 2 * SHORT
    text = os.environ.get("SOAK") or str(FULL)
    if not (text.isascii() and text.isdigit() and int(text) >= SHORT):
        raise Missing(f"SOAK must be a number of seconds from {SHORT} on, not {text!r}")
    return float(text)


def processes(scene: UnderLoad) -> dict[str, list[int]]:
    """The process ids of each tier."""
    nginx = children(scene.site.web.pid)
    return {
        "application": [scene.site.app.pid, *scene.site.workers()],
        "nginx": [*nginx, *(worker for master in nginx for worker in children(master))],
    }


def memory(pids: list[int]) -> float:
    """MiB that only these processes use (Pss: a page that several share counts once)."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def open_files(pids: list[int]) -> int:
    count = 0
    for pid in pids:
        with suppress(OSError):
            count += len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return count


class Sampler(threading.Thread):
    """Takes samples of everything in LIMITS, so many seconds apart, until it is ended."""

    def __init__(self, scene: UnderLoad, every: float):
        super().__init__(daemon=True)
        self.scene, self.every, self.done = scene, every, threading.Event()
        self.samples: dict[str, list[Sample]] = {what: [] for what in LIMITS}

    def run(self) -> None:
        since = time.monotonic()
        while not self.done.wait(self.every):
            now = time.monotonic()
            recent = [request.seconds for request in self.scene.load.requests if request.ended > since]
            since = now
            for what, value in self.seen(recent).items():
                self.samples[what].append((now, value))

    def seen(self, recent: list[float]) -> dict[str, float]:
        tiers = processes(self.scene)
        found = {
            "memory of the application": memory(tiers["application"]),
            "memory of nginx": memory(tiers["nginx"]),
            "open files": open_files(tiers["application"] + tiers["nginx"]),
            "connections to the database": len(self.scene.server.sessions(self.scene.database)),
        }
        return found | ({"99th percentile": percentile(recent, 0.99) * 1000} if recent else {})

    def end(self) -> None:
        self.done.set()
        self.join()


def stays(what: str, samples: list[Sample]) -> Bound:
    share, most, unit = LIMITS[what]
    says = f"{what}: no growth by more than {most:g} {unit}" + (f" or {share:.0%}" if share else "")
    try:
        held = not grows(samples, share, most)
    except ValueError as error:
        return Bound(says, False, str(error))
    values = [value for _, value in samples]
    return Bound(says, held, f"{values[0]:.1f} at first, {values[-1]:.1f} at last, growth {growth(samples):+.1f}")


def soak(stage: Stage) -> Result:
    seconds = length(stage)
    server = stage.server(*UNHURRIED)
    site = stage.site(server.database_of_master())
    with stage.under_load(site, server, longest=seconds + 60) as scene, scene.fault():
        sampler = Sampler(scene, seconds / SAMPLES)
        sampler.start()
        time.sleep(seconds)
        sampler.end()
    done = scene.judged(
        result.faults_are_only(scene.load.requests, "503"),
        *(stays(what, samples) for what, samples in sampler.samples.items()),
    )
    return replace(done, injected=f"a mixed load for {seconds:.0f} s")


DRILLS = (
    Drill(
        "soak",
        soak,
        "a mixed load for a long time",
        Guard("no request leaves anything behind", (LEAK,)),
    ),
)
