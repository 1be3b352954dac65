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
from collections.abc import Mapping

from sqlalchemy import URL

from app.config_checks import HOST, ConfigError
from app.database_url import DEFAULT_NAME, database_url, is_mysql, reader_hosts
from app.engine_options import engine_options, readers

SHORTEST_SECRET_KEY = 16
USERNAME = r"[A-Za-z0-9_-]{1,32}"  # no dot: mysql.sys and its like are the server's own

APP_USER = ("APP_DATABASE_USERNAME", "APP_DATABASE_PASSWORD")

FORM_BYTES = 64 * 1024  # the longest valid form, every character an emoji written as %XX, is 27 kB
IMPORT_BYTES = 5 * 1024 * 1024  # a file to import


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
