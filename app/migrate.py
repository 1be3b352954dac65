"""Apply the migrations in migrations/versions and keep the application's user, one migrator at a time."""

import random
import time
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from app import compatibility, database_user
from app.engine_options import SQL_MODE
from app.outage import one_line

SCRIPTS = Path(__file__).parent / "migrations"
STATEMENT_TIMEOUT = 900  # seconds; a column added to a large table may take minutes
TABLE_LOCK_TIMEOUT = 10  # seconds
LOCK_TIMEOUT = 300  # seconds to wait for another migrator
# Wrong user or password, no rights on the database, no such database: waiting would not help.
HOPELESS = {1044, 1045, 1049}
CERTIFICATE = "certificate verify failed"


class MigrationError(Exception):
    """Why the tables or the application's user are not up to date, in one line."""


def upgrade(url: URL, connect_args: dict, wait: float, user: tuple[str, str] | None = None) -> str:
    """Bring the database at url up to the newest migration and say in one line what was done.

    connect_args are the driver's, with the short time-outs of a page. Waits up to wait seconds for a database that is
    still starting. user is name and password of the application's own user; SQLite knows no users. Raises
    MigrationError.
    """
    wait_for(url, connect_args, wait if url.get_backend_name() == "mysql" else 0)
    try:
        with connect(url, patient(connect_args)) as connection, lock(connection):
            done = upgrade_to_head(connection)
            if user is None or connection.dialect.name != "mysql":
                return done
            return f"{done}, {database_user.bring_up_to_date(connection, *user)}"
    except (CommandError, DBAPIError, compatibility.TooNew, database_user.DatabaseUserError) as error:
        raise MigrationError(one_line(error)) from error


def wait_for(url: URL, connect_args: dict, wait: float) -> None:
    """Return when the database accepts a connection; raise MigrationError when it will not, or not in time."""
    deadline = time.monotonic() + wait
    while True:
        try:
            with connect(url, connect_args):
                return
        except OperationalError as error:
            if error.orig.args[0] in HOPELESS or CERTIFICATE in str(error.orig):
                raise MigrationError(one_line(error)) from error
            if time.monotonic() >= deadline:
                raise MigrationError(f"no database after {wait:g} s: {one_line(error)}") from error
        # Not all at once: ten tasks may be waiting.
        time.sleep(min(random.uniform(0.5, 1), max(0, deadline - time.monotonic())))  # noqa: S311  no secret


def connect(url: URL, connect_args: dict) -> Connection:
    # Parameters are passwords here: without them in logs and errors.
    engine = create_engine(url, poolclass=NullPool, connect_args=connect_args, hide_parameters=True)
    return engine.connect()


def patient(connect_args: dict) -> dict:
    """Return connect_args for statements that may take longer than those of a page, and not each by itself."""
    if not connect_args:
        return {}
    longer = {"read_timeout": STATEMENT_TIMEOUT, "write_timeout": STATEMENT_TIMEOUT}
    return {**connect_args, **longer, "autocommit": False, "init_command": session_statement()}


def session_statement() -> str:
    """Return the one statement that the migrating connection begins with.

    A change of a table waits for the transactions that use it, and everybody else waits behind it: not for long.
    """
    return f"SET sql_mode = '{SQL_MODE}', time_zone = '+00:00', lock_wait_timeout = {TABLE_LOCK_TIMEOUT}"


@contextmanager
def lock(connection: Connection):
    """Hold the database's migration lock. MySQL commits at each CREATE or ALTER, so a transaction cannot do it."""
    if connection.dialect.name != "mysql":
        yield
        return
    # Locks belong to the server, so the name carries the database; MySQL refuses names over 64 characters.
    name = f"migrate {connection.engine.url.database}"[:64]
    taken = connection.scalar(text("SELECT GET_LOCK(:name, :seconds)"), {"name": name, "seconds": LOCK_TIMEOUT})
    if taken != 1:
        raise MigrationError(f"another migration has held the lock for {LOCK_TIMEOUT} s")
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.scalar(text("SELECT RELEASE_LOCK(:name)"), {"name": name})


def upgrade_to_head(connection: Connection) -> str:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    current = MigrationContext.configure(connection).get_current_revision()
    if current == head:
        compatibility.record(connection, scripts)
        return f"nothing to do, the database is at {head}"
    if current is not None and not compatibility.is_known(scripts, current):
        return compatibility.of_newer(connection, scripts, current)
    started = time.monotonic()
    command.upgrade(config, "head")
    compatibility.record(connection, scripts)
    return f"upgraded from {current or 'an empty database'} to {head} in {time.monotonic() - started:.1f} s"
