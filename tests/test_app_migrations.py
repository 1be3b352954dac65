"""Migration 0002 on a database of the release before: its entries are found, and its code goes on working."""

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from app import create_app, database, store
from app.models import db
from app.store import words
from drills.parts.servers import SECRET_KEY
from tests.conftest import ROOT, application

INSERT = text(
    "INSERT INTO entries (title, description, status, created_at, updated_at)"
    " VALUES (:title, '', 'open', '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
)


def upgrade(app, revision):
    with app.app_context(), db.engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(ROOT / "app/migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.slow)])
def before(request, no_settings, monkeypatch, tmp_path):
    """The address of a database as the release before left it, with 1,200 entries."""
    if request.param == "sqlite":
        given = {"DATABASE_URL": f"sqlite:///{tmp_path}/old.sqlite", "SECRET_KEY": SECRET_KEY}
    else:
        given = request.getfixturevalue("mariadb").database()
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    app = create_app()
    upgrade(app, "0001")
    with app.app_context():
        with db.engine.begin() as connection:
            connection.execute(INSERT, [{"title": f"Entry {number}"} for number in range(1, 1201)])
        db.engine.dispose()
    return app.config["SQLALCHEMY_DATABASE_URI"]


def found(search):
    return [entry.id for entry in database.read(store.page, store.make_query(search=search)).entries]


def test_entries_of_the_release_before_are_found(before):
    with application(before) as app, app.app_context():
        assert [found(f"entry {number}") for number in (500, 777, 1200)] == [[500], [777], [1200]]
        entry = database.read(store.get, 777)
        assert (entry.title, entry.version, entry.updated_at.year) == ("Entry 777", 1, 2026)
        assert database.write(store.create, {"title": "new", "description": "", "status": "open"}).id == 1201


def test_a_migration_that_was_killed_goes_on(before, monkeypatch):
    """It ends after its first batch of words, when MySQL has stored all tables and indexes already."""
    batches = []

    def killed(*arguments):
        batches.append(arguments)
        if len(batches) == 2:
            raise KeyboardInterrupt
        return add_words(*arguments)

    add_words = words.add_words
    with monkeypatch.context() as patch:
        patch.setattr(words, "add_words", killed)
        with pytest.raises(KeyboardInterrupt):
            upgrade(create_app(), "0002")
    with application(before) as app, app.app_context():
        assert [found(f"entry {number}") for number in (777, 1200)] == [[777], [1200]]


def test_the_release_before_works_on_the_new_tables(before):
    """What its code sends: inserts without version, and deletes that know no words."""
    with application(before) as app, app.app_context():
        with db.engine.begin() as connection:
            connection.execute(INSERT, {"title": "by the old one"})
            connection.execute(text("UPDATE entries SET title = 'renamed' WHERE id = 5"))
            connection.execute(text("DELETE FROM entries WHERE id = 6"))
        assert database.read(store.get, 1201).version == 1
        assert database.write(store.update_entry, 5, {"title": "renamed again"}, [1]).version == 2
        assert found("again") == [5]
        assert database.read(store.page, store.make_query(search="6", sort="oldest")).entries[0].id == 60
        database.write(store.delete_entries, [7])
        with db.engine.connect() as connection:
            listed = connection.scalar(text("SELECT COUNT(*) FROM entries WHERE id = 7"))
        assert listed == 0, "the release before would show what is deleted"
        assert found("old") == []
        store.tidy(database.write)
        assert found("old") == [1201]
