"""One load of bounded length on one server, and what it took."""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.application import database, processes
from bench.application.database import Server
from bench.application.processes import Process, cpu
from bench.application.requests import OPERATIONS, WRITE, lines

SCRIPT = Path(__file__).with_name("load.lua")
READS = 2000  # different requests that read; the first comes again after the last
LATENCIES = ("p50", "p95", "p99")
LONGEST = 60  # seconds: a page that counts a million rows for each of many visitors answers nobody within one
REFUSED = b'"status": 503'  # in a line of the application's log
WRITES = 6000  # requests that write, a second of load: more than any of the servers can answer


@dataclass
class Measured:
    """Loads of one kind together. Latencies in milliseconds, one of each load.

    Requests are those that were served; what was refused for the time being is neither one of them nor an error.
    """

    requests: int = 0
    seconds: float = 0.0
    app_cpu: float = 0.0
    database_cpu: float = 0.0
    web_cpu: float = 0.0
    errors: int = 0
    refused: int = 0
    latencies: dict[str, list[float]] | None = None

    def add(self, other: "Measured") -> None:
        for name in ("requests", "seconds", "app_cpu", "database_cpu", "web_cpu", "errors", "refused"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        mine = self.latencies or {name: [] for name in other.latencies}
        self.latencies = {name: mine[name] + values for name, values in other.latencies.items()}

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def cpu(self) -> float:
        """Milliseconds of the application's processor a request, which is seconds a thousand requests."""
        return self.app_cpu / self.requests * 1000

    @property
    def database(self) -> float:
        """The same of the database."""
        return self.database_cpu / self.requests * 1000

    @property
    def web(self) -> float:
        """The same of nginx, 0 where there is none."""
        return self.web_cpu / self.requests * 1000

    def latency(self, name: str) -> float:
        """The median of the loads."""
        found = sorted(self.latencies[name])
        return found[len(found) // 2]


class Target:
    """An application on one of the databases, perhaps with nginx before it."""

    def __init__(self, app: Process, server: Server, rows: int, directory: Path, web: Process | None = None):
        self.app, self.server, self.rows, self.directory, self.web = app, server, rows, directory, web
        self.name = f"rows_{rows}"

    def measure(self, operation: str, connections: int, seconds: int, pause: float | None = None) -> Measured:
        """Send requests of an operation for so many seconds over so many connections.

        Each sends the next one as soon as it has an answer; with pause, in seconds, it waits so long before. A load of
        which nothing is answered in time is sent again, for longer.
        """
        writes = OPERATIONS[operation].kind == WRITE
        count = WRITES * seconds if writes else READS
        if operation == "delete":
            self.server.run(*database.to_delete(count), name=self.name)
        before, logged = self.used(), self.app.log.stat().st_size
        told = run_wrk((self.web or self.app).url, self.requests(operation, count), connections, seconds, pause)
        used = [now - then for now, then in zip(self.used(), before, strict=True)]
        self.settle()
        if writes:
            database.put_back(self.server, self.name, self.rows)
        if not told["requests"] and seconds < LONGEST:
            return self.measure(operation, connections, seconds * 4, pause)
        latencies = {name: [told[name] / 1000] for name in LATENCIES}
        refused = min(self.refused(logged), told["errors"])
        served, errors = told["requests"] - refused, told["errors"] - refused
        return Measured(served, told["us"] / 1e6, *used, errors, refused, latencies)

    def refused(self, logged: int) -> int:
        """How many requests the application says to have refused with 503, since its log was so long."""
        with self.app.log.open("rb") as log:
            log.seek(logged)
            return log.read().count(REFUSED)

    def used(self) -> tuple[float, float, float]:
        """Seconds of processor so far: of the application, the database and nginx."""
        return self.app.cpu(), cpu(self.server.pid), self.web.cpu() if self.web else 0.0

    def requests(self, operation: str, count: int) -> Path:
        path = self.directory / f"{operation}-{self.rows}-{count}"
        if not path.exists():
            path.write_text(lines(operation, self.rows, count))
        return path

    def settle(self) -> None:
        """Wait until what was under way when the load ended is done: then the server has closed the connection, too."""
        while processes.is_serving((self.web or self.app).port):
            time.sleep(0.02)


def run_wrk(url: str, requests: Path, connections: int, seconds: int, pause: float | None = None) -> dict:
    """What load.lua says in the end."""
    command = ["wrk", "--threads=1", f"--connections={connections}", f"--duration={seconds}s", "--timeout=60s"]
    command += [f"--script={SCRIPT}", url, "--", str(requests)]
    environment = {"PATH": os.environ["PATH"]} | ({} if pause is None else {"PAUSE": f"{pause * 1000:.0f}"})
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds + 90, check=False)
    if done.returncode:
        raise SystemExit(f"bench: wrk: {done.stderr or done.stdout}")
    return json.loads(done.stdout.splitlines()[-1])
