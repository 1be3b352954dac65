"""Settings from the environment, checked once, before anything listens.

| variable | meaning |
|---|---|
| DATABASE_HOST, DATABASE_PORT | where MySQL listens; the port is 3306 when unset |
| DATABASE_NAME, DATABASE_USERNAME | both `flaskcrud` when unset |
| DATABASE_PASSWORD | taken as it is: any character may be in it |
| DATABASE_READER_HOST | host names of read replicas, comma separated, on the writer's port: app/replicas.py |
| DATABASE_URL | instead of DATABASE_HOST, and stronger: a whole URL, or only a host name, with or without a port |
| DATABASE_SSL_CA | path of a PEM file; given, the server must prove its name by a certificate signed by it |
| APP_DATABASE_USERNAME, APP_DATABASE_PASSWORD | `flask migrate` makes this user, who may read and write rows only |
| ALLOWED_HOSTS | the host names by which visitors may come, comma separated; any when unset |
| RELEASE | what the log calls this release: an image's name is shortened to the start of its digest, or its tag |
| TASK_CPU, TASK_MEMORY | CPU units (1024 a processor) and MiB of the task: how many workers, docker/gunicorn.conf.py |
| SECRET_KEY | signs cookies; the same in every process behind one address |
| IN_CONTAINER | set by the image: nothing may be missing then |

An empty variable counts as unset, because compose files and task definitions pass unset ones as empty.
"""

import os
import re
import secrets
import ssl
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

DEFAULT_PORT = 3306
DEFAULT_NAME = "flaskcrud"
SHORTEST_SECRET_KEY = 16
MYSQL_SCHEMES = {"mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql"}
SQLITE_SCHEMES = {"sqlite", "sqlite+pysqlite"}
HOST = r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)"
HOST_AND_PORT = HOST + r"(:(?P<port>\w*))?"
USERNAME = r"[A-Za-z0-9_-]{1,32}"  # no dot: mysql.sys and its like are the server's own

APP_USER = ("APP_DATABASE_USERNAME", "APP_DATABASE_PASSWORD")

FORM_BYTES = 64 * 1024  # the longest valid form, every character an emoji written as %XX, is 27 kB
IMPORT_BYTES = 5 * 1024 * 1024  # a file to import

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
SQL_MODE = (
    "STRICT_TRANS_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION"
)


class ConfigError(Exception):
    """What is wrong with the environment, in one line that names variables and shows no secret."""


def load(app, overrides: Mapping) -> None:
    """Put the settings of the environment, then overrides, into app.config; raise ConfigError."""
    app.config.update(from_environment(os.environ))
    app.config.update(overrides)


def from_environment(environ: Mapping[str, str]) -> dict:
    """Return Flask's settings for environ; raise ConfigError with the first wrong value, or all that is missing."""
    given = {name: value for name, value in environ.items() if value}
    url = database_url(given)
    missing = missing_names(given, url)
    if given.get("IN_CONTAINER") == "1" and missing:
        raise ConfigError(f"missing environment variables: {', '.join(missing)}")
    options = engine_options(url, given.get("DATABASE_SSL_CA"))
    return {
        "SECRET_KEY": secret_key(given),
        "SQLALCHEMY_DATABASE_URI": url or f"sqlite:///{DEFAULT_NAME}.sqlite",
        "SQLALCHEMY_ENGINE_OPTIONS": options,
        "SQLALCHEMY_BINDS": readers(url, options, reader_hosts(given)),
        "ALLOWED_HOSTS": allowed_hosts(given),
        "RELEASE": release(given.get("RELEASE", "")),
        "MAX_CONTENT_LENGTH": FORM_BYTES,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
    }


def missing_names(given: Mapping[str, str], url: URL | None) -> list[str]:
    """Return the variables that a container needs and given lacks."""
    missing = []
    if url is None:
        missing.append("DATABASE_HOST")
    password = url.password if url else given.get("DATABASE_PASSWORD")
    if not password and (url is None or is_mysql(url)):
        missing.append("DATABASE_PASSWORD")
    if "SECRET_KEY" not in given:
        missing.append("SECRET_KEY")
    return missing


def is_mysql(url: URL) -> bool:
    return url.drivername == "mysql+pymysql"


def database_url(given: Mapping[str, str]) -> URL | None:
    """Return the address of the database, or None when given names none."""
    if "DATABASE_URL" in given:
        text = given["DATABASE_URL"]
        return from_url(text, given) if "://" in text else from_host_and_port(text, given)
    if "DATABASE_HOST" in given:
        match = re.fullmatch(HOST, given["DATABASE_HOST"])
        if not match:
            raise ConfigError("DATABASE_HOST must be a host name; the port goes into DATABASE_PORT")
        return mysql_url(given, match["host"])
    return None


def from_host_and_port(text: str, given: Mapping[str, str]) -> URL:
    match = re.fullmatch(HOST_AND_PORT, text)
    if not match:
        raise ConfigError("DATABASE_URL must be a URL (mysql://..., sqlite:///...), a host name, or host:port")
    return mysql_url(given, match["host"], match["port"])


