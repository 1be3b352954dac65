"""What is kept for a while only, removed in batches, so that no transaction holds many rows. Never done for a page."""

import math
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection, delete, select

from app.models import utc_now
from app.store.idempotency import KEYS
from app.store.rows import DELETED
from app.store.words import BEYOND_ALL, reindex

KEEP_DELETED = 30  # days in which a deleted entry can be restored
KEEP_KEYS = 2  # days in which a create request can be repeated
BATCH = 500


def tidy(write: Callable, seconds: float = math.inf) -> dict[str, int]:
    """Remove all that is too old and mend the words of all entries; return what was done, with numbers.

    Each batch is a transaction of its own, by write, a door of app.database; none is begun after so many seconds.
    """
    end = time.monotonic() + seconds
    done = {"deleted entries removed": 0, "idempotency keys forgotten": 0, "entries mended for search": 0}
    for what, work in zip(done, (purge_deleted, purge_keys), strict=False):
        while time.monotonic() < end and (count := write(work)):
            done[what] += count
    last = BEYOND_ALL
    while last is not None and time.monotonic() < end:
        mended, last = write(reindex, last)
        done["entries mended for search"] += mended
    return done


def purge_deleted(connection: Connection, days: int = KEEP_DELETED, limit: int = BATCH) -> int:
    """Remove up to limit entries that were deleted more than days ago; return how many. None is left when 0."""
    return purge(connection, DELETED.c.id, DELETED.c.deleted_at, days, limit)


def purge_keys(connection: Connection, days: int = KEEP_KEYS, limit: int = BATCH) -> int:
    """Forget up to limit idempotency keys older than days; return how many."""
    return purge(connection, KEYS.c.key_hash, KEYS.c.created_at, days, limit)


def purge(connection: Connection, key, since, days: int, limit: int) -> int:
    old = select(key).where(since < utc_now() - timedelta(days=days)).order_by(since).limit(limit)
    keys = list(connection.scalars(old))
    return connection.execute(delete(key.table).where(key.in_(keys))).rowcount if keys else 0
