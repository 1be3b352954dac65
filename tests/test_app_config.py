"""What the environment may say, and the one line for each thing that it may not."""

import os
import ssl
import subprocess

import pytest
from sqlalchemy import make_url

from app.config import ConfigError, from_environment
from app.engine_options import POOL_SIZE
from app.gate import STUCK_AFTER
from drills.parts.servers import PASSWORD, SECRET_KEY
from tests.conftest import ROOT, accepts, clean_environment, free_port

MYSQL = {"DATABASE_HOST": "db", "DATABASE_PASSWORD": PASSWORD, "SECRET_KEY": SECRET_KEY}
CONTAINER = {"IN_CONTAINER": "1"}
PORT_RULE = "the port must be a number from 1 to 65535, not"


def address(**environ):
    """Return user, password, host, port and database name as the driver gets them."""
    url = make_url(from_environment(environ)["SQLALCHEMY_DATABASE_URI"])
    assert url.drivername == "mysql+pymysql"
    assert url.query == {"charset": "utf8mb4"}
    return url.username, url.password, url.host, url.port, url.database


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"DATABASE_HOST": "db"}, ("flaskcrud", None, "db", 3306, "flaskcrud")),
        (
            {
                "DATABASE_HOST": "10.0.0.5",
                "DATABASE_PORT": "3307",
                "DATABASE_NAME": "n",
                "DATABASE_USERNAME": "u",
                "DATABASE_PASSWORD": PASSWORD,
            },
            ("u", PASSWORD, "10.0.0.5", 3307, "n"),
        ),
        ({"DATABASE_HOST": "[::1]"}, ("flaskcrud", None, "::1", 3306, "flaskcrud")),
        ({"DATABASE_HOST": "db", "DATABASE_PORT": ""}, ("flaskcrud", None, "db", 3306, "flaskcrud")),
        # A bare host name in DATABASE_URL.
        ({"DATABASE_URL": "db.example"}, ("flaskcrud", None, "db.example", 3306, "flaskcrud")),
        ({"DATABASE_URL": "db", "DATABASE_PORT": "3307"}, ("flaskcrud", None, "db", 3307, "flaskcrud")),
        ({"DATABASE_URL": "db:3308", "DATABASE_PORT": "3307"}, ("flaskcrud", None, "db", 3308, "flaskcrud")),
        ({"DATABASE_URL": "[::1]:3308"}, ("flaskcrud", None, "::1", 3308, "flaskcrud")),
        ({"DATABASE_URL": "db", "DATABASE_HOST": "other"}, ("flaskcrud", None, "db", 3306, "flaskcrud")),
        # A whole URL; what it leaves out comes from the other variables.
        ({"DATABASE_URL": "mysql://u:p%40ss@db:3309/n"}, ("u", "p@ss", "db", 3309, "n")),
        ({"DATABASE_URL": "mysql+pymysql://u:p@db/n"}, ("u", "p", "db", 3306, "n")),
        ({"DATABASE_URL": "mariadb://u:p@db/n?charset=utf8"}, ("u", "p", "db", 3306, "n")),
        (
            {"DATABASE_URL": "mysql://db", "DATABASE_PASSWORD": PASSWORD, "DATABASE_PORT": "3307"},
            ("flaskcrud", PASSWORD, "db", 3307, "flaskcrud"),
        ),
    ],
)
def test_address_of_the_database(environ, expected):
    assert address(**environ) == expected


def test_sqlite_when_nothing_is_set():
    settings = from_environment({})
    assert settings["SQLALCHEMY_DATABASE_URI"] == "sqlite:///flaskcrud.sqlite"
    assert len(settings["SECRET_KEY"]) == 64
    assert settings["SECRET_KEY"] != from_environment({})["SECRET_KEY"]


def test_sqlite_may_be_asked_for_in_a_container():
    settings = from_environment({**CONTAINER, "DATABASE_URL": "sqlite:////tmp/a", "SECRET_KEY": SECRET_KEY})
    assert str(settings["SQLALCHEMY_DATABASE_URI"]) == "sqlite:////tmp/a"


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ("", []),
        ("replica-1.example", ["replica-1.example"]),
        ("replica-1.example,10.0.0.6, [::1]", ["replica-1.example", "10.0.0.6", "[::1]"]),
    ],
)
def test_read_replicas(given, hosts):
    binds = from_environment({**MYSQL, "DATABASE_READER_HOST": given, "DATABASE_PORT": "3307"})["SQLALCHEMY_BINDS"]
    assert [bind["url"].host for bind in binds.values()] == [host.strip("[]") for host in hosts]
    assert all((bind["url"].port, bind["url"].username) == (3307, "flaskcrud") for bind in binds.values())


