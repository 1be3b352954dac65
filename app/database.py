"""The one door to the database: work that reads, and work that writes.

A piece of work is a function whose first argument is a connection. It may be run more than once, so it does nothing
else than ask that connection.

Every wait has an end: for a turn (gate.py), for a connection and an answer, for a statement and a lock on the server
(engine_options.py). No connection is tried out before it is used: a page costs one round trip, and what turns out to be
dead is used again once on a new connection, where that is safe.
"""

import random
import time
from collections.abc import Callable
from contextlib import contextmanager

from flask import Flask, current_app
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import departure, query_log
from app.engine_options import POOL_SIZE
from app.gate import LONGEST_WAIT, Gate
from app.models import db
from app.outage import code
from app.replicas import Replicas

# Who changes something may have to wait for another's lock. One connection stays for those who only read, and of a
# worker's 72 threads (gunicorn.conf.py) some. As many changes as nginx lets in: more are refused at once.
KEPT_FOR_READING = 1
MOST_CHANGES = 64

LOCK_WAIT_TIMEOUT, DEADLOCK = 1205, 1213
# Beside those that SQLAlchemy knows: the server is shutting down, the session was killed, this server became read-only
# (a failover made another one the writer). A connection is of no more use then, nor are the others to that server.
USELESS = {1053, 1290, 1836, 3168, 3169}

# Work is begun again only within this time, in seconds: who has waited for a time-out gets an answer, not a second one.
AGAIN_WITHIN = 1.5
ATTEMPTS = 4
PAUSE = 0.05  # seconds before a second attempt at most; doubled for each further one


class OutcomeUnknown(OperationalError):
    """The connection was lost while the database was storing: it may or may not have done so."""


class Database:
    """The engines of one application, each with its gate."""

    def __init__(self, app: Flask):
        with app.app_context():
            engines = dict(db.engines)
        self.primary: Engine = engines.pop(None)
        self.is_mysql = self.primary.dialect.name == "mysql"
        self.gates = {engine: Gate(POOL_SIZE) for engine in (self.primary, *engines.values())}
        at_once = POOL_SIZE - KEPT_FOR_READING
        self.changes = Gate(at_once, MOST_CHANGES - at_once)
        for engine in self.gates:
            query_log.listen(engine)
            if self.is_mysql:
                event.listen(engine, "handle_error", mark_useless)
            else:
                event.listen(engine, "connect", enforce_foreign_keys)
        self.replicas = Replicas(app, self.primary, list(engines.values()), self.connect)

    @contextmanager
    def connect(self, engine: Engine, *gates: Gate):
        """Yield a connection when it is our turn, at gates too; raise sqlalchemy.exc.TimeoutError if too late."""
        begun, passed = time.perf_counter(), []
        end = time.monotonic() + LONGEST_WAIT
        try:
            try:
                for gate in (*gates, self.gates[engine]):
                    gate.enter(end)
                    passed.append(gate)
                connection = engine.connect()
            finally:
                query_log.add(time.perf_counter() - begun)
            with connection:
                yield connection
        finally:
            for gate in reversed(passed):
                gate.leave()

    def close(self) -> None:
        """Close all connections, for good."""
        self.replicas.stop()
        for engine in self.gates:
            engine.dispose()


def init_app(app: Flask) -> None:
    app.extensions["database"] = Database(app)


def read(work: Callable, *args, **kwargs):
    """Return work(connection, *args, **kwargs); the connection is for reading only.

    It leads to a replica where one is known to hold what this visitor wrote, and back to the primary when that fails.
    """
    database = current_app.extensions["database"]
    replica = database.replicas.choose()
    if replica is not None:
        try:
            with database.connect(replica.engine) as connection:
                return work(connection, *args, **kwargs)
        except DBAPIError as error:
            database.replicas.send_away(replica, error)
        except PoolTimeout:
            pass  # busy; the primary may have a turn
    return again(_read, database, work, args, kwargs)


