"""The application's own user, made by `flask migrate`: what it can do, its password, and errors in one line."""

import logging
import shutil
import string
import subprocess

import pymysql
import pytest
from sqlalchemy import Engine, event

from app import database_user
from drills.parts.servers import APP_PASSWORD, PASSWORD
from tests.conftest import HEAD, Browser, mariadb_server, rows

PUNCTUATION = string.punctuation[::-1] + " "


def log_in(mariadb, given, **options):
    """Log in as the application's user and out again; raise the driver's error."""
    mariadb.connect(given["APP_DATABASE_USERNAME"], given["APP_DATABASE_PASSWORD"], **options).close()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shop_{}", "a%b_{}", "it's `{}`:x", 'say "{}" \\'])
def test_pages_as_the_applications_user(mariadb, migrate_with, application_of, name):
    given = mariadb.database_of_master(name)
    result = migrate_with(given)
    assert result.output.startswith(f"migrate: upgraded from an empty database to {HEAD} in ")
    assert result.output.endswith(f" s, user {given['APP_DATABASE_USERNAME']} may read and write rows\n")
    app = application_of(given)
    browser = Browser(app)
    browser.add("first")
    browser.add("😀 second")
    assert browser.post("/entries/1/edit", {"title": "changed", "status": "done", "version": 1}).status_code == 303
    assert browser.post("/entries/2/done").status_code == 303
    assert "changed" in browser.get("/").text
    assert browser.post("/entries/1/delete").status_code == 303
    assert rows(app, "SELECT title, status FROM entries") == [("😀 second", "done")]
    assert rows(app, "SELECT CURRENT_USER()") == [(f"{given['APP_DATABASE_USERNAME']}@%",)]