def test_sqlite_has_no_replicas():
    assert from_environment({"DATABASE_READER_HOST": "replica"})["SQLALCHEMY_BINDS"] == {}


@pytest.mark.parametrize(
    ("given", "hosts"),
    [("", set()), ("www.example", {"www.example"}), ("WWW.example, shop.example", {"www.example", "shop.example"})],
)
def test_allowed_hosts(given, hosts):
    assert from_environment({"ALLOWED_HOSTS": given})["ALLOWED_HOSTS"] == hosts


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("", ""),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/flaskcrud/app@sha256:" + "1f0c" * 16, "1f0c1f0c1f0c"),
        ("registry:5000/flaskcrud/app:v1.2", "v1.2"),
        ("registry:5000/flaskcrud/app", "registry:5000/flaskcrud/app"),
        ("2026-11-23", "2026-11-23"),
    ],
)
def test_release(given, name):
    assert from_environment({"RELEASE": given})["RELEASE"] == name


READER_RULE = "DATABASE_READER_HOST must be host names, comma separated; the port goes into DATABASE_PORT"
BAD = [
    (CONTAINER, "missing environment variables: DATABASE_HOST, DATABASE_PASSWORD, SECRET_KEY"),
    ({**CONTAINER, "SECRET_KEY": SECRET_KEY}, "missing environment variables: DATABASE_HOST, DATABASE_PASSWORD"),
    ({**CONTAINER, **MYSQL, "SECRET_KEY": ""}, "missing environment variables: SECRET_KEY"),
    ({**CONTAINER, **MYSQL, "DATABASE_PASSWORD": ""}, "missing environment variables: DATABASE_PASSWORD"),
    ({**CONTAINER, "DATABASE_URL": "mysql://u@db/n"}, "missing environment variables: DATABASE_PASSWORD, SECRET_KEY"),
    ({**MYSQL, "DATABASE_PORT": "abc"}, f"DATABASE_PORT: {PORT_RULE} 'abc'"),
    ({**MYSQL, "DATABASE_PORT": "0"}, f"DATABASE_PORT: {PORT_RULE} '0'"),
    ({**MYSQL, "DATABASE_PORT": "65536"}, f"DATABASE_PORT: {PORT_RULE} '65536'"),
    ({**MYSQL, "DATABASE_PORT": "٣"}, f"DATABASE_PORT: {PORT_RULE} '٣'"),
    ({**MYSQL, "DATABASE_HOST": "db:3306"}, "DATABASE_HOST must be a host name; the port goes into DATABASE_PORT"),
    ({**MYSQL, "DATABASE_READER_HOST": "a:3306"}, READER_RULE),
    ({**MYSQL, "DATABASE_READER_HOST": "a,,b"}, READER_RULE),
    ({**MYSQL, "DATABASE_READER_HOST": "a b"}, READER_RULE),
    ({"DATABASE_URL": "db:x"}, f"DATABASE_URL: {PORT_RULE} 'x'"),
    ({"DATABASE_URL": "db:"}, f"DATABASE_URL: {PORT_RULE} ''"),
    ({"DATABASE_URL": "mysql://u:p@db:70000/n"}, f"DATABASE_URL: {PORT_RULE} '70000'"),
    (
        {"DATABASE_URL": "postgres://u:secret@db/n"},
        "DATABASE_URL: unknown scheme 'postgres', it must be mysql, mariadb or sqlite",
    ),
    (
        {"DATABASE_URL": "u:secret@db/n"},
        "DATABASE_URL must be a URL (mysql://..., sqlite:///...), a host name, or host:port",
    ),
    (
        {"DATABASE_URL": "mysql://u:secret@db:port/n"},
        "DATABASE_URL is not a valid URL (are special characters in the password %-encoded?)",
    ),
    ({"DATABASE_URL": "mysql:///n"}, "DATABASE_URL names no host"),
    (
        {"DATABASE_URL": "mysql://u:secret@db/n?ssl_mode=REQUIRED"},
        "DATABASE_URL: unknown option 'ssl_mode' (verified TLS is DATABASE_SSL_CA)",
    ),
    ({"ALLOWED_HOSTS": "a,,b"}, "ALLOWED_HOSTS must be host names without a port, comma separated"),
    ({"ALLOWED_HOSTS": "a:80"}, "ALLOWED_HOSTS must be host names without a port, comma separated"),
    ({**MYSQL, "SECRET_KEY": "short"}, "SECRET_KEY must have at least 16 characters"),
    (
        {**MYSQL, "DATABASE_SSL_CA": "/nowhere/ca.pem"},
        "DATABASE_SSL_CA: cannot read /nowhere/ca.pem: No such file or directory",
    ),
    ({**MYSQL, "DATABASE_SSL_CA": "/dev/null"}, "DATABASE_SSL_CA: /dev/null holds no PEM certificates"),
]


