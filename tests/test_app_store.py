"""The store: what entries are and what can be done with them, on SQLite and on a real MariaDB."""

import re
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import event

from app import database, store
from app.models import db, utc_now
from app.store.query import Position, make_cursor
from app.store.words import words_of, words_of_entry
from tests.conftest import rows


def values(title, description="", status="open"):
    return {"title": title, "description": description, "status": status}


@pytest.fixture
def context(each_app):
    with each_app.app_context():
        yield each_app


def add(title, description="", status="open"):
    return database.write(store.create, values(title, description, status))


def titles(query, limit=50):
    return [entry.title for entry in database.read(store.page, query, limit).entries]


def walk(limit, **asked):
    """Every entry of a list, page by page, there and back again: they must be the same pages."""
    there, cursor, is_partial = [], None, False
    while True:
        page = database.read(store.page, store.make_query(**asked, cursor=cursor), limit)
        there.append(page.entries)
        is_partial |= page.is_partial
        if page.next is None:
            break
        cursor = page.next
        assert len(there) < 100, "the pages go round in circles"
    back = [page.entries]
    while page.prev is not None:
        page = database.read(store.page, store.make_query(**asked, cursor=page.prev), limit)
        back.append(page.entries)
        assert len(back) < 100, "the pages go round in circles"
    found = [entry for entries in there for entry in entries]
    assert [entry for entries in back[::-1] for entry in entries] == found
    assert back[::-1] == there or is_partial
    return [entry.title for entry in found]


def test_create_get_update_delete_restore(context):
    made = add("Buy milk", "two litres")
    assert database.read(store.get, made.id) == made
    assert made.version == 1
    changed = database.write(store.update_entry, made.id, values("Buy oat milk", status="done"), [1])
    assert database.read(store.get, made.id) == changed
    assert (changed.title, changed.description, changed.status, changed.version) == ("Buy oat milk", "", "done", 2)
    assert database.write(store.set_status, [made.id], "open") == [made.id]
    assert database.read(store.get, made.id)[3:7:3] == ("open", 3)
    assert database.write(store.set_status, [made.id], "open") == []

    assert database.write(store.delete_entries, [made.id]) == [made.id]
    assert database.write(store.set_status, [made.id], "done") == []
    with pytest.raises(store.NotFound):
        database.read(store.get, made.id)
    with pytest.raises(store.NotFound):
        database.write(store.update_entry, made.id, values("again"))
    assert titles(store.make_query()) == titles(store.make_query(search="oat")) == []
    assert database.write(store.delete_entries, [made.id]) == []

    assert add("another").id > made.id, "an id is never used again"
    assert database.write(store.restore, [made.id]) == [made.id]
    restored = database.read(store.get, made.id)
    assert restored == changed._replace(status="open", version=4, updated_at=restored.updated_at)
    assert titles(store.make_query(search="oat")) == ["Buy oat milk"]
    assert database.write(store.restore, [made.id]) == []
    assert rows(context, "SELECT COUNT(*) FROM deleted_entries") == [(0,)]


def test_update_needs_the_version_that_it_is_based_on(context):
    entry = add("a")
    assert database.write(store.update_entry, entry.id, values("a"), [1]) == entry, "nothing changed"
    with pytest.raises(store.Conflict) as conflict:
        database.write(store.update_entry, entry.id, values("b"), [2, 3])
    assert conflict.value.entry == entry
    with pytest.raises(store.Conflict) as conflict:
        database.write(store.delete_entry, entry.id, [2, 3])
    assert conflict.value.entry == entry
    assert titles(store.make_query()) == ["a"]
    database.write(store.delete_entry, entry.id, [1])
    for versions in (None, [1]):
        with pytest.raises(store.NotFound):
            database.write(store.delete_entry, entry.id, versions)


def at_once(app, count, work):
    """Run work(number) in count threads that begin together; return what each returned or raised."""
    barrier, results = threading.Barrier(count), [None] * count

    def run(number):
        barrier.wait()
        with app.app_context():
            try:
                results[number] = work(number)
            except Exception as error:
                results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_updates_at_once_one_wins(context):
    for _ in range(5):
        entry = add("a")
        results = at_once(
            context, 4, lambda n, entry=entry: database.write(store.update_entry, entry.id, values(f"b{n}"), [1])
        )
        (won,) = (result for result in results if isinstance(result, store.StoredEntry))
        assert sum(isinstance(result, store.Conflict) for result in results) == 3, results
        assert database.read(store.get, entry.id) == won


