"""Versions, orders and search of entries, deleted entries that can come back, keys of requests.

Nothing is taken away: the release before goes on working. An entry that it writes meanwhile is not found by search
until `flask --app app migrate` is run again. MySQL commits at each CREATE and ALTER, so every step looks first whether
it was done already: a migration that was killed goes on where it stopped.
"""

import sqlalchemy as sa
from alembic import op

from app.store.words import BEYOND_ALL, reindex

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TITLE = sa.String(200).with_variant(sa.String(200, collation="NOCASE"), "sqlite")
WORD = sa.String(32).with_variant(sa.String(32, collation="utf8mb4_bin"), "mysql")
IN_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"}
INDEXES = {
    "entries_by_status": ("entries", ["status", "id"]),
    "entries_by_updated": ("entries", ["updated_at", "id"]),
    "entries_by_status_updated": ("entries", ["status", "updated_at", "id"]),
    "entries_by_title": ("entries", ["title", "id"]),
    "entries_by_status_title": ("entries", ["status", "title", "id"]),
    "deleted_entries_by_deleted": ("deleted_entries", ["deleted_at", "id"]),
    "entry_words_by_entry": ("entry_words", ["entry_id", "word"]),
    "idempotency_keys_by_created": ("idempotency_keys", ["created_at"]),
}


def upgrade():
    connection = op.get_bind()
    if "version" not in {column["name"] for column in sa.inspect(connection).get_columns("entries")}:
        add_version(connection)
    create_tables()
    for name, (table, columns) in INDEXES.items():
        if name not in {index["name"] for index in sa.inspect(connection).get_indexes(table)}:
            op.create_index(name, table, columns)
    last = BEYOND_ALL
    while last is not None:
        _, last = reindex(connection, before=last)
        connection.commit()


def add_version(connection):
    version = sa.Column("version", sa.Integer, nullable=False, server_default="1")
    if connection.dialect.name != "sqlite":
        op.add_column("entries", version)
        return
    # SQLite can neither give a column another collation nor begin to use every id once only: the table is copied.
    check = sa.CheckConstraint("status IN ('open', 'done')", name="entries_status")
    options = {"table_args": [check], "table_kwargs": {"sqlite_autoincrement": True}}
    with op.batch_alter_table("entries", recreate="always", **options) as entries:
        entries.alter_column("title", type_=TITLE)
        entries.add_column(version)


def create_tables():
    op.create_table(
        "deleted_entries",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("title", TITLE, nullable=False),
        sa.Column("description", sa.String(2000), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("deleted_at", sa.DateTime, nullable=False),
        if_not_exists=True,
        **IN_MYSQL,
    )
    entry = sa.ForeignKey("entries.id", name="entry_words_entry", ondelete="CASCADE")
    op.create_table(
        "entry_words",
        sa.Column("word", WORD, primary_key=True),
        sa.Column("entry_id", ID, entry, primary_key=True),
        if_not_exists=True,
        **IN_MYSQL,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("key_hash", sa.String(64), primary_key=True),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        if_not_exists=True,
        **IN_MYSQL,
    )
