"""Entries are read one by one and changed. Each function is one piece of a transaction, and may be run again.

Values come from app.validation; nothing is checked here.
"""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import ColumnElement, Connection, CursorResult, Insert, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.models import utc_now
from app.store.rows import COLUMNS, DELETED, ENTRIES, IDS, NAMES, ONE, Conflict, NotFound, StoredEntry
from app.store.words import ENTRY_WORDS, add_words, change_words, store_words, words_of_entry

IT, THEY = ENTRIES.c.id == bindparam("entry_id"), ENTRIES.c.id.in_(IDS)

INSERT = insert(ENTRIES)
UPDATE = update(ENTRIES).where(IT).values({name: bindparam(f"new_{name}") for name in NAMES if name != "id"})
# The entry, which is then locked, and how many words are stored of it, which are not.
WORDS = select(func.count()).where(ENTRY_WORDS.c.entry_id == ENTRIES.c.id).scalar_subquery()
TO_CHANGE = select(*COLUMNS, WORDS).where(IT).with_for_update()
LOCKED = select(*COLUMNS).where(IT).with_for_update()
CHOSEN = select(ENTRIES.c.id).where(THEY).order_by(ENTRIES.c.id).with_for_update()
OTHERS = CHOSEN.where(ENTRIES.c.status != bindparam("status"))
NEW_STATUS = {"status": bindparam("new"), "updated_at": bindparam("now"), "version": ENTRIES.c.version + 1}
SET_STATUS = update(ENTRIES).where(THEY).values(NEW_STATUS)
MARK = update(ENTRIES).where(IT, ENTRIES.c.status != bindparam("new")).values(NEW_STATUS)
DELETE, DELETE_ALL = delete(ENTRIES).where(IT), delete(ENTRIES).where(THEY)  # words go with them, by the foreign key
CHOSEN_DELETED = (
    select(*(DELETED.c[name] for name in NAMES)).where(DELETED.c.id.in_(IDS)).order_by(DELETED.c.id).with_for_update()
)
DELETE_DELETED = delete(DELETED).where(DELETED.c.id.in_(IDS))


def copy_to_deleted(which: ColumnElement[bool]) -> Insert:
    """Return the statement that copies those entries, and locks them: a change in between must not be lost."""
    deleted_at = bindparam("now", type_=DELETED.c.deleted_at.type)
    entries = select(*COLUMNS, deleted_at).where(which).with_for_update()
    return insert(DELETED).from_select([*NAMES, "deleted_at"], entries)


COPY, COPY_ALL = copy_to_deleted(IT), copy_to_deleted(THEY)


def get(connection: Connection, entry_id: int) -> StoredEntry:
    """Return the entry; raise NotFound."""
    return first(connection.execute(ONE, {"entry_id": entry_id}))


def create(connection: Connection, values: Mapping[str, str]) -> StoredEntry:
    """Store a new entry with values, which are its title, description and status."""
    entry = insert_entry(connection, values)
    index_entry(connection, entry)
    return entry


def insert_entry(connection: Connection, values: Mapping[str, str]) -> StoredEntry:
    """Store a new entry that index_entry() will then have found by its words."""
    now = utc_now()
    row = {**values, "created_at": now, "updated_at": now, "version": 1}
    return StoredEntry(id=connection.execute(INSERT, row).inserted_primary_key[0], **row)


def index_entry(connection: Connection, entry: StoredEntry) -> None:
    add_words(connection, [(word, entry.id) for word in words_of_entry(entry.title, entry.description)])


def create_many(connection: Connection, rows: Iterable[Mapping[str, str]]) -> list[int]:
    """Store a new entry for each of rows, as create does, and return their ids. Some hundreds at a time are fine."""
    now = utc_now()
    ids, words = [], []
    for values in rows:
        row = {**values, "created_at": now, "updated_at": now, "version": 1}
        # One by one: MySQL does not tell the ids of several.
        ids.append(connection.execute(INSERT, row).inserted_primary_key[0])
        words += [(word, ids[-1]) for word in words_of_entry(values["title"], values["description"])]
    add_words(connection, words)
    return ids