def test_on_sqlite_nobody_writes_between_what_a_write_reads_and_writes(app):
    def rename(connection):
        entry = store.get(connection, 1)
        time.sleep(0.05)
        return store.update_entry(connection, 1, {"title": f"{entry.title}b"})

    with app.app_context():
        add("a")
        at_once(app, 3, lambda n: database.write(rename))
        assert titles(store.make_query()) == ["abbb"]


def test_of_deletions_and_restorations_at_once_one_wins(context):
    entry = add("a b c")
    for work in (store.delete_entries, store.restore):
        results = at_once(context, 4, lambda n, work=work: database.write(work, [entry.id]))
        assert sorted(results) == [[], [], [], [entry.id]]
    assert titles(store.make_query(search="b")) == ["a b c"]


@pytest.mark.parametrize("many", [False, True])
def test_what_is_deleted_comes_back_as_it_was_last_stored(context, many):
    """A change that came just before the deletion is not lost with it."""
    entry = add("a")
    remove = (store.delete_entries, [entry.id]) if many else (store.delete_entry, entry.id)
    for _ in range(5):
        changes = [(store.update_entry, entry.id, values("b")), (store.update_entry, entry.id, values("c")), remove]
        done = at_once(context, 3, lambda n, changes=changes: database.write(*changes[n]))
        assert done[2] in (None, [entry.id])
        stored = [result for result in done[:2] if not isinstance(result, store.NotFound)]
        last = max([entry, *stored], key=lambda each: each.version)
        database.write(store.restore, [entry.id])
        entry = database.read(store.get, entry.id)
        assert (entry.title, entry.version) == (last.title, last.version + 1)


def test_one_key_sent_at_once_makes_one_entry(context):
    results = at_once(context, 4, lambda n: database.write(store.create_once, "key", values("a")))
    assert len(set(results)) == 1, results
    assert rows(context, "SELECT id, title FROM entries") == [(results[0].id, "a")]


def test_key_answers_as_before_whatever_became_of_the_entry(context):
    first = database.write(store.create_once, "key", values("a", "b"))
    database.write(store.update_entry, first.id, values("changed"))
    assert database.write(store.create_once, "key", values("a", "b")) == first
    database.write(store.delete_entries, [first.id])
    assert database.write(store.create_once, "key", values("a", "b")) == first
    with pytest.raises(store.KeyReused):
        database.write(store.create_once, "key", values("a", "other"))
    assert database.write(store.create_once, "other key", values("a", "other")).id != first.id


def test_a_creation_that_fails_leaves_its_key_free(context, monkeypatch):
    def broken(*arguments):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("app.store.idempotency.index_entry", broken)
        with pytest.raises(ZeroDivisionError):
            database.write(store.create_once, "key", values("a"))
    assert database.write(store.create_once, "key", values("b")).title == "b"


def test_bulk(context):
    ids = [add(f"entry {n}").id for n in range(5)]
    assert database.write(store.set_status, [*ids[:3], 999], "done") == sorted(ids[:3])
    assert database.write(store.set_status, ids[:4], "done") == [ids[3]], "the others are done already"
    assert titles(store.make_query(status="open")) == ["entry 4"]
    assert database.write(store.delete_entries, [*ids[:2], 999]) == ids[:2]
    assert database.write(store.restore, [ids[0], ids[4]]) == [ids[0]]
    assert titles(store.make_query()) == ["entry 4", "entry 3", "entry 2", "entry 0"]
    assert database.write(store.delete_entries, []) == database.write(store.restore, []) == []


MIXED = ["b", "A", "a", "B", "c", "é", "Z", "😀", "a b", "10", "2"]


def test_every_order_with_and_without_a_filter_there_and_back(context):
    """Several entries share a second and a title, so that only the id tells them apart."""
    database.write(
        store.create_many, [values(title, status="done" if n % 3 else "open") for n, title in enumerate(MIXED)]
    )
    with db.engine.begin() as connection:
        connection.execute(db.text("UPDATE entries SET updated_at = '2026-01-01 00:00:00.000000' WHERE id <= 4"))
        connection.execute(db.text("UPDATE entries SET updated_at = '2025-01-01 00:00:00.000000' WHERE id > 9"))
    by_update = [8, 7, 6, 5, 4, 3, 2, 1, 0, 10, 9]
    for limit in (1, 2, 3, 11, 50):
        assert walk(limit) == MIXED[::-1]
        assert walk(limit, sort="oldest") == MIXED
        assert walk(limit, sort="updated") == [MIXED[n] for n in by_update]
        assert walk(limit, sort="updated", status="done") == [MIXED[n] for n in by_update if n % 3]
        assert walk(limit, status="open") == [title for n, title in enumerate(MIXED) if n % 3 == 0][::-1]
        by_title = walk(limit, sort="title")
        assert sorted(by_title) == sorted(MIXED)
        assert [title for title in by_title if title in "AaBbc"] == ["A", "a", "b", "B", "c"]
        assert walk(limit, sort="title", status="done") == [t for t in by_title if MIXED.index(t) % 3]


