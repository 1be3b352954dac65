"""What is stored. The tables themselves are made by migrations/, and a test holds the two equal."""

from datetime import UTC, datetime

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, CheckConstraint, DateTime, Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

TITLE_LENGTH = 200
DESCRIPTION_LENGTH = 2000
OPEN, DONE = "open", "done"
STATUSES = (OPEN, DONE)


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


def utc_now() -> datetime:
    """Return the time in UTC as the DATETIME columns hold it: no zone, whole seconds (MySQL would round them up)."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


class Entry(db.Model):
    __tablename__ = "entries"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'done')", name="entries_status"),
        {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"},
    )

    # SQLite numbers rows by itself only in a column of type INTEGER.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    description: Mapped[str] = mapped_column(String(DESCRIPTION_LENGTH), default="")
    status: Mapped[str] = mapped_column(String(8), default=OPEN)
    created_at: Mapped[datetime] = mapped_column(DateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(DateTime, default=utc_now, onupdate=utc_now)
