"""Search with bounded work, however many entries there are and however many of them have a word.

A word's entries stand side by side in entry_words, in the order of their ids: the search walks along those of one word
and looks whether each entry has the other words too, up to CANDIDATES of them; then it says where it stopped. The word
it walks along is the rarest. The last word may be the beginning of one, if no more than CANDIDATES words begin so.
"""

from functools import cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, exists, func, select

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
    count = words_that_begin(connection, query.words[-1])
    if not count:
        return Found([], is_prefix=True)
    if count <= CANDIDATES:
        walked = named(query.words[-1]) | beyond(query.position)
        rows = matching(connection, "prefix", walked, query, query.words[:-1], descending, limit)
        return Found(rows, is_prefix=True)
    driver = rarest(connection, query.words)
    others = [word for word in query.words if word != driver]
    return walk(connection, query, driver, others, descending, limit)


def walk(connection, query: Query, driver: str, others: list[str], descending: bool, limit: int) -> Found:
    """Walk along the entries of the word driver: a few at first, which is enough where most of them match."""
    rows, position = [], query.position
    for window in (limit, CANDIDATES - limit):
        walked = {"driver": driver, "window": window, **beyond(position)}
        rows += matching(connection, "word", walked, query, others, descending, limit - len(rows))
        if len(rows) == limit:
            return Found(rows)
        count, last_id = connection.execute(seen(position is not None, descending), walked).one()
        if count < window:
            return Found(rows)
        position = Position(None, last_id)
    return Found(rows, stopped_at=position.id)


def matching(connection, kind: str, walked: dict, query: Query, words, descending: bool, limit: int) -> list:
    """Return the first of the candidates walked along that have the words and the query's status."""
    statement = matches(kind, "last_id" in walked, descending, len(words), query.status is not None)
    having = {f"word_{number}": word for number, word in enumerate(words)}
    return list(connection.execute(statement, {**walked, **having, "status": query.status, "limit": limit}))


# The statements, each made once: what is looked for are parameters.


@cache
def matches(kind: str, from_position: bool, descending: bool, words: int, has_status: bool) -> Select:
    """The candidates, the ids of entries of a word or of a prefix, that have some words more, as entries."""
    candidate = CANDIDATES_OF[kind](from_position, descending).subquery("candidate")
    others = (ENTRY_WORDS.c.word == bindparam(f"word_{number}") for number in range(words))
    statement = (
        # The order of the join is the bound: the other way round all entries of a word may be read.
        select(*COLUMNS)
        .prefix_with("STRAIGHT_JOIN", dialect="mysql")
        .select_from(candidate.join(ENTRIES, ENTRIES.c.id == candidate.c.entry_id))
        .where(*(exists().where(has, ENTRY_WORDS.c.entry_id == candidate.c.entry_id) for has in others))
        .order_by(ENTRIES.c.id.desc() if descending else ENTRIES.c.id)
        .limit(bindparam("limit"))
    )
    return statement.where(ENTRIES.c.status == bindparam("status")) if has_status else statement


@cache
def seen(from_position: bool, descending: bool) -> Select:
    """How many candidates there are, and the last of them."""
    candidate = entries_of_word(from_position, descending).subquery()
    return select(func.count(), (func.min if descending else func.max)(candidate.c.entry_id))


def entries_of_word(from_position: bool, descending: bool) -> Select:
    entry_id = ENTRY_WORDS.c.entry_id
    statement = select(entry_id).where(ENTRY_WORDS.c.word == bindparam("driver"))
    ordered = statement.order_by(entry_id.desc() if descending else entry_id).limit(bindparam("window"))
    return ordered.where(is_beyond(entry_id, descending)) if from_position else ordered


def entries_of_prefix(from_position: bool, descending: bool) -> Select:
    begins = ENTRY_WORDS.c.word.between(bindparam("prefix"), bindparam("prefix_end"))
    ids = select(ENTRY_WORDS.c.entry_id).where(begins).limit(bindparam("window")).subquery("named")
    statement = select(ids.c.entry_id).distinct()
    return statement.where(is_beyond(ids.c.entry_id, descending)) if from_position else statement


CANDIDATES_OF = {"word": entries_of_word, "prefix": entries_of_prefix}


def is_beyond(entry_id, descending: bool) -> ColumnElement:
    return entry_id < bindparam("last_id") if descending else entry_id > bindparam("last_id")


def beyond(position: Position | None) -> dict:
    return {"last_id": position.id} if position else {}


def named(prefix: str) -> dict:
    # Not LIKE: SQLite would read the whole table for it.
    return {"prefix": prefix, "prefix_end": prefix + LAST_CHARACTER, "window": CANDIDATES}


def words_that_begin(connection: Connection, prefix: str) -> int:
    """Return how many words of entries begin with prefix, counted as far as CANDIDATES and one more."""
    ranges = {"from_0": prefix, "to_0": prefix + LAST_CHARACTER}
    return connection.execute(counts(1), {**ranges, "most": CANDIDATES + 1}).scalar_one()


def rarest(connection: Connection, words: tuple[str, ...]) -> str:
    """Return the word that the fewest entries have; the first among those that more than CANDIDATES have."""
    if len(words) == 1:
        return words[0]
    ranges = {f"{end}_{number}": word for number, word in enumerate(words) for end in ("from", "to")}
    found = connection.execute(counts(len(words)), {**ranges, "most": CANDIDATES + 1}).one()
    return words[found.index(min(found))]


@cache
def counts(ranges: int) -> Select:
    """How many words of entries lie in each of some ranges, at most so many as the parameter says."""
    return select(*(count_up_to(f"from_{number}", f"to_{number}") for number in range(ranges)))


def count_up_to(first: str, last: str) -> ColumnElement:
    lies_in = ENTRY_WORDS.c.word.between(bindparam(first), bindparam(last))
    some = select(ENTRY_WORDS.c.entry_id).where(lies_in).limit(bindparam("most")).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