def test_pages_of_a_list_that_changes_between_them(context):
    """Nothing is shown twice or left out because of what was added or deleted before it."""
    ids = database.write(store.create_many, [values(f"{n}") for n in range(6)])
    page = database.read(store.page, store.make_query(), 2)
    add("new")
    database.write(store.delete_entries, [ids[4]])  # the last one of the page just seen
    page = database.read(store.page, store.make_query(cursor=page.next), 2)
    assert [entry.title for entry in page.entries] == ["3", "2"]
    page = database.read(store.page, store.make_query(cursor=page.prev), 2)
    assert [entry.title for entry in page.entries] == ["new", "5"]
    ends = database.read(store.page, store.make_query(sort="oldest"), 5)
    database.write(store.delete_entries, [ids[5], *(entry.id for entry in page.entries)])
    empty = database.read(store.page, store.make_query(sort="oldest", cursor=ends.next), 5)
    assert (empty.entries, empty.next) == ([], None)
    back = database.read(store.page, store.make_query(sort="oldest", cursor=empty.prev), 5)
    assert [entry.title for entry in back.entries] == ["0", "1", "2", "3"]


def test_search(context):
    add("Grüße aus Köln", "The quick brown fox")
    add("Straße", "brown\nBEAR, 3.5 km")
    add("日本語のタイトル")
    add("done", "brown thing", status="done")
    found = {
        "grusse": ["Grüße aus Köln"],
        "KÖLN gruße": ["Grüße aus Köln"],
        "brown": ["done", "Straße", "Grüße aus Köln"],
        "brown fox": ["Grüße aus Köln"],
        "fox, brown!": ["Grüße aus Köln"],
        "bro": ["done", "Straße", "Grüße aus Köln"],
        "brown th": ["done", "Grüße aus Köln"],
        "th brown": [],
        "bear 3": ["Straße"],
        "日本": ["日本語のタイトル"],
        "ﾀｲﾄﾙ": ["日本語のタイトル"],
        "nothing": [],
        "...": [],
        "%": [],
        "_": [],
        "' OR 1=1 --": [],
    }
    for search, expected in found.items():
        assert titles(store.make_query(search=search)) == expected, search
    assert titles(store.make_query(search="brown", status="open", sort="oldest")) == ["Grüße aus Köln", "Straße"]
    assert titles(store.make_query(search="  ")) == titles(store.make_query())
    database.write(store.update_entry, 1, {"description": "A slow one"})
    assert titles(store.make_query(search="fox")) == []
    assert titles(store.make_query(search="slow köln")) == ["Grüße aus Köln"]
    assert walk(1, search="brown") == walk(2, search="bro") == ["done", "Straße"]


def test_search_for_more_than_may_be_looked_at_says_where_it_stopped(context, monkeypatch):
    monkeypatch.setattr("app.store.search.CANDIDATES", 10)
    database.write(store.create_many, [values(f"same {'rare' if n in (3, 4, 36) else n}") for n in range(40)])
    page = database.read(store.page, store.make_query(search="same", status="done"), 5)
    assert (page.entries, page.is_partial, page.is_prefix) == ([], True, False)
    assert page.next is not None
    assert walk(5, search="same") == titles(store.make_query(), 40)
    assert walk(3, search="same rare") == ["same rare"] * 3
    assert titles(store.make_query(search="sam")) == [], "too many words begin so"
    assert database.read(store.page, store.make_query(search="rar")).is_prefix
    database.write(store.set_status, [5, 37], "done")
    for limit in (1, 2, 4):
        assert walk(limit, search="same", status="done") == ["same rare", "same rare"]
        assert walk(limit, search="same", status="done", sort="oldest") == ["same rare", "same rare"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, hello WORLD_2", ["hello", "world", "2"]),
        ("Crème Brûlée", ["creme", "brulee"]),
        ("ﬁne \uff21\uff11", ["fine", "a1"]),
        ("İstanbul ΣΊΣΥΦΟΣ", ["istanbul", "σισυφοσ"]),
        ("\u210c", ["h"]),
        ("हिन्दी", ["हिन्दी"]),
        ("漢字kana한국", ["漢", "字", "kana", "한", "국"]),
        ("x" * 40, ["x" * 32]),
        ("a-b's 😀\ud800", ["a", "b", "s"]),
        ("", []),
    ],
)
def test_words(text, words):
    assert words_of(text) == words


