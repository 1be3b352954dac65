"""Reads from replicas: two real MariaDB servers in replication, one of them late, stopped, back, or made the writer."""

import time

import pytest
from flask import jsonify
from sqlalchemy import event, text

from app import create_app, database
from tests.conftest import close, mariadb_server, wait_until

pytestmark = pytest.mark.slow

GTID = ["--log-bin=binlog", "--log-slave-updates=ON", "--gtid-strict-mode=ON"]
WHERE = "SELECT @@port"
INSERT = text(
    "INSERT INTO entries (title, description, status, created_at, updated_at)"
    " VALUES (:title, '', 'open', '2026-01-01', '2026-01-01')"
)


class Pair:
    """A primary and its replica, and the application that uses both."""

    def __init__(self, primary, replica):
        self.primary, self.replica = primary, replica
        self.given = primary.database()

    def follow(self, delay=0):
        self.replica.run(
            "STOP SLAVE",
            f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={self.primary.port}, MASTER_USER='follower',"
            f" MASTER_PASSWORD='follower', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1, MASTER_DELAY={delay}",
            "START SLAVE",
        )


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    folders = [tmp_path_factory.mktemp(name) for name in ("primary", "replica")]
    with (
        mariadb_server(folders[0], *GTID, "--server-id=1") as primary,
        mariadb_server(folders[1], *GTID, "--server-id=2") as replica,
    ):
        primary.run("CREATE USER follower IDENTIFIED BY 'follower'", "GRANT REPLICATION SLAVE ON *.* TO follower")
        # What a server did before it had the other one is no part of the story.
        primary.run("RESET MASTER")
        replica.run("RESET MASTER", "SET GLOBAL gtid_slave_pos = ''")
        yield Pair(primary, replica)


class Site:
    """The application; each Site.browser() is another visitor."""

    def __init__(self, app):
        self.app = app
        app.add_url_rule("/where", "where", lambda: str(database.read(lambda c: c.exec_driver_sql(WHERE).scalar())))
        app.add_url_rule("/titles", "titles", lambda: jsonify(database.read(self.titles)))
        app.add_url_rule("/add/<title>", "add", self.add, methods=["PUT"])

    @staticmethod
    def titles(connection):
        return connection.exec_driver_sql("SELECT title FROM entries ORDER BY id").scalars().all()

    @staticmethod
    def add(title):
        database.write(lambda connection: connection.execute(INSERT, {"title": title}) and None)
        return str(database.read(lambda connection: connection.exec_driver_sql(WHERE).scalar()))

    def where(self, browser=None, **headers):
        response = (browser or self.app.test_client()).get("/where", headers=headers)
        assert response.status_code == 200, response.text
        return int(response.text)


