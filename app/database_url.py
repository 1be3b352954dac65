"""Where the database and its replicas are: DATABASE_URL, DATABASE_HOST and their like (app/config.py), taken apart."""

import re
from collections.abc import Mapping

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.config_checks import HOST, ConfigError, port_number

DEFAULT_PORT = 3306
DEFAULT_NAME = "flaskcrud"
MYSQL_SCHEMES = {"mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql"}
SQLITE_SCHEMES = {"sqlite", "sqlite+pysqlite"}
HOST_AND_PORT = HOST + r"(:(?P<port>\w*))?"


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


def reader_hosts(given: Mapping[str, str]) -> list[str]:
    """Return the host names of the read replicas, which listen on the port of the writer."""
    hosts = [host.strip() for host in given.get("DATABASE_READER_HOST", "").split(",")]
    if hosts == [""]:
        return []
    if not all(re.fullmatch(HOST, host) for host in hosts):
        raise ConfigError("DATABASE_READER_HOST must be host names, comma separated; the port goes into DATABASE_PORT")
    return hosts