def write(work: Callable, *args, **kwargs):
    """Return work(connection, *args, **kwargs), done in one transaction: all of it is stored, or nothing.

    Raises OutcomeUnknown when it cannot be known which, and ClientDisconnected when nobody waits for it any more.
    """
    database = current_app.extensions["database"]
    try:
        result = again(_write, database, work, args, kwargs)
    except OutcomeUnknown:
        database.replicas.remember_write()
        raise
    database.replicas.remember_write()
    return result


def write_one(work: Callable, *args, **kwargs):
    """Return work(connection, *args, **kwargs), which changes by one statement, and changes no more if done twice.

    MySQL makes a transaction of such a statement by itself: two round trips less than write(). Raises as write() does.
    See docs/decisions/0039-one-statement-is-a-transaction.md.
    """
    database = current_app.extensions["database"]
    try:
        result = again(_write_one if database.is_mysql else _write, database, work, args, kwargs)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        database.replicas.remember_write()
        raise OutcomeUnknown(error.statement, None, error.orig) from error
    database.replicas.remember_write()
    return result


def again(attempt: Callable, *args):
    """Return attempt(*args), begun again after an error that passes, as often and as late as the limits allow."""
    started = time.monotonic()
    for number in range(1, ATTEMPTS + 1):
        try:
            return attempt(*args)
        except DBAPIError as error:
            late = time.monotonic() - started > AGAIN_WITHIN
            if late or number == ATTEMPTS or not passes(error, number):
                raise
            current_app.logger.warning("database work begun again: %s", error.orig)
        time.sleep(random.uniform(0, PAUSE * 2 ** (number - 1)) if number > 1 else 0)  # noqa: S311  no secret
    raise AssertionError("the last attempt returns or raises")


def passes(error: DBAPIError, number: int) -> bool:
    """Whether the same work may succeed after error, met in attempt number.

    A lost connection is used again once, on a new one. Nothing of its transaction was stored: COMMIT had not been sent,
    or it would be OutcomeUnknown, which is not marked as lost.
    Of two transactions in each other's way the server ends one, whose turn comes when the other is done.
    """
    if error.connection_invalidated:
        return number == 1
    return code(error) in {DEADLOCK, LOCK_WAIT_TIMEOUT} or "database is locked" in str(error.orig)


def mark_useless(context) -> None:
    """Have SQLAlchemy drop every connection to a server that says that it will not serve us."""
    if context.sqlalchemy_exception is not None and code(context.sqlalchemy_exception) in USELESS:
        context.is_disconnect = True


def enforce_foreign_keys(connection, record) -> None:
    """Have SQLite do what every MySQL does: an entry's words go with it."""
    connection.execute("PRAGMA foreign_keys = ON")


def _read(database: Database, work, args, kwargs):
    with database.connect(database.primary) as connection:
        return work(connection, *args, **kwargs)


def _write(database: Database, work, args, kwargs):
    with database.connect(database.primary, database.changes) as connection:
        if not database.is_mysql:
            with connection.begin():
                # Else SQLite would lock at the first change only, and what was read before may be old by then.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                result = work(connection, *args, **kwargs)
                departure.check()
                return result
        # The session commits by itself, so that reading costs one round trip: a transaction is begun by its name.
        connection.exec_driver_sql("BEGIN")
        try:
            result = work(connection, *args, **kwargs)
            departure.check()
        except BaseException:
            roll_back(connection)
            raise
        try:
            connection.commit()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            raise OutcomeUnknown(error.statement, None, error.orig) from error
        return result


def _write_one(database: Database, work, args, kwargs):
    with database.connect(database.primary, database.changes) as connection:
        departure.check()
        return work(connection, *args, **kwargs)


def roll_back(connection: Connection) -> None:
    """End the transaction; without one word more if the connection is lost, since the server then does it by itself."""
    if connection.invalidated:
        return
    try:
        connection.exec_driver_sql("ROLLBACK")
    except DBAPIError:
        connection.invalidate()