def test_words_of_an_entry_are_bounded_and_the_titles_come_first():
    words = words_of_entry("last words", " ".join(f"w{n}" for n in range(1000)))
    assert len(words) == store.WORDS_PER_ENTRY
    assert words[:2] == ["last", "words"]


QUERY = store.make_query()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "=",
        "e30",  # {}
        "W10",  # []
        "A" * 2001,
        "9" * 500,
        make_cursor(QUERY, Position(None, 10**19)),
        make_cursor(QUERY, Position(None, -1)),
        make_cursor(QUERY, Position(None, 10**18 + 1)),
        make_cursor(QUERY, Position(None, 1.5)),
        make_cursor(QUERY, Position(None, True)),
        make_cursor(QUERY, Position(None, "1")),
        make_cursor(QUERY, Position(None, [1])),
        make_cursor(QUERY, Position(None, 1, 2)),
        make_cursor(QUERY, Position("a", 1)),
        make_cursor(QUERY, Position(None, 1)) + "A",
        make_cursor(QUERY, Position(None, 1))[:-2],
    ],
)
def test_a_cursor_that_we_did_not_make_is_refused(cursor):
    with pytest.raises(store.InvalidQuery, match=r"none of ours") as error:
        store.make_query(cursor=cursor)
    assert error.value.field == "cursor"


@pytest.mark.parametrize("value", [None, 1, "", "yesterday", "0001-01-01", "2026-01-01T00:00:00+00:00"])
def test_a_cursor_with_another_columns_value_is_refused(value):
    with pytest.raises(store.InvalidQuery, match="none of ours"):
        store.make_query(sort="updated", cursor=make_cursor(store.make_query(sort="updated"), Position(value, 1)))


@pytest.mark.parametrize("value", [None, 1, "x" * 201, [], {}])
def test_a_cursor_without_a_title_is_refused(value):
    with pytest.raises(store.InvalidQuery, match="none of ours"):
        store.make_query(sort="title", cursor=make_cursor(store.make_query(sort="title"), Position(value, 1)))


@pytest.mark.parametrize("other", [{"status": "done"}, {"sort": "oldest"}, {"search": "a"}, {"search": "."}])
def test_a_cursor_of_another_list_is_refused(other):
    cursor = make_cursor(QUERY, Position(None, 1))
    assert store.make_query(cursor=cursor).position == Position(None, 1)
    with pytest.raises(store.InvalidQuery, match="another list"):
        store.make_query(**other, cursor=cursor)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"status": "maybe"}, "status"),
        ({"status": ""}, "status"),
        ({"sort": "random"}, "sort"),
        ({"sort": ""}, "sort"),
        ({"sort": "title", "search": "a"}, "sort"),
        ({"search": "x" * 201}, "search"),
        ({"search": "a b c d e f g h i"}, "search"),
    ],
)
def test_a_list_that_there_is_not_is_refused(asked, field):
    with pytest.raises(store.InvalidQuery) as error:
        store.make_query(**asked)
    assert error.value.field == field


def test_stream_gives_every_entry_in_short_reads(context, monkeypatch):
    monkeypatch.setattr("app.store.listing.BATCH", 4)
    database.write(store.create_many, [values(f"{n}", status="done" if n % 2 else "open") for n in range(10)])
    reads = []

    def read(*work):
        reads.append(work)
        return database.read(*work)

    assert [entry.title for entry in store.stream(read, store.make_query(sort="oldest"))] == list("0123456789")
    assert len(reads) == 3
    assert [entry.title for entry in store.stream(read, store.make_query(status="done", sort="title"))] == list("13579")


def test_purge_takes_what_is_old_in_batches(context):
    ids = database.write(store.create_many, [values(f"{n}") for n in range(5)])
    database.write(store.create_once, "key", values("a"))
    database.write(store.delete_entries, ids)
    assert database.write(store.purge_deleted) == database.write(store.purge_keys) == 0
    old = utc_now() - timedelta(days=31)
    with db.engine.begin() as connection:
        connection.execute(
            db.text("UPDATE deleted_entries SET deleted_at = :old WHERE id <> :id"), {"old": old, "id": ids[0]}
        )
        connection.execute(db.text("UPDATE idempotency_keys SET created_at = :old"), {"old": old})
    assert [database.write(store.purge_deleted, limit=3) for _ in range(3)] == [3, 1, 0]
    assert [database.write(store.purge_keys) for _ in range(2)] == [1, 0]
    assert database.write(store.restore, ids) == ids[:1]


