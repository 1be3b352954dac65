"""Search with bounded work, however many entries there are and however many of them have a word.

A word's entries stand side by side in entry_words, in the order of their ids: the search walks along those of one word
and looks whether each entry has the other words too, up to CANDIDATES of them; then it says where it stopped. The word
it walks along is the rarest. The last word may be the beginning of one, if no more than CANDIDATES words begin so.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, exists, func, literal, select, union_all

from app.models import EntryWord
from app.store.query import Position, Query
from app.store.rows import COLUMNS, ENTRIES

CANDIDATES = 2000
ENTRY_WORDS = EntryWord.__table__
LAST_CHARACTER = "\U0010ffff"


class Found(NamedTuple):
    """Rows in the order of the walk. stopped_at is the id of the last entry looked at, unless the walk saw the end.

    is_prefix tells that the last word was taken as the beginning of words.
    """

    rows: list
    stopped_at: int | None = None
    is_prefix: bool = False


def find(connection: Connection, query: Query, descending: bool, limit: int) -> Found:
    """Return up to limit entries that have the words and the status of query, walking by id."""
    if not query.words:
        return Found([])
    if is_selective(connection, query.words[-1]):
        candidates = entries_of_prefix(query.words[-1], query.position, descending)
        rows = matching(connection, candidates, query, query.words[:-1], descending, limit)
        return Found(rows, is_prefix=True)
    driver = rarest(connection, query.words)
    others = [word for word in query.words if word != driver]
    return walk(connection, query, driver, others, descending, limit)


def walk(connection, query: Query, driver: str, others: list[str], descending: bool, limit: int) -> Found:
    """Walk along the entries of the word driver: a few at first, which is enough where most of them match."""
    rows, position = [], query.position
    for window in (limit, CANDIDATES - limit):
        candidates = entries_of_word(driver, position, descending).limit(window)
        rows += matching(connection, candidates, query, others, descending, limit - len(rows))
        if len(rows) == limit:
            return Found(rows)
        last = (func.min if descending else func.max)(candidates.subquery().c.entry_id)
        count, last_id = connection.execute(select(func.count(), last)).one()
        if count < window:
            return Found(rows)
        position = Position(None, last_id)
    return Found(rows, stopped_at=position.id)


def matching(connection, candidates: Select, query: Query, words, descending: bool, limit: int) -> list:
    """Return the first of the candidates, a selection of ids, that have the words and the query's status."""
    candidate = candidates.subquery("candidate")
    statement = (
        # The order of the join is the bound: the other way round all entries of a word may be read.
        select(*COLUMNS)
        .prefix_with("STRAIGHT_JOIN", dialect="mysql")
        .select_from(candidate.join(ENTRIES, ENTRIES.c.id == candidate.c.entry_id))
        .where(*(exists().where(has(word), ENTRY_WORDS.c.entry_id == candidate.c.entry_id) for word in words))
        .order_by(ENTRIES.c.id.desc() if descending else ENTRIES.c.id)
        .limit(limit)
    )
    if query.status:
        statement = statement.where(ENTRIES.c.status == query.status)
    return list(connection.execute(statement))


def entries_of_word(word: str, position: Position | None, descending: bool) -> Select:
    entry_id = ENTRY_WORDS.c.entry_id
    statement = select(entry_id).where(has(word)).order_by(entry_id.desc() if descending else entry_id)
    return statement.where(*beyond(entry_id, position, descending))


def entries_of_prefix(prefix: str, position: Position | None, descending: bool) -> Select:
    ids = select(ENTRY_WORDS.c.entry_id).where(begins(prefix)).limit(CANDIDATES).subquery("named")
    return select(ids.c.entry_id).distinct().where(*beyond(ids.c.entry_id, position, descending))


def beyond(entry_id, position: Position | None, descending: bool) -> Iterator[ColumnElement]:
    if position:
        yield entry_id < position.id if descending else entry_id > position.id


def is_selective(connection: Connection, prefix: str) -> bool:
    """Tell whether no more than CANDIDATES words of entries begin with prefix."""
    return count_up_to(connection, [begins(prefix)], CANDIDATES + 1)[0] <= CANDIDATES


def rarest(connection: Connection, words: tuple[str, ...]) -> str:
    """Return the word that the fewest entries have; the first among those that more than CANDIDATES have."""
    if len(words) == 1:
        return words[0]
    counts = count_up_to(connection, [has(word) for word in words], CANDIDATES + 1)
    return words[counts.index(min(counts))]


def count_up_to(connection: Connection, conditions: list[ColumnElement], limit: int) -> list[int]:
    """Return for each condition how many words of entries meet it, looking at no more than limit."""
    counts = []
    for number, condition in enumerate(conditions):
        some = select(ENTRY_WORDS.c.entry_id).where(condition).limit(limit).subquery()
        counts.append(select(literal(number).label("number"), func.count().label("count")).select_from(some))
    return [count for _, count in sorted(tuple(row) for row in connection.execute(union_all(*counts)))]


def has(word: str) -> ColumnElement:
    return ENTRY_WORDS.c.word == word


def begins(prefix: str) -> ColumnElement:
    # Not LIKE: SQLite would read the whole table for it.
    return ENTRY_WORDS.c.word.between(prefix, prefix + LAST_CHARACTER)