@pytest.mark.parametrize(("environ", "line"), BAD)
def test_bad_environment_has_one_line(environ, line):
    with pytest.raises(ConfigError) as error:
        from_environment(environ)
    assert str(error.value) == line


def run(*command, **environ):
    return subprocess.run(
        command, cwd=ROOT, env=clean_environment(**environ), capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize(("environ", "line"), [BAD[0], BAD[5]])
@pytest.mark.parametrize("command", [["migrate"], ["run", "--port", "1"]])
def test_flask_stops_with_the_one_line(command, environ, line):
    result = run("flask", "--app", "app", *command, **environ)
    assert result.returncode == 1
    assert result.stderr == f"flaskcrud: {line}\n"


@pytest.mark.slow
@pytest.mark.parametrize(("environ", "line"), [BAD[0], BAD[5]])
def test_gunicorn_stops_with_the_one_line(environ, line):
    port = free_port()
    result = run("gunicorn", "--config", "docker/gunicorn.conf.py", "app:create_app()", APP_PORT=str(port), **environ)
    assert result.returncode == 1
    assert result.stderr == f"flaskcrud: {line}\n"
    assert not accepts(port)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["APP_PORT", "APP_WORKERS", "APP_THREADS"])
def test_gunicorn_stops_at_a_setting_that_is_no_number(name):
    result = run("gunicorn", "--config", "docker/gunicorn.conf.py", "app:create_app()", **{name: "many"})
    assert result.returncode == 1
    assert result.stderr == f"gunicorn.conf.py: {name} must be a number from 1 to 65535, not 'many'\n"


@pytest.mark.slow
def test_migrate_reports_an_unreachable_database_in_one_line():
    port = str(free_port())
    result = run(
        "flask", "--app", "app", "migrate", "--wait", "1", **{**MYSQL, "DATABASE_HOST": "127.0.0.1"}, DATABASE_PORT=port
    )
    assert result.returncode == 1
    assert result.stderr.startswith("migrate: error: no database after 1 s: (2003, ")
    assert result.stderr.count("\n") == 1
    assert PASSWORD not in result.stderr


def test_database_calls_are_bounded():
    options = from_environment(MYSQL)["SQLALCHEMY_ENGINE_OPTIONS"]
    assert options["pool_size"] + options["max_overflow"] == POOL_SIZE
    assert 0 < options["pool_timeout"] <= 1
    waits = options["connect_args"]
    for name in ["connect_timeout", "read_timeout", "write_timeout"]:
        assert 0 < waits[name] <= 3
    # An error page within 5 s; a second more if a replica hangs too.
    assert STUCK_AFTER + waits["read_timeout"] < 5
    replica = from_environment({**MYSQL, "DATABASE_READER_HOST": "r"})["SQLALCHEMY_BINDS"]["replica r"]
    waited_for = STUCK_AFTER + replica["connect_args"]["read_timeout"] + STUCK_AFTER + waits["read_timeout"]
    assert waited_for < 6


def test_given_authority_means_verified_tls():
    bundle = ssl.get_default_verify_paths().cafile
    if not (bundle and os.path.exists(bundle)):  # noqa: PTH110
        pytest.skip("needs the system's CA bundle (Debian: apt-get install ca-certificates)")
    connect_args = from_environment({**MYSQL, "DATABASE_SSL_CA": bundle})["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]
    assert connect_args["ssl"].verify_mode is ssl.CERT_REQUIRED
    assert connect_args["ssl"].check_hostname
