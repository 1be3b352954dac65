"""What is stored. The tables themselves are made by migrations/, and a test holds the two equal."""

from datetime import UTC, datetime

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

TITLE_LENGTH = 200
DESCRIPTION_LENGTH = 2000
WORD_LENGTH = 32
OPEN, DONE = "open", "done"
STATUSES = (OPEN, DONE)
HASH_LENGTH = 64  # SHA-256 in hexadecimal

IN_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"}
# SQLite numbers rows by itself only in a column of type INTEGER.
ID = BigInteger().with_variant(Integer, "sqlite")
# Sorted without regard to case, as MySQL does by its collation.
TITLE = String(TITLE_LENGTH).with_variant(String(TITLE_LENGTH, collation="NOCASE"), "sqlite")
# Words are folded before they are stored: equal means equal, byte for byte.
WORD = String(WORD_LENGTH).with_variant(String(WORD_LENGTH, collation="utf8mb4_bin"), "mysql")


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


def utc_now() -> datetime:
    """Return the time in UTC as the DATETIME columns hold it: no zone, whole seconds (MySQL would round them up)."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


class EntryColumns:
    """What an entry consists of, wherever it lies. version counts its changes."""

    title: Mapped[str] = mapped_column(TITLE)
    description: Mapped[str] = mapped_column(String(DESCRIPTION_LENGTH), default="")
    status: Mapped[str] = mapped_column(String(8), default=OPEN)
    created_at: Mapped[datetime] = mapped_column(DateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(DateTime, default=utc_now)
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")


class Entry(EntryColumns, db.Model):
    """An entry that is listed. Each order of the list, filtered or not, is one of the indexes or the primary key."""

    __tablename__ = "entries"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'done')", name="entries_status"),
        Index("entries_by_status", "status", "id"),
        Index("entries_by_updated", "updated_at", "id"),
        Index("entries_by_status_updated", "status", "updated_at", "id"),
        Index("entries_by_title", "title", "id"),
        Index("entries_by_status_title", "status", "title", "id"),
        # Without AUTOINCREMENT SQLite gives the id of a deleted entry to the next one, and it could not come back.
        {**IN_MYSQL, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(ID, primary_key=True)


class DeletedEntry(EntryColumns, db.Model):
    """An entry that was deleted and can still be restored."""

    __tablename__ = "deleted_entries"
    __table_args__ = (Index("deleted_entries_by_deleted", "deleted_at", "id"), IN_MYSQL)

    id: Mapped[int] = mapped_column(ID, primary_key=True, autoincrement=False)
    deleted_at: Mapped[datetime] = mapped_column(DateTime)


class EntryWord(db.Model):
    """A word of an entry's title or description, folded: what search looks up (app/store/words.py)."""

    __tablename__ = "entry_words"
    __table_args__ = (Index("entry_words_by_entry", "entry_id", "word"), IN_MYSQL)

    word: Mapped[str] = mapped_column(WORD, primary_key=True)
    entry_id: Mapped[int] = mapped_column(
        ID, ForeignKey("entries.id", name="entry_words_entry", ondelete="CASCADE"), primary_key=True
    )


class IdempotencyKey(db.Model):
    """That a request to create an entry was carried out, and which entry it made."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("idempotency_keys_by_created", "created_at"), IN_MYSQL)

    key_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(HASH_LENGTH))
    entry_id: Mapped[int] = mapped_column(ID)
    created_at: Mapped[datetime] = mapped_column(DateTime)
