"""The tables, and the pages on a real MariaDB."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app.models import db
from tests.conftest import Browser, rows


def differences(app):
    with app.app_context(), db.engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), db.metadata)


def test_models_equal_migrations(app):
    assert differences(app) == []


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
    browser.post("/entries/1/edit", {"title": "😀 changed", "status": "done", "version": 1})
    page = browser.get("/").text
    assert "😀 changed" in page
    assert "<li class=done>" in page
    assert browser.get("/entries/999999999999999999/edit").status_code == 404
    assert browser.post("/entries/1/open").status_code == 303
    assert rows(mysql_app, "SELECT status FROM entries") == [("open",)]
    assert browser.post("/entries/1/delete").status_code == 303
    assert rows(mysql_app, "SELECT id FROM entries") == []


@pytest.mark.slow
def test_missing_tables_are_an_unavailable_database(mysql_app):
    with mysql_app.app_context(), db.engine.connect() as connection:
        connection.execute(db.text("DROP TABLE entry_words, entries"))
    assert Browser(mysql_app).get("/").status_code == 503


@pytest.mark.parametrize("kind", ["app", pytest.param("mysql_app", marks=pytest.mark.slow)])
def test_seed_data(request, kind):
    app = request.getfixturevalue(kind)
    result = app.test_cli_runner().invoke(args=["seed-data", "450"])
    assert (result.exit_code, result.output[:33]) == (0, "seed-data: stored 450 entries in ")
    assert rows(app, "SELECT COUNT(*), COUNT(DISTINCT status) FROM entries") == [(450, 2)]
    assert rows(app, "SELECT COUNT(*) > 0 FROM entry_words WHERE word = 'piano'") == [(1,)]


@pytest.mark.parametrize(
    ("count", "fault"), [("0", "0 is not in the range 1<=x<=10000000."), ("many", "'many' is not a valid integer")]
)
def test_seed_data_of_a_wrong_number(app, count, fault):
    result = app.test_cli_runner().invoke(args=["seed-data", count])
    assert result.exit_code == 2
    assert fault in result.output


@pytest.mark.parametrize("seconds", ["-1", "3601"])
def test_migrate_waits_for_no_time_that_is_none(app, seconds):
    result = app.test_cli_runner().invoke(args=["migrate", "--wait", seconds])
    assert result.exit_code == 2
    assert f"{seconds} is not in the range 0<=x<=3600." in result.output


def test_seed_data_without_tables_is_one_line(app):
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(db.text("DROP TABLE entries"))
    result = app.test_cli_runner().invoke(args=["seed-data", "1"])
    assert (result.exit_code, result.output) == (1, "seed-data: error: no such table: entries\n")
    result = app.test_cli_runner().invoke(args=["tidy"])
    assert (result.exit_code, result.output) == (1, "tidy: error: no such table: entries\n")


@pytest.mark.slow
def test_the_list_costs_one_statement_and_a_change_few(mysql_app, caplog):
    caplog.set_level("INFO", "app.request")
    browser = Browser(mysql_app)
    browser.add("first").close()
    browser.get("/").close()
    browser.get("/entries/new").close()
    browser.post("/entries/1/done").close()
    browser.post("/entries/1/delete").close()
    cost = {
        (record.method, record.route): record.db_queries for record in caplog.records if record.name == "app.request"
    }
    assert cost["GET", "/"] == 1
    assert cost["GET", "/entries/new"] == 0
    assert cost["POST", "/entries/new"] <= 4
    assert cost["POST", "/entries/<id:entry_id>/<any(done, open):status>"] == 1
    assert cost["POST", "/entries/<id:entry_id>/delete"] <= 4
    browser.get("/?q=absent").close()
    assert caplog.records[-1].db_queries == 1
