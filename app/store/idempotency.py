"""A request to create an entry that is sent twice, because its answer was lost, makes one entry."""

import hashlib
import json
from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.models import IdempotencyKey, utc_now
from app.store.changes import create
from app.store.rows import StoredEntry

KEYS = IdempotencyKey.__table__
OURS = KEYS.c.key_hash == bindparam("key")
INSERT, MADE = insert(KEYS), select(KEYS).where(OURS).with_for_update(read=True)
UPDATE = update(KEYS).where(OURS).values(entry_id=bindparam("made"), created_at=bindparam("at"))


class KeyReused(Exception):
    """This key came with another request before."""


def create_once(connection: Connection, key: str, values: Mapping[str, str]) -> StoredEntry:
    """Store a new entry with values, or return the one that the same key and values made, as it was then.

    The key's row is written first: who comes second with it waits for who came first. Raises KeyReused.
    """
    row = {
        "key_hash": hashlib.sha256(key.encode()).hexdigest(),
        "request_hash": hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest(),
    }
    try:
        connection.execute(INSERT, {**row, "entry_id": 0, "created_at": utc_now()})
    except IntegrityError:
        # A shared lock, like the one that the refused INSERT took: several who wait need not deadlock for more.
        made = connection.execute(MADE, {"key": row["key_hash"]}).one()
        if made.request_hash != row["request_hash"]:
            raise KeyReused from None
        times = {"created_at": made.created_at, "updated_at": made.created_at}
        return StoredEntry(id=made.entry_id, **values, **times, version=1)
    entry = create(connection, values)
    connection.execute(UPDATE, {"key": row["key_hash"], "made": entry.id, "at": entry.created_at})
    return entry