@pytest.mark.slow
@pytest.mark.parametrize("sql_mode", ["", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES"])
def test_a_changed_password_takes_effect(mariadb, migrate_with, sql_mode):
    old = mariadb.database_of_master()
    new = old | {"APP_DATABASE_PASSWORD": PUNCTUATION}
    ((before,),) = mariadb.rows("SELECT @@GLOBAL.sql_mode")
    mariadb.run(f"SET GLOBAL sql_mode = '{sql_mode}'")
    try:
        results = [migrate_with(old)]
        log_in(mariadb, old)
        results.append(migrate_with(new))
        log_in(mariadb, new)
        results.append(migrate_with(new))
    finally:
        mariadb.run(f"SET GLOBAL sql_mode = '{before}'")
    with pytest.raises(pymysql.OperationalError, match="Access denied"):
        log_in(mariadb, old)
    log_in(mariadb, new)
    line = f"nothing to do, the database is at {HEAD}, user {old['APP_DATABASE_USERNAME']} may read and write rows"
    assert [result.output for result in results[1:]] == [f"migrate: {line}\n"] * 2


@pytest.fixture
def encrypting(tmp_path):
    """A MariaDB that offers TLS, with a certificate that nobody vouches for."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl (Debian: apt-get install openssl)")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with mariadb_server(tmp_path, f"--ssl-cert={certificate}", f"--ssl-key={key}") as server:
        yield server


@pytest.mark.slow
def test_where_migrate_is_encrypted_the_application_must_be(encrypting, migrate_with, application_of):
    given = encrypting.database_of_master()
    assert migrate_with(given).exit_code == 0
    log_in(encrypting, given)
    with pytest.raises(pymysql.OperationalError, match="Access denied"):
        log_in(encrypting, given, ssl_disabled=True)
    app = application_of(given)
    Browser(app).add("over TLS")
    ((_, cipher),) = rows(app, "SHOW SESSION STATUS LIKE 'Ssl_cipher'")
    assert cipher


@pytest.fixture
def statements():
    """The statements that SQLAlchemy sends, in order."""
    sent = []

    def remember(connection, cursor, statement, *rest):
        sent.append(" ".join(statement.split()[:2]))

    event.listen(Engine, "before_cursor_execute", remember)
    yield sent
    event.remove(Engine, "before_cursor_execute", remember)


@pytest.mark.slow
def test_all_happens_under_the_lock_and_a_running_application_keeps_its_rights(mariadb, migrate_with, statements):
    given = mariadb.database_of_master()
    migrate_with(given)
    del statements[:]
    migrate_with(given)
    (taken,) = (at for at, words in enumerate(statements) if words.startswith("SELECT GET_LOCK"))
    (released,) = (at for at, words in enumerate(statements) if words.startswith("SELECT RELEASE_LOCK"))
    assert taken < statements.index("CREATE USER") < statements.index("ALTER USER") < released
    assert taken < statements.index("GRANT SELECT,") < released
    assert not [words for words in statements if words.startswith(("REVOKE", "DROP"))]


@pytest.mark.slow
def test_no_password_is_shown(mariadb, migrate_with, monkeypatch, caplog):
    """Not in the log of the statements, and not in the server's words about one that it does not understand."""
    given = mariadb.database_of_master()
    given["APP_DATABASE_PASSWORD"] = "0therSecret"
    caplog.set_level(logging.INFO, "sqlalchemy.engine")
    assert migrate_with(given).exit_code == 0
    assert "CREATE USER" in caplog.text, "the statements are in the log"
    wrong = "ALTER USER %(name)s@'%%' WITH PASSWORD IDENTIFIED BY %(password)s"
    monkeypatch.setattr(database_user, "PASSWORD_STATEMENTS", (wrong,))
    result = migrate_with(given)
    name = given["APP_DATABASE_USERNAME"]
    assert result.output == f"migrate: error: user {name}: the server does not know this form of ALTER USER\n"
    for secret in ["0therSecret", PASSWORD]:
        assert secret not in caplog.text + result.output


APP = {"APP_DATABASE_USERNAME": "app", "APP_DATABASE_PASSWORD": APP_PASSWORD}
RULE = "APP_DATABASE_USERNAME must be 1 to 32 letters, digits, - or _, and not root"


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({**APP, "APP_DATABASE_USERNAME": ""}, "missing environment variable: APP_DATABASE_USERNAME"),
        ({**APP, "APP_DATABASE_PASSWORD": ""}, "missing environment variable: APP_DATABASE_PASSWORD"),
        ({**APP, "APP_DATABASE_USERNAME": "a" * 33}, RULE),
        ({**APP, "APP_DATABASE_USERNAME": "a'b"}, RULE),
        ({**APP, "APP_DATABASE_USERNAME": "ä"}, RULE),
        ({**APP, "APP_DATABASE_USERNAME": "app\n"}, RULE),
        ({**APP, "APP_DATABASE_USERNAME": "mysql.sys"}, RULE),
        ({**APP, "APP_DATABASE_USERNAME": "root"}, RULE),
        (
            {**APP, "DATABASE_USERNAME": "app"},
            "APP_DATABASE_USERNAME must not be the migrating user, DATABASE_USERNAME",
        ),
        (
            {**APP, "DATABASE_URL": "mysql://app:p@127.0.0.1"},
            "APP_DATABASE_USERNAME must not be the migrating user, DATABASE_USERNAME",
        ),
    ],
)
def test_errors_are_one_line(migrate_with, environ, line):
    result = migrate_with({"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": "1", **environ})
    assert (result.exit_code, result.output) == (1, f"migrate: error: {line}\n")


@pytest.mark.slow
def test_a_migrating_user_who_may_not_make_users_is_told_so(mariadb, migrate_with):
    result = migrate_with(mariadb.database() | APP)
    assert result.exit_code == 1
    assert result.output.startswith("migrate: error: (1227, ")
    assert "CREATE USER" in result.output
    assert result.output.count("\n") == 1


def test_sqlite_knows_no_users(migrate_with, tmp_path):
    given = APP | {"DATABASE_URL": f"sqlite:///{tmp_path}/new.sqlite"}
    migrate_with(given)
    assert migrate_with(given).output == f"migrate: nothing to do, the database is at {HEAD}\n"
