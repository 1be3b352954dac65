"""The one door to the database: work that reads, and work that writes.

A piece of work is a function whose first argument is a connection. It may be run more than once, so it does nothing
else than ask that connection.
"""

from collections.abc import Callable

from app.models import db


def read(work: Callable, *args, **kwargs):
    """Return work(connection, *args, **kwargs); the connection is for reading only."""
    with db.engine.connect() as connection:
        return work(connection, *args, **kwargs)


def write(work: Callable, *args, **kwargs):
    """Return work(connection, *args, **kwargs), done in one transaction: all of it is stored, or nothing."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            # Else it would lock at the first change only, and what was read before that may be old by then.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        return work(connection, *args, **kwargs)