def update_entry(
    connection: Connection, entry_id: int, values: Mapping[str, str], versions: Collection[int] | None = None
) -> StoredEntry:
    """Give the entry those values and return it; what is equal already changes nothing.

    versions are those that the change may be based on, None any. Raises NotFound and Conflict.
    """
    row = connection.execute(TO_CHANGE, {"entry_id": entry_id}).first()
    if row is None:
        raise NotFound
    *known, words = row
    entry = StoredEntry._make(known)
    if versions is not None and entry.version not in versions:
        raise Conflict(entry)
    changed = {name: value for name, value in values.items() if getattr(entry, name) != value}
    if not changed:
        return entry
    new = entry._replace(**changed, updated_at=utc_now(), version=entry.version + 1)
    values = {f"new_{name}": value for name, value in new._asdict().items() if name != "id"}
    connection.execute(UPDATE, {"entry_id": entry_id, **values})
    if "title" in changed or "description" in changed:
        index_change(connection, entry, new, words)
    return new


def index_change(connection: Connection, old: StoredEntry, new: StoredEntry, stored: int) -> None:
    """Have new found by its words, of which so many are stored.

    As many as the old text has are taken to be those, which saves asking for them. A release that knew no words may
    have left others.
    """
    present, wanted = ({(word, of.id) for word in words_of_entry(of.title, of.description)} for of in (old, new))
    if stored == len(present):
        try:
            change_words(connection, present, wanted)
            return
        except IntegrityError:
            pass  # one is stored already: they are others
    store_words(connection, [(new.id, new.title, new.description)])


def set_status(connection: Connection, entry_ids: Collection[int], status: str) -> list[int]:
    """Give those entries the status and return the ids of those that had another one, ascending."""
    ids = list(connection.scalars(OTHERS, {"ids": list(entry_ids), "status": status}))
    if ids:
        connection.execute(SET_STATUS, {"ids": ids, "new": status, "now": utc_now()})
    return ids


def mark(connection: Connection, entry_id: int, status: str) -> None:
    """Give the entry the status; it is no error if it has it. One statement that changes. Raises NotFound."""
    changed = connection.execute(MARK, {"entry_id": entry_id, "new": status, "now": utc_now()}).rowcount
    if not changed:
        get(connection, entry_id)


def delete_entry(connection: Connection, entry_id: int, versions: Collection[int] | None = None) -> None:
    """Move the entry to the deleted ones.

    versions are those that a deletion may be based on, None any. Raises NotFound and Conflict.
    """
    if versions is not None:
        entry = first(connection.execute(LOCKED, {"entry_id": entry_id}))
        if entry.version not in versions:
            raise Conflict(entry)
    if not connection.execute(COPY, {"entry_id": entry_id, "now": utc_now()}).rowcount:
        raise NotFound
    connection.execute(DELETE, {"entry_id": entry_id})


def delete_entries(connection: Connection, entry_ids: Collection[int]) -> list[int]:
    """Move those entries to the deleted ones and return the ids of all that were there, ascending."""
    ids = list(connection.scalars(CHOSEN, {"ids": list(entry_ids)}))
    if ids:
        connection.execute(COPY_ALL, {"ids": ids, "now": utc_now()})
        connection.execute(DELETE_ALL, {"ids": ids})
    return ids


def restore(connection: Connection, entry_ids: Collection[int]) -> list[int]:
    """Bring deleted entries back as they were, at their next version; return the ids of those that were deleted."""
    entries = [StoredEntry._make(row) for row in connection.execute(CHOSEN_DELETED, {"ids": list(entry_ids)})]
    if not entries:
        return []
    ids = [entry.id for entry in entries]
    connection.execute(INSERT, [{**e._asdict(), "version": e.version + 1} for e in entries])
    connection.execute(DELETE_DELETED, {"ids": ids})
    add_words(connection, [(word, e.id) for e in entries for word in words_of_entry(e.title, e.description)])
    return ids


def first(result: CursorResult) -> StoredEntry:
    row = result.first()
    if row is None:
        raise NotFound
    return StoredEntry._make(row)