def from_url(text: str, given: Mapping[str, str]) -> URL:
    """Return the whole URL text as our driver wants it; what it leaves out comes from the other variables."""
    scheme = text.partition("://")[0]
    if scheme not in MYSQL_SCHEMES | SQLITE_SCHEMES:
        raise ConfigError(f"DATABASE_URL: unknown scheme {scheme!r}, it must be mysql, mariadb or sqlite")
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The parser's own message would show the password.
        raise ConfigError(
            "DATABASE_URL is not a valid URL (are special characters in the password %-encoded?)"
        ) from None
    if scheme in SQLITE_SCHEMES:
        return url
    if not url.host:
        raise ConfigError("DATABASE_URL names no host")
    unknown = sorted(set(url.query) - {"charset"})
    if unknown:
        raise ConfigError(f"DATABASE_URL: unknown option {unknown[0]!r} (verified TLS is DATABASE_SSL_CA)")
    known = {
        "DATABASE_USERNAME": url.username,
        "DATABASE_PASSWORD": url.password,
        "DATABASE_NAME": url.database,
    }
    merged = {**given, **{name: value for name, value in known.items() if value}}
    return mysql_url(merged, url.host, None if url.port is None else str(url.port))


def mysql_url(given: Mapping[str, str], host: str, port: str | None = None) -> URL:
    """Return the URL of host with what given says besides; port is what DATABASE_URL says, None if nothing."""
    if port is None:
        number = port_number(given.get("DATABASE_PORT", str(DEFAULT_PORT)), "DATABASE_PORT")
    else:
        number = port_number(port, "DATABASE_URL")
    return URL.create(
        "mysql+pymysql",
        username=given.get("DATABASE_USERNAME", DEFAULT_NAME),
        password=given.get("DATABASE_PASSWORD"),
        host=host.strip("[]"),
        port=number,
        database=given.get("DATABASE_NAME", DEFAULT_NAME),
        query={"charset": "utf8mb4"},
    )


def port_number(text: str, name: str) -> int:
    """Return text as a port; raise ConfigError that blames the variable name."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise ConfigError(f"{name}: the port must be a number from 1 to 65535, not {text!r}")
    return int(text)


def reader_hosts(given: Mapping[str, str]) -> list[str]:
    """Return the host names of the read replicas, which listen on the port of the writer."""
    hosts = [host.strip() for host in given.get("DATABASE_READER_HOST", "").split(",")]
    if hosts == [""]:
        return []
    if not all(re.fullmatch(HOST, host) for host in hosts):
        raise ConfigError("DATABASE_READER_HOST must be host names, comma separated; the port goes into DATABASE_PORT")
    return hosts


def readers(url: URL | None, options: dict, hosts: list[str]) -> dict[str, dict]:
    """Return the engine options of each replica: those of the writer, but another host and a shorter wait."""
    if url is None or not is_mysql(url):
        return {}
    connect_args = options["connect_args"] | {"read_timeout": REPLICA_ANSWER_TIMEOUT}
    return {
        f"replica {host}": {**options, "url": url.set(host=host.strip("[]")), "connect_args": connect_args}
        for host in hosts
    }


def allowed_hosts(given: Mapping[str, str]) -> frozenset[str]:
    """Return the host names of ALLOWED_HOSTS in lower case."""
    names = given.get("ALLOWED_HOSTS", "")
    hosts = frozenset(name.strip().lower() for name in names.split(",") if names)
    if not all(re.fullmatch(HOST, host) for host in hosts):
        raise ConfigError("ALLOWED_HOSTS must be host names without a port, comma separated")
    return hosts


def release(image: str) -> str:
    """Return what names an image shortly: twelve digits of its digest, else its tag, else image as it is."""
    if "@sha256:" in image:
        return image.partition("@sha256:")[2][:12]
    return image.rpartition(":")[2] if ":" in image.rpartition("/")[2] else image


def application_user(environ: Mapping[str, str], migrating: str | None) -> tuple[str, str] | None:
    """Return name and password of the user that `flask migrate` is to make, or None when environ names none.

    migrating is the user who makes it. Raises ConfigError.
    """
    given = {name: environ[name] for name in APP_USER if environ.get(name)}
    if not given:
        return None
    missing = [name for name in APP_USER if name not in given]
    if missing:
        raise ConfigError(f"missing environment variable: {missing[0]}")
    name, password = given.values()
    if not re.fullmatch(USERNAME, name) or name == "root":
        raise ConfigError("APP_DATABASE_USERNAME must be 1 to 32 letters, digits, - or _, and not root")
    if name == migrating:
        raise ConfigError("APP_DATABASE_USERNAME must not be the migrating user, DATABASE_USERNAME")
    return name, password


def secret_key(given: Mapping[str, str]) -> str:
    """Return SECRET_KEY; outside a container an unset one becomes random, and sessions end with the process."""
    key = given.get("SECRET_KEY") or secrets.token_hex()
    if len(key) < SHORTEST_SECRET_KEY:
        raise ConfigError(f"SECRET_KEY must have at least {SHORTEST_SECRET_KEY} characters")
    return key


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
    }
    if url.password:
        connect_args["password"] = url.password.encode()  # the driver would encode it as Latin-1
    if ssl_ca:
        connect_args["ssl"] = ssl_context(ssl_ca)
    return {
        "pool_size": POOL_SIZE,
        "max_overflow": 0,
        "pool_timeout": POOL_TIMEOUT,
        "pool_recycle": 300,  # a failover leaves connections to the old writer; none of them lives longer than this
        "skip_autocommit_rollback": True,  # there is nothing to take back
        "hide_parameters": True,  # what visitors write does not belong in logs
        "connect_args": connect_args,
    }


def session_statement() -> str:
    """Return the one statement that each new connection begins with.

    Each server runs its own comment: MySQL stops reading after so many milliseconds, MariaDB any statement after so
    many seconds. To a time limit of its own MySQL subjects reading only.
    """
    return (
        f"SET sql_mode = '{SQL_MODE}', time_zone = '+00:00', innodb_lock_wait_timeout = {LOCK_TIMEOUT}"
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
