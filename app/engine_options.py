"""How the application waits for a database: time-outs, a bounded pool, a strict session, verified TLS."""

import ssl
from datetime import datetime
from pathlib import Path

from pymysql.constants import FIELD_TYPE
from pymysql.converters import conversions
from sqlalchemy import URL

from app.config_checks import ConfigError
from app.database_url import is_mysql

# Seconds. A database that is away must cost a visitor an error page, and a worker its thread only for a moment: the
# longest waits together (a turn, gate.py, and an answer) are under 5 s, with a replica that hangs as well under 6.
CONNECT_TIMEOUT = 1
ANSWER_TIMEOUT = 3
REPLICA_ANSWER_TIMEOUT = 1
# The server gives up a little before us, so that it does not go on working for nobody.
STATEMENT_TIMEOUT = 2.5
LOCK_TIMEOUT = 1  # the shortest that the server knows
# Far fewer connections than a worker has threads (gunicorn.conf.py): a database that is away must not hold every
# thread, or health checks fail too and every task is replaced, which mends nothing. gate.py lets no more in.
POOL_SIZE = 5
POOL_TIMEOUT = 1
RECYCLE_AFTER = 300  # a failover leaves connections to the old writer; none of them lives longer than this
# What we have given up while the network was cut, the server does not hear of: it would keep it for eight hours.
IDLE_TIMEOUT = 2 * RECYCLE_AFTER
SQL_MODE = (
    "STRICT_TRANS_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION"
)


def engine_options(url: URL | None, ssl_ca: str | None) -> dict:
    """Return the options of SQLAlchemy's engine: time-outs, a bounded pool and, with ssl_ca, verified TLS."""
    if url is None or not is_mysql(url):
        return {}
    connect_args = {
        "connect_timeout": CONNECT_TIMEOUT,
        "read_timeout": ANSWER_TIMEOUT,
        "write_timeout": ANSWER_TIMEOUT,
        "autocommit": True,  # reading costs one round trip; database.py begins a transaction by its name
        "init_command": session_statement(),
        # A list has a hundred times in it, and the driver's own way takes each apart by an expression.
        "conv": {**conversions, FIELD_TYPE.DATETIME: datetime.fromisoformat},
    }
    if url.password:
        connect_args["password"] = url.password.encode()  # the driver would encode it as Latin-1
    if ssl_ca:
        connect_args["ssl"] = ssl_context(ssl_ca)
    return {
        "pool_size": POOL_SIZE,
        "max_overflow": 0,
        "pool_timeout": POOL_TIMEOUT,
        "pool_recycle": RECYCLE_AFTER,
        "skip_autocommit_rollback": True,  # there is nothing to take back
        "hide_parameters": True,  # what visitors write does not belong in logs
        "connect_args": connect_args,
    }


def readers(url: URL | None, options: dict, hosts: list[str]) -> dict[str, dict]:
    """Return the engine options of each replica: those of the writer, but another host and a shorter wait."""
    if url is None or not is_mysql(url):
        return {}
    connect_args = options["connect_args"] | {"read_timeout": REPLICA_ANSWER_TIMEOUT}
    return {
        f"replica {host}": {**options, "url": url.set(host=host.strip("[]")), "connect_args": connect_args}
        for host in hosts
    }


def session_statement() -> str:
    """Return the one statement that each new connection begins with.

    Each server runs its own comment: MySQL stops reading after so many milliseconds, MariaDB any statement after so
    many seconds. To a time limit of its own MySQL subjects reading only.
    """
    return (
        f"SET sql_mode = '{SQL_MODE}', time_zone = '+00:00', innodb_lock_wait_timeout = {LOCK_TIMEOUT}"
        f", wait_timeout = {IDLE_TIMEOUT}"
        f" /*!80000 , max_execution_time = {STATEMENT_TIMEOUT * 1000:.0f} */"
        f" /*M!100100 , max_statement_time = {STATEMENT_TIMEOUT} */"
    )


def ssl_context(ca_file: str) -> ssl.SSLContext:
    """Return one context for all connections, because building it costs more than a query.

    It verifies chain and host name. It is not ssl.create_default_context(), which takes an empty file as leave to trust
    every authority of the system, and since Python 3.13 refuses authorities over the form of their own certificates.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=Path(ca_file).read_text("ascii"))
    except OSError as error:
        raise ConfigError(f"DATABASE_SSL_CA: cannot read {ca_file}: {error.strerror}") from None
    except (ssl.SSLError, ValueError):
        raise ConfigError(f"DATABASE_SSL_CA: {ca_file} holds no PEM certificates") from None
    return context
