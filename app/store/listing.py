"""One page of a list, found by key: the last page of a million entries costs what the first one costs.

Every order is an index, or the primary key, and a page begins at a value of it. Nothing is counted, no row is skipped.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, or_, select, tuple_

from app.store.query import SORTS, Position, Query, make_cursor, read_cursor
from app.store.rows import COLUMNS, ENTRIES, StoredEntry
from app.store.search import Found, find

PAGE_SIZE = 50
BATCH = 500

# (column, filtered by status): index. Named to MySQL, which may else take another one and sort all entries of a status.
INDEXES = {
    ("id", False): "PRIMARY",
    ("id", True): "entries_by_status",
    ("updated_at", False): "entries_by_updated",
    ("updated_at", True): "entries_by_status_updated",
    ("title", False): "entries_by_title",
    ("title", True): "entries_by_status_title",
}


class Page(NamedTuple):
    """Entries in the order asked for, and the cursors of the pages after and before, None where there is none.

    is_partial: a search looked at all the entries it may, and next goes on from there, even if nothing was found yet.
    is_prefix: the last word of the search was taken as the beginning of words too.
    """

    entries: list[StoredEntry]
    next: str | None
    prev: str | None
    is_partial: bool = False
    is_prefix: bool = False


def page(connection: Connection, query: Query, limit: int = PAGE_SIZE) -> Page:
    """Return the page of query with at most limit entries."""
    column, newest_first = SORTS[query.sort]
    forward = query.position is None or query.position.forward
    descending = newest_first == forward
    # One more than asked for tells whether there is another page.
    found = (find if query.is_search else scan)(connection, query, descending, limit + 1)
    entries = [StoredEntry._make(row) for row in found.rows[:limit]]
    ahead = behind = None
    if len(found.rows) > limit:
        ahead = position_of(entries[-1], column, forward)
    elif found.stopped_at:
        ahead = Position(None, found.stopped_at, forward)
    if query.position and entries:
        behind = position_of(entries[0], column, not forward)
    elif query.position:
        # The way back from an empty page begins with the entry at which the one before it ended.
        last_id = query.position.id + (-1 if descending else 1)
        behind = query.position._replace(id=last_id, forward=not forward)
    if not forward:
        entries.reverse()
        ahead, behind = behind, ahead
    cursors = [position and make_cursor(query, position) for position in (ahead, behind)]
    return Page(entries, *cursors, is_partial=found.stopped_at is not None, is_prefix=found.is_prefix)


def scan(connection: Connection, query: Query, descending: bool, limit: int) -> Found:
    """Return the first entries of query beyond its position, walking along the index of its order."""
    column, position = SORTS[query.sort][0], query.position
    statement = walk(column, descending, query.status is not None, position is not None, connection.dialect.name)
    asked = {"limit": limit}
    if query.status:
        asked["status"] = query.status
    if position:
        asked["last_id"] = position.id
        if column != "id":
            asked["value"] = position.value
    return Found(list(connection.execute(statement, asked)))


@cache
def walk(column: str, descending: bool, has_status: bool, from_position: bool, dialect: str) -> Select:
    """The statement of a list, made once for each kind; status, position and limit are its parameters."""
    keys = [ENTRIES.c.id] if column == "id" else [ENTRIES.c[column], ENTRIES.c.id]
    index = INDEXES[column, has_status]
    statement = select(*COLUMNS).with_hint(ENTRIES, f"FORCE INDEX ({index})", "mysql").limit(bindparam("limit"))
    statement = statement.order_by(*(key.desc() if descending else key for key in keys))
    if has_status:
        statement = statement.where(ENTRIES.c.status == bindparam("status"))
    return statement.where(beyond(keys, descending, dialect)) if from_position else statement


def beyond(keys: list, descending: bool, dialect: str) -> ColumnElement:
    """Return the condition that keys come after a position in the walk, as each database finds it in an index."""
    last_id = bindparam("last_id", type_=ENTRIES.c.id.type)
    if len(keys) == 1:
        return keys[0] < last_id if descending else keys[0] > last_id
    key, entry_id = keys
    value = bindparam("value", type_=key.type)
    if dialect == "sqlite":
        return tuple_(*keys) < tuple_(value, last_id) if descending else tuple_(*keys) > tuple_(value, last_id)
    if descending:
        return or_(key < value, and_(key == value, entry_id < last_id))
    return or_(key > value, and_(key == value, entry_id > last_id))


def position_of(entry: StoredEntry, column: str, forward: bool) -> Position:
    return Position(None if column == "id" else getattr(entry, column), entry.id, forward)


def stream(read: Callable, query: Query) -> Iterator[StoredEntry]:
    """Yield every entry of query, read page by page through read, the door of app.database.

    No transaction lasts longer than a page: entries that change meanwhile are taken as they are when their turn comes.
    """
    while True:
        found = read(page, query, BATCH)
        yield from found.entries
        if found.next is None:
            return
        query = query._replace(position=read_cursor(query, found.next))
