"""What several test files need: the application on SQLite, a real MariaDB, processes that end with the test."""

import os
import shutil
import signal
from contextlib import contextmanager
from pathlib import Path

import pytest

from drills.parts import site
from drills.parts.processes import (  # noqa: F401  the tests take them from here
    BIN,
    ROOT,
    SETTINGS,
    Missing,
    accepts,
    clean_environment,
    free_port,
    running,
    wait_until,
)
from drills.parts.servers import SECRET_KEY, MariaDB, running_server

HEAD = max(path.name for path in (ROOT / "app/migrations/versions").glob("*.py"))[:4]  # the newest migration


# A shell starts what runs in its background without them, and everything started from there would go on without.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def create_app(*settings):
    """The application. It is imported where it is asked for: most tests do not wait for it and SQLAlchemy."""
    import app

    return app.create_app(*settings)


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
    from app.models import db

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
def skipped_where_missing():
    """Skip the test that needs what this machine lacks."""
    try:
        yield
    except Missing as error:
        pytest.skip(str(error))


@contextmanager
def mariadb_server(folder: Path, *options):
    """Run a private server with its data in folder and yield its MariaDB."""
    with skipped_where_missing(), running_server(folder, *options, of=MariaDB) as server:
        yield server


@contextmanager
def running_site(folder: Path, **environ):
    """Run what is in both images, migrated, and yield its Site."""
    with skipped_where_missing(), site.running_site(folder, **environ) as served:
        yield served


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
    from sqlalchemy import text

    from app.models import db

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
