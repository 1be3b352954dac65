"""The two images' parts on loopback: nginx and Gunicorn as processes in the layout of the Dockerfile, as configured."""

import http.client
import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

from drills.parts.layout import Edit, command, unpack
from drills.parts.processes import SYSTEM_PATH, Missing, children, clean_environment, end, free_port, start, wait_until

STAGES = ("app", "web")


class Site:
    """Both tiers below a folder: `app` (Gunicorn) behind `web` (nginx), each a process with a log and a port."""

    def __init__(self, folder: Path, environ: dict[str, str], edits: Iterable[Edit] = (), within: tuple[str, ...] = ()):
        """Lay both out; environ is what both are given beside their ports, edits change files of theirs.

        within are words that run a command elsewhere, and become it.
        """
        self.folder, self.within = folder, within
        (folder / "tmp").mkdir(parents=True)
        ports = {
            "WEB_PORT": str(free_port()),
            "WEB_ADDRESS": "127.0.0.1",
            "APP_PORT": str(free_port()),
            "TMPDIR": str(folder / "tmp"),
            "WEB_DRAIN": "0",
        }
        self.given = {**ports, "IN_CONTAINER": "1", "PYTHONDONTWRITEBYTECODE": "1", **environ}
        self.migrating = dict(self.given)
        edits = tuple(edits)
        self.layouts = {stage: unpack(stage, folder / stage, edits) for stage in STAGES}
        self.processes: dict[str, subprocess.Popen] = {}
        self.before = self.files()

    @property
    def port(self) -> int:
        return int(self.given["WEB_PORT"])

    @property
    def app_port(self) -> int:
        return int(self.given["APP_PORT"])

    @property
    def app(self) -> subprocess.Popen:
        """Gunicorn's master."""
        return self.processes["app"]

    @property
    def web(self) -> subprocess.Popen:
        """The script whose child is nginx."""
        return self.processes["web"]

    def workers(self) -> list[int]:
        """The process ids of Gunicorn's workers."""
        return children(self.app.pid)

    def files(self) -> set[Path]:
        return {path for layout in self.layouts.values() for path in layout.rglob("*")}

    def migration(self, *words: str) -> subprocess.CompletedProcess:
        """Run `flask migrate` as it is given, with further words; how it ended, and what it said."""
        return subprocess.run(
            ["flask", "--app", "app", "migrate", *words],
            cwd=self.layouts["app"],
            env=clean_environment(**self.migrating),
            check=False,
            capture_output=True,
            text=True,
        )

    def migrate(self) -> None:
        """Migrate, and serve as the user that it made, if it made one. It can be run again.

        AssertionError with its words if it fails.
        """
        done = self.migration()
        if done.returncode:
            raise AssertionError(f"flask migrate: {done.stdout}{done.stderr}")
        for name in ("DATABASE_USERNAME", "DATABASE_PASSWORD"):
            if user := self.given.pop(f"APP_{name}", None):
                self.given[name] = user

    def start(self, stage: str, **environ: str) -> None:
        """Start one of the two as its image does, without waiting; raise Missing where there is no nginx."""
        if stage == "web":
            require_nginx()
        settings = clean_environment(**self.given | environ)
        log = self.folder / f"{stage}.log"
        self.processes[stage] = start([*self.within, *command(stage)], log, cwd=self.layouts[stage], env=settings)

    def end(self, stage: str) -> None:
        """Ask one of the two to end, and see that it has."""
        if stage in self.processes:
            end(self.processes[stage], 60)

    def wait(self) -> None:
        """Return when a request gets through both."""
        wait_until(lambda: answers(self.port), what="the site")

    def call(self, path, method="GET", body=None, port=None, **headers):
        """Return the response and its body; header names are written with _ for -."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=30)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def requests(self, name: str) -> list[dict]:
        """The lines of a log that are about requests."""
        lines = [json.loads(line) for line in self.log(name).splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] in {"request", "web"}]


def answers(port: int) -> bool:
    """Whether /healthz at this port is 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def require_nginx() -> None:
    """Raise Missing where there is no nginx."""
    if not shutil.which("nginx", path=f"{os.environ['PATH']}:{SYSTEM_PATH}"):
        raise Missing("needs nginx (Debian: apt-get install nginx-light)")


@contextmanager
def running_site(folder: Path, edits: Iterable[Edit] = (), **environ: str):
    """Run the CMD of both images in their layouts, migrated, on free loopback ports, and end them, web first."""
    site = Site(folder, environ, edits)
    site.migrate()
    try:
        for stage in STAGES:
            site.start(stage)
        site.wait()
        yield site
    finally:
        for stage in reversed(STAGES):
            site.end(stage)
    assert site.files() == site.before, "something wrote outside of TMPDIR"  # noqa: S101  a promise of the image
