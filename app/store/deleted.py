"""What was deleted and can still be restored."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from app.store.listing import PAGE_SIZE
from app.store.rows import DELETED


class Deleted(NamedTuple):
    """A deleted entry, as far as it takes to know it again. The time is in UTC, without zone."""

    id: int
    title: str
    description: str
    deleted_at: datetime


COLUMNS = [DELETED.c[name] for name in Deleted._fields]
NEWEST_FIRST = select(*COLUMNS).order_by(DELETED.c.deleted_at.desc(), DELETED.c.id.desc()).limit(bindparam("limit"))


def recently_deleted(connection: Connection, limit: int = PAGE_SIZE) -> list[Deleted]:
    """Return the entries that were deleted last, up to limit of them, the latest first."""
    return [Deleted._make(row) for row in connection.execute(NEWEST_FIRST, {"limit": limit})]
