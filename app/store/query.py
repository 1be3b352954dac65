"""What a list is asked for, and the cursors that lead from one of its pages to the next."""

import base64
import binascii
import json
import re
import zlib
from datetime import datetime
from typing import NamedTuple

from app.models import STATUSES, TITLE_LENGTH
from app.store.words import words_of

# Name: (column, descending). Equal values are told apart by the id, in the same direction.
SORTS = {
    "newest": ("id", True),
    "oldest": ("id", False),
    "updated": ("updated_at", True),
    "title": ("title", False),
}
NEWEST = "newest"
SEARCH_SORTS = ("newest", "oldest")  # other orders would need all that a search finds
SEARCH_WORDS = 8
SEARCH_LENGTH = 200
LARGEST_ID = 10**18
CURSOR = re.compile(r"[A-Za-z0-9_-]{1,2000}")


class InvalidQuery(ValueError):
    """What is wrong with a list's parameters: field names one, the message is for people."""

    def __init__(self, field: str, message: str):
        super().__init__(message)
        self.field = field


class Position(NamedTuple):
    """A place between two entries of a list: behind the one with this value of the sorted column and this id.

    forward tells on which side of it a page lies.
    """

    value: datetime | str | None
    id: int
    forward: bool = True


class Query(NamedTuple):
    """Which entries, in which order, from where on. words are folded, and each must be in an entry."""

    status: str | None = None
    sort: str = NEWEST
    search: str = ""
    words: tuple[str, ...] = ()
    position: Position | None = None

    @property
    def is_search(self) -> bool:
        return bool(self.search)


def make_query(
    status: str | None = None, sort: str | None = None, search: str | None = None, cursor: str | None = None
) -> Query:
    """Return the query for what somebody sent: None is not given, nor is a blank search. Raises InvalidQuery."""
    if status is not None and status not in STATUSES:
        raise InvalidQuery("status", f"The status must be {' or '.join(STATUSES)}.")
    search = (search or "").strip()
    if len(search) > SEARCH_LENGTH:
        raise InvalidQuery("search", f"The search has {len(search)} characters; {SEARCH_LENGTH} is the limit.")
    words = tuple(words_of(search))
    if len(words) > SEARCH_WORDS:
        raise InvalidQuery("search", f"The search has {len(words)} words; {SEARCH_WORDS} is the limit.")
    sort = NEWEST if sort is None else sort
    if sort not in SORTS:
        raise InvalidQuery("sort", f"The order must be one of {', '.join(SORTS)}.")
    if search and sort not in SEARCH_SORTS:
        raise InvalidQuery("sort", f"What a search finds comes {' or '.join(SEARCH_SORTS)} first.")
    query = Query(status, sort, search, words)
    return query if cursor is None else query._replace(position=read_cursor(query, cursor))


def make_cursor(query: Query, position: Position) -> str:
    """Return position as text for an address. It is not secret, and nothing in it is trusted."""
    value = position.value.isoformat() if isinstance(position.value, datetime) else position.value
    data = [fingerprint(query), int(position.forward), position.id, value]
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(query: Query, cursor: str) -> Position:
    """Return the position that cursor, which may come from anybody, stands for in query; raise InvalidQuery."""
    try:
        if not CURSOR.fullmatch(cursor):
            raise ValueError
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        data = json.loads(text)
        made_for, forward, entry_id, value = data
        position = Position(read_value(query, value), entry_id, forward == 1)
        is_ours = [type(item) for item in data[:3]] == [str, int, int] and forward in (0, 1)
        if not (is_ours and 0 <= entry_id <= LARGEST_ID):
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error):
        raise InvalidQuery("cursor", "This cursor is none of ours. Start from the first page.") from None
    if made_for != fingerprint(query):
        raise InvalidQuery("cursor", "This cursor belongs to another list: status, order or search differ.")
    return position


def fingerprint(query: Query) -> str:
    """Return what tells a query's cursors from another's: eight hexadecimal digits."""
    return f"{zlib.crc32(repr((query.status, query.sort, query.is_search, query.words)).encode()):08x}"


def read_value(query: Query, value) -> datetime | str | None:
    """Return a cursor's value as the sorted column holds it; raise ValueError or TypeError."""
    column, _ = SORTS[query.sort]
    if column == "id":
        if value is not None:
            raise ValueError
        return None
    if column == "updated_at":
        moment = datetime.fromisoformat(value)
        if moment.tzinfo or moment.year < 1900:
            raise ValueError
        return moment
    if not isinstance(value, str) or len(value) > TITLE_LENGTH:
        raise ValueError
    value.encode()  # a lone surrogate, which the database's driver could not send
    return value
