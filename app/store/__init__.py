"""The entries and what can be done with them: the one place that knows how they are stored.

Each function takes a connection first and is run by app.database.read or write, which give it one.
"""

from app.store.changes import (
    create,
    create_many,
    delete_entries,
    delete_entry,
    get,
    mark,
    restore,
    set_status,
    update_entry,
)
from app.store.deleted import Deleted, recently_deleted
from app.store.idempotency import KeyReused, create_once
from app.store.listing import PAGE_SIZE, Page, page, stream
from app.store.query import (
    NEWEST,
    SEARCH_LENGTH,
    SEARCH_SORTS,
    SEARCH_WORDS,
    SORTS,
    InvalidQuery,
    Query,
    make_query,
)
from app.store.rows import Conflict, NotFound, StoredEntry
from app.store.search import CANDIDATES
from app.store.tidying import KEEP_DELETED, KEEP_KEYS, purge_deleted, purge_keys, tidy
from app.store.words import WORDS_PER_ENTRY, reindex

__all__ = [
    "CANDIDATES",
    "KEEP_DELETED",
    "KEEP_KEYS",
    "NEWEST",
    "PAGE_SIZE",
    "SEARCH_LENGTH",
    "SEARCH_SORTS",
    "SEARCH_WORDS",
    "SORTS",
    "WORDS_PER_ENTRY",
    "Conflict",
    "Deleted",
    "InvalidQuery",
    "KeyReused",
    "NotFound",
    "Page",
    "Query",
    "StoredEntry",
    "create",
    "create_many",
    "create_once",
    "delete_entries",
    "delete_entry",
    "get",
    "make_query",
    "mark",
    "page",
    "purge_deleted",
    "purge_keys",
    "recently_deleted",
    "reindex",
    "restore",
    "set_status",
    "stream",
    "tidy",
    "update_entry",
]
