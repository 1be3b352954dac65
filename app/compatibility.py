"""Which older releases go on working with the tables of a newer one: expand, then contract.

Migrations only add, so that during a deployment, and after it was taken back, the release before works with the new
tables. A migration that takes something away says so by `works_with`, the oldest revision whose release does not use
it any more. The database keeps the oldest revision that works with it, where an older release's `flask migrate`, which
does not know the newer revision, finds it. See docs/decisions/0013-expand-then-contract.md.
"""

from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, String, Table, delete, insert, inspect, select

from app.models import db

if TYPE_CHECKING:  # only `flask migrate` has a use for Alembic, and a server starts sooner without it
    from alembic.script import ScriptDirectory

TABLE = Table(
    "schema_compatibility",
    db.metadata,
    Column("works_with", String(32), primary_key=True),
    mysql_engine="InnoDB",
)


class TooNew(Exception):
    """This release does not work with the database, which a newer one has changed."""


def is_known(scripts: "ScriptDirectory", revision: str) -> bool:
    """Whether revision is one of this release's."""
    return revision in {script.revision for script in scripts.walk_revisions()}


def oldest(scripts: "ScriptDirectory") -> str:
    """Return the oldest revision whose release works with the newest: the newest `works_with`, else the first."""
    revision = ""
    for script in scripts.walk_revisions():  # from the newest
        revision = script.revision
        if hasattr(script.module, "works_with"):
            return script.module.works_with
    return revision


def record(connection: Connection, scripts: "ScriptDirectory") -> None:
    """Keep in the database, which is at the newest revision, what works with it."""
    TABLE.create(connection, checkfirst=True)
    works_with = oldest(scripts)
    if connection.scalars(select(TABLE.c.works_with)).all() != [works_with]:
        connection.execute(delete(TABLE))
        connection.execute(insert(TABLE).values(works_with=works_with))
    connection.commit()


def of_newer(connection: Connection, scripts: "ScriptDirectory", current: str) -> str:
    """Say in one line that nothing is to be done with a database at current, which is newer; raise TooNew."""
    head = scripts.get_current_head()
    kept = None
    if inspect(connection).has_table(TABLE.name):
        kept = connection.scalar(select(TABLE.c.works_with))
    if kept is None:
        raise TooNew(f"the database is at {current}, which this release, ending at {head}, does not know")
    if not is_known(scripts, kept):
        raise TooNew(
            f"the database is at {current} and works with releases from {kept} on; this one ends at {head}:"
            " deploy a newer release"
        )
    return f"nothing to do, the database is at {current}, which works with this release, {head}"
