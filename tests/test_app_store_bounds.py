"""Lists and searches read a bounded number of rows, however many there are: counted by a real server."""

import pytest
from sqlalchemy import Connection, event

from app import create_app, database, store
from app.models import db
from app.store.query import SORTS
from tests.conftest import application

# Every entry has the words `common` and `entry` and its number; every second one `half`, each 1000th `rare`. All were
# changed in the same second, and they have three titles: the worst for lists that begin at a second or a title.
GROW = [
    """
    INSERT INTO entries (id, title, description, status, created_at, updated_at)
    SELECT seq, CONCAT('title ', seq %% 3), '', IF(seq %% 4 = 0, 'done', 'open'), '2026-01-01', '2026-01-01'
    FROM numbers WHERE seq BETWEEN {first} AND {last}
    """,
    "INSERT INTO entry_words SELECT 'common', seq FROM numbers WHERE seq BETWEEN {first} AND {last}",
    "INSERT INTO entry_words SELECT 'entry', seq FROM numbers WHERE seq BETWEEN {first} AND {last}",
    "INSERT INTO entry_words SELECT CONCAT('n', seq), seq FROM numbers WHERE seq BETWEEN {first} AND {last}",
    "INSERT INTO entry_words SELECT 'half', seq FROM numbers WHERE seq BETWEEN {first} AND {last} AND seq %% 2 = 0",
    "INSERT INTO entry_words SELECT 'rare', seq FROM numbers WHERE seq BETWEEN {first} AND {last} AND seq %% 1000 = 0",
]
SMALL, LARGE = 10_000, 30_000


def grow(first, last):
    with db.engine.begin() as connection:
        for statement in GROW:
            connection.exec_driver_sql(statement.format(first=first, last=last))


@pytest.fixture(scope="module")
def grown(mariadb):
    """The application on a database with SMALL entries; tests add more."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in mariadb.database().items():
            patch.setenv(name, value)
        with application(create_app().config["SQLALCHEMY_DATABASE_URI"]) as app:
            with app.app_context():
                with db.engine.begin() as connection:
                    connection.exec_driver_sql("CREATE TABLE numbers (seq INT PRIMARY KEY)")
                    connection.exec_driver_sql("INSERT INTO numbers VALUES (1)")
                    for power in range(15):
                        connection.exec_driver_sql("INSERT INTO numbers SELECT seq + %s FROM numbers", (2**power,))
                grow(1, SMALL)
            yield app


@pytest.fixture
def large(grown):
    with grown.app_context():
        yield


def rows_read(connection: Connection) -> int:
    return sum(int(count) for _, count in connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Handler_read%%'"))


def count_reads(connection, query, limit=50):
    before, again = rows_read(connection), rows_read(connection)
    page = store.page(connection, query, limit)
    return rows_read(connection) - again - (again - before), page


def measure(**asked):
    """Return how many rows the first page of a list reads, and one further on, and the pages."""
    pages, reads, cursor = [], [], None
    for _ in range(3):
        count, page = database.read(count_reads, store.make_query(**asked, cursor=cursor))
        reads.append(count)
        pages.append(page)
        cursor = page.next
        if cursor is None:
            break
    return max(reads), pages


@pytest.mark.slow
@pytest.mark.parametrize("status", [None, "open", "done"])
@pytest.mark.parametrize("sort", SORTS)
def test_a_page_of_a_list_reads_its_own_rows_and_one_more(large, sort, status):
    reads, pages = measure(sort=sort, status=status)
    assert [len(page.entries) for page in pages] == [50, 50, 50]
    assert reads in (51, 52), "MySQL counts the end of the index too"


# Search, status: how many rows a page may read. A candidate is read once or twice as a word, again from a temporary
# table, then looked up in each other index that the search asks; the rarest word is found by counting.
SEARCHES = {
    ("absent", None): 10,
    ("common absent", None): 10,
    ("rare", None): 1000,
    ("rare common", "done"): 6 * store.CANDIDATES,
    ("common", None): 3 * store.CANDIDATES,
    ("common", "done"): 6 * store.CANDIDATES,
    ("common", "never"): 9 * store.CANDIDATES,
    ("com", None): 3 * store.CANDIDATES,
    ("common entry half", "done"): 13 * store.CANDIDATES,
}


@pytest.mark.slow
def test_a_search_reads_no_more_when_there_are_three_times_as_many_entries(large):
    def measured():
        asked = {search: store.make_query(search=search[0])._replace(status=search[1]) for search in SEARCHES}
        return {search: database.read(count_reads, query)[0] for search, query in asked.items()}

    before = measured()
    grow(SMALL + 1, LARGE)
    after = measured()
    for search, bound in SEARCHES.items():
        assert after[search] <= bound, search
        if search[0] in {"common", "com", "common entry half"}:
            assert after[search] == pytest.approx(before[search], rel=0.02), search


def plan(statement, parameters) -> str:
    with db.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return "\n".join(row.detail for row in rows)


def test_sqlite_finds_lists_and_words_in_indexes(app):
    statements = []
    with app.app_context():
        texts = [{"title": f"{n}", "description": "", "status": "open"} for n in range(120)]
        database.write(store.create_many, texts)
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2:4]))
        for sort in SORTS:
            for status in (None, "open"):
                page = database.read(store.page, store.make_query(sort=sort, status=status))
                database.read(store.page, store.make_query(sort=sort, status=status, cursor=page.next))
        lists = [plan(*statement) for statement in statements.copy()]
        statements.clear()
        for search in ("12", "one", "one two"):
            database.read(store.page, store.make_query(search=search, status="open"))
        searches = [plan(*statement) for statement in statements.copy()]
    assert not [found for found in lists if "TEMP B-TREE" in found]
    assert not [
        found for found in lists if "INDEX" not in found and "SCAN entries" not in found and "PRIMARY KEY" not in found
    ]
    assert searches
    assert not [found for found in searches if "SCAN entries" in found or "SCAN entry_words" in found]