def test_reindex_mends_what_a_release_without_words_wrote(context):
    kept = add("kept words")
    changed = add("old words")
    with db.engine.begin() as connection:
        connection.execute(db.text("UPDATE entries SET title = 'new ones' WHERE id = :id"), {"id": changed.id})
        connection.execute(
            db.text(
                "INSERT INTO entries (title, description, status, created_at, updated_at) "
                "VALUES ('unknown', '', 'open', '2026-01-01', '2026-01-01')"
            )
        )
    assert titles(store.make_query(search="unknown")) == []
    last, mended = 10**18, []
    while last is not None:
        count, last = database.write(store.reindex, last, 1)
        mended.append(count)
    assert mended == [1, 1, 0, 0]
    found = {word: titles(store.make_query(search=word)) for word in ("kept", "old", "new", "unknown")}
    assert found == {"kept": [kept.title], "old": [], "new": ["new ones"], "unknown": ["unknown"]}


@pytest.mark.parametrize("stored", [[], ["one", "lone", "fourth"], ["any", "number", "of", "other", "words"]])
def test_an_update_mends_what_a_release_without_words_wrote(context, stored):
    """Also where as many words are stored as the text has, if one of them is to be stored again."""
    entry = add("one two three")
    with db.engine.begin() as connection:
        connection.execute(db.text("DELETE FROM entry_words WHERE entry_id = :id"), {"id": entry.id})
        for word in stored:
            connection.execute(db.text("INSERT INTO entry_words VALUES (:word, :id)"), {"word": word, "id": entry.id})
    database.write(store.update_entry, entry.id, {"title": "one two three fourth"})
    for word in ("one", "two", "three", "fourth", *stored):
        has_it = word in {"one", "two", "three", "fourth"}
        assert titles(store.make_query(search=word)) == ["one two three fourth"] * has_it, word


def test_who_waits_for_another_change_stores_the_words_of_its_own(context):
    entry = add("one two three")
    texts = [" ".join(f"w{n}x{i}" for i in range(n + 1)) for n in range(4)]
    for _ in range(3):
        at_once(context, 4, lambda n: database.write(store.update_entry, entry.id, {"title": texts[n]}))
        words = database.read(store.get, entry.id).title.split()
        assert sorted(rows(context, "SELECT word FROM entry_words ORDER BY word")) == sorted((word,) for word in words)


def test_tidy_says_what_it_did(context):
    database.write(store.delete_entries, [add("a").id])
    with db.engine.begin() as connection:
        connection.execute(db.text("UPDATE deleted_entries SET deleted_at = '2020-01-01'"))
    run = context.test_cli_runner().invoke
    done = "{} deleted entries removed, 0 idempotency keys forgotten, 0 entries mended for search"
    assert run(args=["tidy"]).output == f"tidy: {done.format(1)}\n"
    assert run(args=["tidy"]).output == f"tidy: {done.format(0)}\n"


def test_migrate_tidies_for_a_bounded_time(context, monkeypatch):
    """Every task that starts runs it: what a release without words wrote meanwhile is found from the next one on."""
    with db.engine.begin() as connection:
        insert = (
            "INSERT INTO entries (title, description, status, created_at, updated_at) "
            "VALUES ('unknown', '', 'open', '2026-01-01', '2026-01-01')"
        )
        connection.execute(db.text(insert))
    migrate = context.test_cli_runner().invoke
    with monkeypatch.context() as patch:
        patch.setattr("app.cli.TIDYING", 0)
        assert "tidy" not in migrate(args=["migrate"]).output
    assert titles(store.make_query(search="unknown")) == []
    done = "tidy: 0 deleted entries removed, 0 idempotency keys forgotten, 1 entries mended for search"
    assert migrate(args=["migrate"]).output.splitlines()[1:] == [done]
    assert titles(store.make_query(search="unknown")) == ["unknown"]
    with db.engine.begin() as connection:
        connection.execute(db.text("DROP TABLE deleted_entries"))
    result = migrate(args=["migrate"])
    assert (result.exit_code, "tidy: left for the next time: " in result.output) == (0, True)


def test_a_list_is_one_statement_and_so_is_a_read(context):
    add("a")
    statements = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    database.read(store.page, store.make_query(status="open", sort="title"))
    database.read(store.get, 1)
    assert [re.match(r"\w+", statement)[0] for statement in statements] == ["SELECT", "SELECT"]
