"""What the store hands out, what it raises, and the statements that more than one of its modules asks.

Statements are made once, with parameters: making one takes longer than the database needs to answer it.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select

from app.models import DeletedEntry, Entry

ENTRIES = Entry.__table__
DELETED = DeletedEntry.__table__


class StoredEntry(NamedTuple):
    """An entry as it is stored. Times are in UTC, without zone; version counts its changes, from 1."""

    id: int
    title: str
    description: str
    status: str
    created_at: datetime
    updated_at: datetime
    version: int


NAMES = StoredEntry._fields
COLUMNS = [ENTRIES.c[name] for name in NAMES]
ONE = select(*COLUMNS).where(ENTRIES.c.id == bindparam("entry_id"))
IDS = bindparam("ids", expanding=True)


class NotFound(LookupError):
    """No such entry, or it is deleted."""


class Conflict(Exception):
    """Somebody changed the entry since the version that a change is based on. entry is what it is now."""

    def __init__(self, entry: StoredEntry):
        super().__init__(f"entry {entry.id} is at version {entry.version}")
        self.entry = entry
