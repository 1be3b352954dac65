"""`flask migrate`: many at once, killed half-way, on a newer database, on one that is still starting."""

import ast
import re
import subprocess
import sys
import time
from subprocess import PIPE

import pytest

from app import compatibility, create_app, migrate
from app.models import db
from tests.conftest import HEAD, ROOT, clean_environment, free_port, rows, running, wait_until

COMMAND = ["flask", "--app", "app", "migrate"]
VERSIONS = sorted((ROOT / "app/migrations/versions").glob("*.py"))


def run_migrate(app, *words):
    return app.test_cli_runner().invoke(args=["migrate", *words])


def test_migrate_twice(no_settings, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/new.sqlite")
    app = create_app()
    first, second = run_migrate(app), run_migrate(app)
    assert first.output.startswith(f"migrate: upgraded from an empty database to {HEAD} in ")
    assert second.output == f"migrate: nothing to do, the database is at {HEAD}\n"
    assert (first.exit_code, second.exit_code) == (0, 0)


# An older release on a newer database.


def change(app, *statements):
    with app.app_context(), db.engine.connect() as connection:
        for statement in statements:
            connection.execute(db.text(statement))
        connection.commit()


NEWER = "UPDATE alembic_version SET version_num = '9999'"


@pytest.mark.parametrize("works_with", ["0001", HEAD])
def test_a_newer_database_that_works_with_this_release_is_left_alone(app, works_with):
    change(app, NEWER, f"UPDATE schema_compatibility SET works_with = '{works_with}'")
    result = run_migrate(app)
    line = f"migrate: nothing to do, the database is at 9999, which works with this release, {HEAD}\n"
    assert (result.exit_code, result.output) == (0, line)


def test_a_newer_database_that_does_not_is_refused_in_one_line(app):
    change(app, NEWER, "UPDATE schema_compatibility SET works_with = '9998'")
    result = run_migrate(app)
    line = (
        f"migrate: error: the database is at 9999 and works with releases from 9998 on; this one ends at {HEAD}:"
        " deploy a newer release\n"
    )
    assert (result.exit_code, result.output) == (1, line)


def test_an_unknown_database_is_refused_in_one_line(app):
    change(app, NEWER, "DROP TABLE schema_compatibility")
    result = run_migrate(app)
    line = f"migrate: error: the database is at 9999, which this release, ending at {HEAD}, does not know\n"
    assert (result.exit_code, result.output) == (1, line)


def test_a_migration_that_was_killed_before_it_said_so_is_done_again(each_app):
    """The database has all of it, and none of it is noted down."""
    change(each_app, "DELETE FROM alembic_version")
    result = run_migrate(each_app)
    assert (result.exit_code, rows(each_app, "SELECT version_num FROM alembic_version")) == (0, [(HEAD,)]), (
        result.output
    )


def test_what_works_with_the_tables_is_kept_with_them(app):
    assert rows(app, "SELECT works_with FROM schema_compatibility") == [("0001",)]
    change(app, "UPDATE schema_compatibility SET works_with = '0000'")
    run_migrate(app)
    assert rows(app, "SELECT works_with FROM schema_compatibility") == [("0001",)]


class Script:
    """A migration as far as compatibility.oldest looks at it."""

    def __init__(self, revision, **module):
        self.revision, self.module = revision, type("module", (), module)


@pytest.mark.parametrize(
    ("marks", "expected"), [({}, "0001"), ({"0003": "0002"}, "0002"), ({"0002": "0001", "0004": "0003"}, "0003")]
)
def test_the_newest_contraction_says_what_still_works(marks, expected):
    scripts = [
        Script(number, **({"works_with": marks[number]} if number in marks else {}))
        for number in ("0004", "0003", "0002", "0001")
    ]
    assert compatibility.oldest(type("", (), {"walk_revisions": lambda self: scripts})()) == expected


# Expand, then contract.

TAKES_AWAY = {"drop_table", "drop_column", "drop_constraint", "rename_table", "rename"}
CHANGES = {"alter_column", "execute"}


def contractions(source: str) -> list[str]:
    """What of a migration the release before might not survive: what it takes away, renames, or demands of it."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        words = {word.arg: ast.unparse(word.value) for word in node.keywords}
        if name in TAKES_AWAY:
            found.append(name)
        elif name == "alter_column" and set(words) - {"type_", "existing_type", "existing_nullable"}:
            found.append(f"{name} {', '.join(sorted(words))}")
        elif name == "execute" and re.search(r"(?i)\b(drop|rename|modify|change)\b", ast.unparse(node)):
            found.append(name)
        elif name == "add_column":
            found += [f"{name} {ast.unparse(node)}" for call in columns(node) if demands(call)]
    return found


def columns(node) -> list[ast.Call]:
    """The calls of Column in node, a call of add_column that may name one that was made before."""
    return [call for call in ast.walk(node) if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("Column")]


def demands(column: ast.Call) -> bool:
    words = {word.arg: ast.unparse(word.value) for word in column.keywords}
    return words.get("nullable") == "False" and "server_default" not in words


@pytest.mark.parametrize("path", VERSIONS[1:], ids=lambda path: path.stem)
def test_migrations_only_add_or_say_what_works_with_them(path):
    source = path.read_text()
    if not re.search(r"^works_with = ", source, re.MULTILINE):
        assert contractions(source) == []


@pytest.mark.parametrize(
    ("statement", "is_one"),
    [
        ("op.drop_column('entries', 'title')", True),
        ("op.drop_table('entries')", True),
        ("op.rename_table('entries', 'things')", True),
        ("op.alter_column('entries', 'title', new_column_name='name')", True),
        ("op.alter_column('entries', 'title', nullable=False)", True),
        ("op.add_column('entries', sa.Column('owner', sa.String(9), nullable=False))", True),
        ("op.execute('ALTER TABLE entries DROP COLUMN title')", True),
        ("op.add_column('entries', sa.Column('owner', sa.String(9), nullable=False, server_default=''))", False),
        ("op.add_column('entries', sa.Column('owner', sa.String(9)))", False),
        ("op.create_table('t', sa.Column('id', sa.Integer, nullable=False))", False),
        ("op.create_index('i', 'entries', ['status'])", False),
    ],
)
def test_what_counts_as_taking_away(statement, is_one):
    assert bool(contractions(statement)) == is_one


# What the release before asks the tables: its statements as SQLAlchemy sent them, from before search and versions.
RELEASE_BEFORE = [
    "INSERT INTO entries (title, description, status, created_at, updated_at)"
    " VALUES ('old', '', 'open', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    "SELECT entries.id, entries.title, entries.description, entries.status, entries.created_at, entries.updated_at"
    " FROM entries ORDER BY entries.id DESC LIMIT 51",
    "SELECT entries.id, entries.title, entries.description, entries.status, entries.created_at, entries.updated_at"
    " FROM entries WHERE entries.id < 100 ORDER BY entries.id DESC LIMIT 51",
    "UPDATE entries SET title='new', updated_at='2026-01-02 00:00:00' WHERE entries.id = 1",
    "UPDATE entries SET status='done', updated_at='2026-01-02 00:00:00' WHERE entries.id = 1",
    "DELETE FROM entries WHERE entries.id = 1",
]


@pytest.mark.parametrize("kind", ["app", pytest.param("mysql_app", marks=pytest.mark.slow)])
def test_the_release_before_works_with_the_new_tables(request, kind):
    app = request.getfixturevalue(kind)
    change(app, *RELEASE_BEFORE[:-1])
    assert rows(app, "SELECT title, status FROM entries") == [("new", "done")]
    change(app, RELEASE_BEFORE[-1])
    assert rows(app, "SELECT COUNT(*) FROM entries") == [(0,)]


# On MariaDB.


def start(given, *words):
    return subprocess.Popen(
        [*COMMAND, *words], cwd=ROOT, env=clean_environment(**given), stdout=PIPE, stderr=PIPE, text=True
    )


# Processes of their own as `flask migrate` ten times, but Python and the application are loaded once.
TEN_MIGRATORS = """
import os, sys
from pathlib import Path
from flask.cli import main
import app
children = []
for number in range(10):
    child = os.fork()
    if not child:
        for descriptor, name in ((1, "output"), (2, "errors")):
            os.dup2(os.open(Path(sys.argv[1], f"{number}.{name}"), os.O_WRONLY | os.O_CREAT), descriptor)
        sys.argv = ["flask", "--app", "app", "migrate"]
        main()
    children.append(child)
sys.exit(sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0 for child in children))
"""


@pytest.mark.slow
@pytest.mark.parametrize("old", [False, True])
def test_ten_migrators_at_once_go_one_after_the_other(mariadb, old, tmp_path):
    """We hold the lock until all of them wait for it, so that the test does not depend on who is quick."""
    given = mariadb.database_of_master()
    name, user = given["DATABASE_NAME"], given["APP_DATABASE_USERNAME"]
    before = "0001" if old else "an empty database"
    with mariadb.connect() as connection, connection.cursor() as cursor:
        if old:
            to_first_release(mariadb, given)
        cursor.execute("SELECT GET_LOCK(%s, 0)", (f"migrate {name}",))
        command = [sys.executable, "-c", TEN_MIGRATORS, tmp_path]
        migrators = subprocess.Popen(command, cwd=ROOT, env=clean_environment(**given))
        waiting = "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User lock' AND db = %s"
        wait_until(
            lambda: cursor.execute(waiting, (name,)) and cursor.fetchone() == (10,), what="ten waiting migrators"
        )
        cursor.execute("SELECT RELEASE_LOCK(%s)", (f"migrate {name}",))
    assert (migrators.wait(60), *(path.read_text() for path in tmp_path.glob("*.errors"))) == (0, *[""] * 10)
    outputs = [path.read_text() for path in tmp_path.glob("*.output")]
    assert len(outputs) == 10
    assert sum(output.startswith("migrate: nothing to do") for output in outputs) == 9
    assert sum(output.startswith(f"migrate: upgraded from {before} to {HEAD} in ") for output in outputs) == 1
    assert all(output.endswith(f", user {user} may read and write rows\n") for output in outputs)
    mariadb.connect(user, given["APP_DATABASE_PASSWORD"], database=name).close()


@pytest.mark.slow
def test_a_lock_that_is_never_given_back_is_one_line(mariadb, migrate_with, monkeypatch):
    given = mariadb.database()
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", 1)
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 0)", (f"migrate {given['DATABASE_NAME']}",))
        result = migrate_with(given)
    line = "migrate: error: another migration has held the lock for 1 s\n"
    assert (result.exit_code, result.output) == (1, line)


def to_first_release(mariadb, given):
    """Make the database what the first release left: its one table, with an entry, and its revision."""
    name = given["DATABASE_NAME"]
    with mariadb.connect(database=name) as connection, connection.cursor() as cursor:
        for statement in FIRST_RELEASE:
            cursor.execute(statement)


FIRST_RELEASE = [
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
    "INSERT INTO alembic_version VALUES ('0001')",
    "CREATE TABLE entries (id BIGINT NOT NULL AUTO_INCREMENT, title VARCHAR(200) NOT NULL,"
    " description VARCHAR(2000) NOT NULL, status VARCHAR(8) NOT NULL, created_at DATETIME NOT NULL,"
    " updated_at DATETIME NOT NULL, PRIMARY KEY (id), CONSTRAINT entries_status CHECK (status IN ('open', 'done')))"
    " ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_unicode_ci",
    RELEASE_BEFORE[0],
]


@pytest.mark.slow
def test_the_next_goes_on_where_one_was_killed(mariadb):
    """It is held at its last statement but one by a lock on the table of revisions, and killed there."""
    given = mariadb.database_of_master()
    to_first_release(mariadb, given)
    name = given["DATABASE_NAME"]
    with mariadb.connect(database=name) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM alembic_version FOR UPDATE")
        process = start(given)
        waiting = "SELECT id FROM information_schema.processlist WHERE db = %s AND info LIKE 'UPDATE alembic_version%%'"
        wait_until(lambda: cursor.execute(waiting, (name,)), what="a migrator at its end")
        process.kill()
        process.communicate()
        # The server has not noticed yet, and holds the lock until it does.
        second = start(given)
        time.sleep(1)
        assert second.poll() is None
        cursor.execute("ROLLBACK")
    output, errors = second.communicate(timeout=60)
    assert (second.returncode, errors) == (0, "")
    assert output.startswith(f"migrate: upgraded from 0001 to {HEAD} in ")
    assert mariadb.rows(f"SELECT title FROM {name}.entries") == (("old",),)


@pytest.mark.slow
def test_migrate_waits_for_a_database_that_is_starting(mariadb, tmp_path):
    """A relay stands in for the server that opens its port late."""
    environ, port = mariadb.database(), free_port()
    process = start({**environ, "DATABASE_PORT": str(port)}, "--wait", "20")
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
    started = time.monotonic()
    process = start({**mariadb.database(), name: value})
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - started < 10
    assert process.returncode == 1
    assert errors.startswith(f"migrate: error: ({code}, ")
    assert errors.count("\n") == 1
