"""What several test files need: the application on SQLite, a real MariaDB, processes that end with the test."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from app import create_app
from app.models import db
from tests.mariadb import SECRET_KEY, MariaDB

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
HEAD = max(path.name for path in (ROOT / "app/migrations/versions").glob("*.py"))[:4]  # the newest migration
SETTINGS = re.compile(r"DATABASE_\w+|SECRET_KEY|IN_CONTAINER|ALLOWED_HOSTS|RELEASE|(APP|WEB|TASK|FLASK|GUNICORN)_\w+")


def free_port() -> int:
    """Return a free loopback port below 32768, where the system hands out none by itself."""
    while True:
        port = random.randrange(20000, 32768)  # noqa: S311  not a secret
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


def clean_environment(**settings) -> dict:
    """Return this process's environment without what configures the application, and with settings."""
    kept = {name: value for name, value in os.environ.items() if not SETTINGS.fullmatch(name)}
    return {**kept, "PATH": f"{BIN}:{os.environ['PATH']}:/usr/sbin", **settings}


def wait_until(condition, seconds=30, what="the condition"):
    """Return condition's first true value, asked every 50 ms; fail the test after seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come true within {seconds} s")


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(command, log: Path, **options):
    """Run command with its output in log, and end it afterwards."""
    log.write_bytes(b"")
    with log.open("ab") as output:  # appending: nginx opens it once more by the name /dev/stdout
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=subprocess.STDOUT, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Browser:
    """The Flask test client with what a browser adds: it says from which page a form was sent."""

    def __init__(self, app):
        self.app = app
        self.client = app.test_client()

    def get(self, path, **options):
        return self.client.get(path, buffered=True, **options)  # buffered: a static file is closed at once

    def post(self, path, data=None, origin="http://localhost", headers=None, **options):
        return self.client.post(path, data=data or {}, headers={"Origin": origin, **(headers or {})}, **options)

    def add(self, title, **fields):
        response = self.post("/entries/new", {"title": title, **fields})
        assert response.status_code == 303, response.text
        return response


@contextmanager
def application(url, **settings):
    """Yield the application on the migrated database at url."""
    app = create_app({"SQLALCHEMY_DATABASE_URI": url, **settings})
    result = app.test_cli_runner().invoke(args=["migrate", "--wait", "5"])
    assert result.exit_code == 0, result.output
    yield app
    close(app)


def close(app):
    with app.app_context():
        db.session.remove()
    app.extensions["database"].close()


def remove_settings(monkeypatch):
    """Take from the environment whatever would configure the application."""
    for name in list(os.environ):
        if SETTINGS.fullmatch(name):
            monkeypatch.delenv(name)


@pytest.fixture
def no_settings(monkeypatch):
    remove_settings(monkeypatch)


@pytest.fixture(scope="session")
def empty_tables(tmp_path_factory):
    """A migrated SQLite database without entries, to be copied: migrating takes as long as most tests."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.sqlite"
    with pytest.MonkeyPatch.context() as monkeypatch:
        remove_settings(monkeypatch)
        with application(f"sqlite:///{path}", SECRET_KEY=SECRET_KEY):
            pass
    return path


@pytest.fixture
def app(no_settings, tmp_path, empty_tables):
    copy = shutil.copy(empty_tables, tmp_path / "test.sqlite")
    app = create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{copy}", "SECRET_KEY": SECRET_KEY})
    yield app
    close(app)


@pytest.fixture
def browser(app):
    return Browser(app)


@contextmanager
def mariadb_server(folder: Path, *options):
    """Run a private server with its data in folder and yield its MariaDB."""
    search = f"{os.environ['PATH']}:/usr/sbin"
    server, install = shutil.which("mariadbd", path=search), shutil.which("mariadb-install-db", path=search)
    if not (server and install):
        pytest.skip("needs mariadbd and mariadb-install-db (Debian: apt-get install mariadb-server)")
    data, port = folder / "data", free_port()
    user = ["--user=root"] if os.geteuid() == 0 else []
    subprocess.run(
        [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", *user],
        check=True,
        capture_output=True,
    )
    command = [server, "--no-defaults", f"--datadir={data}", f"--socket={folder}/socket", f"--port={port}", *user]
    command += ["--bind-address=127.0.0.1", "--innodb-buffer-pool-size=32M", "--skip-name-resolve", *options]
    with running(command, folder / "log") as process:
        wait_until(lambda: accepts(port), what="mariadbd")
        yield MariaDB(port, process)


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory):
    with mariadb_server(tmp_path_factory.mktemp("mariadb")) as server:
        yield server


@pytest.fixture
def mysql_app(no_settings, mariadb, monkeypatch):
    """The application on a new MariaDB database, configured by the environment as in production."""
    for name, value in mariadb.database().items():
        monkeypatch.setenv(name, value)
    app = create_app()
    with application(app.config["SQLALCHEMY_DATABASE_URI"]) as app:
        yield app


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.slow)])
def each_app(request):
    """The application on SQLite, then on MariaDB."""
    return request.getfixturevalue({"sqlite": "app", "mariadb": "mysql_app"}[request.param])


def rows(app, statement):
    with app.app_context(), db.engine.connect() as connection:
        return connection.execute(text(statement)).all()


@pytest.fixture
def migrate_with(no_settings, monkeypatch):
    """Return a function that runs `flask migrate` in the environment given and returns its result."""

    def run(given):
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        return create_app().test_cli_runner().invoke(args=["migrate", "--wait", "5"])

    return run


@pytest.fixture
def application_of(no_settings, monkeypatch):
    """Return a function that makes the application whose user `flask migrate` made in the environment given."""
    apps = []

    def make(given):
        for name in ("DATABASE_USERNAME", "DATABASE_PASSWORD"):
            monkeypatch.setenv(name, given[f"APP_{name}"])
            monkeypatch.delenv(f"APP_{name}", raising=False)
        apps.append(create_app())
        return apps[-1]

    yield make
    for app in apps:
        close(app)
