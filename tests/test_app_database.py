"""Migrations on SQLite, and the application on a real MariaDB."""

import subprocess
import time
from subprocess import PIPE

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event

from app import create_app
from app.models import db
from tests.conftest import ROOT, Browser, clean_environment, free_port, rows, running, wait_until


def migrate(app, *words):
    return app.test_cli_runner().invoke(args=["migrate", *words])


def differences(app):
    with app.app_context(), db.engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), db.metadata)


def test_migrate_twice(no_settings, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/new.sqlite")
    app = create_app()
    first, second = migrate(app), migrate(app)
    assert first.output.startswith("migrate: upgraded from an empty database to 0002 in ")
    assert second.output == "migrate: nothing to do, the database is at 0002\n"
    assert (first.exit_code, second.exit_code) == (0, 0)


def test_models_equal_migrations(app):
    assert differences(app) == []


def test_database_newer_than_this_version_is_refused_in_one_line(app):
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(db.text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    result = migrate(app)
    assert result.exit_code == 1
    assert result.output == "migrate: error: Can't locate revision identified by '9999'\n"


# On MariaDB.


@pytest.mark.slow
def test_models_equal_migrations_on_mariadb(mysql_app):
    assert differences(mysql_app) == []


@pytest.mark.slow
def test_tables_are_utf8mb4_whatever_the_database_is(mysql_app):
    tables = "SELECT table_collation, engine FROM information_schema.tables WHERE table_name = 'entries'"
    query = f"{tables} AND table_schema = DATABASE()"
    assert rows(mysql_app, query) == [("utf8mb4_unicode_ci", "InnoDB")]


@pytest.mark.slow
def test_pages_on_mariadb(mysql_app):
    browser = Browser(mysql_app)
    browser.add("😀" * 200, description="é" * 2000)
    browser.post("/entries/1/edit", {"title": "😀 changed", "status": "done"})
    page = browser.get("/").text
    assert "😀 changed" in page
    assert 'class="entry done"' in page
    assert browser.get("/entries/999999999999999999/edit").status_code == 404
    assert browser.post("/entries/1/toggle").status_code == 303
    assert rows(mysql_app, "SELECT status FROM entries") == [("open",)]
    assert browser.post("/entries/1/delete").status_code == 303
    assert rows(mysql_app, "SELECT id FROM entries") == []


@pytest.mark.slow
def test_missing_tables_are_an_unavailable_database(mysql_app):
    with mysql_app.app_context(), db.engine.connect() as connection:
        connection.execute(db.text("DROP TABLE entry_words, entries"))
    assert Browser(mysql_app).get("/").status_code == 503


@pytest.mark.slow
def test_four_migrators_at_once_go_one_after_the_other(mariadb):
    """We hold the lock until all four wait for it, so that the test does not depend on who is quick."""
    given = mariadb.database_of_master()
    name, user = given["DATABASE_NAME"], given["APP_DATABASE_USERNAME"]
    command = ["flask", "--app", "app", "migrate"]
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 0)", (f"migrate {name}",))
        processes = [
            subprocess.Popen(command, cwd=ROOT, env=clean_environment(**given), stdout=PIPE, stderr=PIPE, text=True)
            for _ in range(4)
        ]
        waiting = "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User lock' AND db = %s"
        wait_until(
            lambda: cursor.execute(waiting, (name,)) and cursor.fetchone() == (4,), what="four waiting migrators"
        )
        assert cursor.execute("SELECT 1 FROM information_schema.tables WHERE table_schema = %s", (name,)) == 0
        cursor.execute("SELECT RELEASE_LOCK(%s)", (f"migrate {name}",))
    results = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, results
    assert sorted(output.split()[1] for output, _ in results) == ["nothing"] * 3 + ["upgraded"]
    assert [errors for _, errors in results] == [""] * 4
    assert all(output.endswith(f", user {user} may read and write rows\n") for output, _ in results)
    mariadb.connect(user, given["APP_DATABASE_PASSWORD"], database=name).close()


@pytest.mark.slow
def test_migrate_waits_for_a_database_that_is_starting(mariadb, tmp_path):
    """A relay stands in for the server that opens its port late."""
    environ, port = mariadb.database(), free_port()
    late = clean_environment(**{**environ, "DATABASE_PORT": str(port)})
    command = ["flask", "--app", "app", "migrate", "--wait", "20"]
    process = subprocess.Popen(command, cwd=ROOT, env=late, stdout=PIPE, stderr=PIPE, text=True)
    time.sleep(2)
    assert process.poll() is None
    with running(["python", "-c", RELAY, str(port), environ["DATABASE_PORT"]], tmp_path / "relay"):
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert output.startswith("migrate: upgraded")


RELAY = """
import socket, sys, threading
def pump(a, b):
    while data := a.recv(65536):
        b.sendall(data)
    b.shutdown(socket.SHUT_WR)
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = server.accept()
    upstream = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    threading.Thread(target=pump, args=(client, upstream), daemon=True).start()
    threading.Thread(target=pump, args=(upstream, client), daemon=True).start()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value", "code"), [("DATABASE_PASSWORD", "wrong", 1045), ("DATABASE_NAME", "no", 1044)]
)
def test_migrate_does_not_wait_for_what_waiting_cannot_mend(mariadb, name, value, code):
    environ = clean_environment(**{**mariadb.database(), name: value})
    started = time.monotonic()
    result = subprocess.run(
        ["flask", "--app", "app", "migrate"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert time.monotonic() - started < 10
    assert result.returncode == 1
    assert result.stderr.startswith(f"migrate: error: ({code}, ")
    assert result.stderr.count("\n") == 1


@pytest.mark.slow
def test_frozen_database_is_503_in_time_and_then_back(mysql_app, mariadb):
    browser = Browser(mysql_app)
    browser.add("kept")
    with mariadb.frozen():
        started = time.monotonic()
        page = browser.get("/")
        took = time.monotonic() - started
        assert browser.get("/healthz").status_code == 200
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "5"
    assert took < 8
    assert browser.get("/").status_code == 200


@pytest.mark.slow
def test_lost_connections_are_noticed_before_the_visitor_is(mysql_app, mariadb):
    browser = Browser(mysql_app)
    browser.add("kept")
    ((own,),) = rows(mysql_app, "SELECT CONNECTION_ID()")
    mariadb.run(f"KILL {own}")
    assert "kept" in browser.get("/").text


@pytest.mark.slow
def test_refused_connection_is_503_at_once(mysql_app):
    browser = Browser(mysql_app)
    with mysql_app.app_context():
        db.engine.dispose()
        port = free_port()

        def elsewhere(dialect, record, args, params):
            params["port"] = port

        event.listen(db.engine, "do_connect", elsewhere)
    started = time.monotonic()
    page = browser.get("/")
    assert page.status_code == 503
    assert "The database is away" in page.text
    assert time.monotonic() - started < 1
    assert browser.post("/entries/new", {"title": "a"}).status_code == 503