@pytest.fixture
def pair(servers, no_settings, monkeypatch):
    """The pair in replication without delay, with a new migrated database."""
    servers.replica.run("SET GLOBAL read_only = 1")
    servers.given = servers.primary.database()
    servers.follow()
    # "localhost" is the replica: its port is put in where a name would lead to another address.
    given = servers.given | {"DATABASE_READER_HOST": "localhost"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return servers


@pytest.fixture
def site(pair):
    app = create_app()
    assert app.test_cli_runner().invoke(args=["migrate"]).exit_code == 0
    (replica,) = app.extensions["database"].replicas.all

    def to_replica(dialect, record, args, params):
        params["port"] = pair.replica.port

    event.listen(replica.engine, "do_connect", to_replica)
    wait_until(lambda: caught_up(pair), what="the replica")
    yield Site(app)
    close(app)


def caught_up(pair):
    query = f"SELECT 1 FROM information_schema.tables WHERE table_schema = '{pair.given['DATABASE_NAME']}'"
    return len(pair.replica.rows(query)) == len(pair.primary.rows(query))


def test_reads_go_to_the_replica_and_own_writes_are_seen_although_it_is_late(site, pair):
    wait_until(lambda: site.where() == pair.replica.port, what="a read from the replica")
    pair.follow(delay=2)
    writer, other = site.app.test_client(), site.app.test_client()
    response = writer.put("/add/mine")
    assert response.text == str(pair.primary.port), "what follows a write within a request sees it"
    assert response.headers["Set-Cookie"].startswith("wrote_at=")
    assert "HttpOnly" in response.headers["Set-Cookie"]
    primary, replica = pair.primary.port, pair.replica.port
    seen = set()
    end = time.monotonic() + 20
    while (replica, 1) not in seen and time.monotonic() < end:
        assert writer.get("/titles").json == ["mine"]
        seen.add((site.where(writer), len(other.get("/titles").json)))
        time.sleep(0.1)
    assert {(primary, 0), (primary, 1), (replica, 1)} >= seen >= {(primary, 0), (replica, 1)}


def test_a_visitor_may_ask_for_the_newest(site, pair):
    wait_until(lambda: site.where() == pair.replica.port, what="a read from the replica")
    assert site.where(**{"Cache-Control": "no-cache"}) == pair.primary.port
    assert site.where() == pair.replica.port


@pytest.mark.parametrize("cookie", ["", "x", "-1", "1e9", "9" * 14, "٣"])
def test_a_wrong_cookie_is_no_error(site, cookie):
    browser = site.app.test_client()
    browser.set_cookie("wrote_at", cookie)
    site.where(browser)


def test_a_replica_that_lags_is_not_used(site, pair):
    wait_until(lambda: site.where() == pair.replica.port, what="a read from the replica")
    pair.replica.run("STOP SLAVE SQL_THREAD")
    wait_until(lambda: site.where() == pair.primary.port, what="a read from the primary")
    pair.replica.run("START SLAVE SQL_THREAD")
    wait_until(lambda: site.where() == pair.replica.port, what="a read from the replica again")


def test_no_error_when_the_replica_is_frozen_or_gone_and_it_is_used_again(site, pair):
    wait_until(lambda: site.where() == pair.replica.port, what="a read from the replica")
    with pair.replica.frozen():
        started = time.monotonic()
        assert [site.where() for _ in range(20)] == [pair.primary.port] * 20
        assert time.monotonic() - started < 2, "one waits for it, the others do not"
    wait_until(lambda: site.where() == pair.replica.port, what="a read from the replica again")
    for (number,) in pair.replica.rows(
        f"SELECT id FROM information_schema.processlist WHERE db = '{pair.given['DATABASE_NAME']}'"
    ):
        pair.replica.run(f"KILL {number}")
    assert {site.where() for _ in range(20)} <= {pair.primary.port, pair.replica.port}


def test_reads_go_on_while_the_primary_is_away(site, pair):
    wait_until(lambda: site.where() == pair.replica.port, what="a read from the replica")
    with pair.primary.frozen():
        end = time.monotonic() + 3
        while time.monotonic() < end:
            assert site.where() == pair.replica.port
            time.sleep(0.1)


def test_a_writer_that_became_read_only_is_left_for_the_one_that_its_name_leads_to(site, pair):
    """As after a failover: the old writer answers, but refuses to write."""
    browser = site.app.test_client()
    assert browser.put("/add/before").status_code == 200
    pair.replica.run("STOP SLAVE", "SET GLOBAL read_only = 0")
    pair.primary.run("SET GLOBAL read_only = 1")

    def moved(dialect, record, args, params):
        params["port"] = pair.replica.port

    event.listen(site.app.extensions["database"].primary, "do_connect", moved)
    try:
        assert browser.put("/add/after").text == str(pair.replica.port)
    finally:
        pair.primary.run("SET GLOBAL read_only = 0")
        pair.replica.run(f"DELETE FROM {pair.given['DATABASE_NAME']}.entries", "SET GLOBAL read_only = 1")
