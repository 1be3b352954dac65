"""A request to create an entry that is sent twice, because its answer was lost, makes one entry."""

import hashlib
import json
from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from app.models import IdempotencyKey
from app.store.changes import DELETE, index_entry, insert_entry
from app.store.rows import StoredEntry

KEYS = IdempotencyKey.__table__
INSERT = insert(KEYS)
MADE = select(KEYS).where(KEYS.c.key_hash == bindparam("key")).with_for_update(read=True)


class KeyReused(Exception):
    """This key came with another request before."""


def create_once(connection: Connection, key: str, values: Mapping[str, str]) -> StoredEntry:
    """Store a new entry with values, or return the one that the same key and values made, as it was then.

    Who comes second with a key waits for who came first where both write the key's row, and takes its own entry back.
    Raises KeyReused.
    """
    entry = insert_entry(connection, values)
    row = {
        "key_hash": hashlib.sha256(key.encode()).hexdigest(),
        "request_hash": hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest(),
    }
    try:
        connection.execute(INSERT, {**row, "entry_id": entry.id, "created_at": entry.created_at})
    except IntegrityError:
        connection.execute(DELETE, {"entry_id": entry.id})
        # A shared lock, like the one that the refused INSERT took: several who wait need not deadlock for more.
        made = connection.execute(MADE, {"key": row["key_hash"]}).one()
        if made.request_hash != row["request_hash"]:
            raise KeyReused from None
        times = {"created_at": made.created_at, "updated_at": made.created_at}
        return StoredEntry(id=made.entry_id, **values, **times, version=1)
    index_entry(connection, entry)
    return entry
