"""The one door to the database on a real MariaDB: bounded waits, and what is done again after an error and what not."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import jsonify
from sqlalchemy import event, text

from app import create_app, database, engine_options
from tests.conftest import Browser, accepts, application, mariadb_server, running, wait_until

pytestmark = pytest.mark.slow

IDLE = "SELECT id FROM information_schema.processlist WHERE db = '{}' AND command = 'Sleep'"
LOCK_ALL = "SELECT id FROM entries FOR UPDATE"
INSERT = (
    "INSERT INTO entries (title, description, status, created_at, updated_at)"
    " VALUES ('{}', '', 'open', '2026-01-01', '2026-01-01')"
)


class Probe:
    """The application with a page that does, through the door, what the test says."""

    def __init__(self, app, server):
        self.app, self.server = app, server
        self.name = app.config["SQLALCHEMY_DATABASE_URI"].database
        self.runs = 0
        app.add_url_rule("/probe", "probe", self.page)

    def page(self):
        return jsonify([[str(value) for value in row] for row in self.door(self.run)])

    def run(self, connection):
        self.runs += 1
        return self.work(connection)

    def visit(self, door, work):
        """Return status and rows of the page whose work is a function or a statement."""
        self.door, self.runs = door, 0
        self.work = work if callable(work) else lambda connection: connection.execute(text(work)).all()
        response = self.app.test_client().get("/probe")
        return response.status_code, response.json if response.is_json else None

    def insert(self, title, then=lambda connection: None):
        """Store an entry; then is done before COMMIT."""

        def work(connection):
            connection.exec_driver_sql(INSERT.format(title))
            then(connection)
            return []

        return self.visit(database.write, work)[0]

    def stored(self, title):
        return self.server.rows(f"SELECT COUNT(*) FROM {self.name}.entries WHERE title = '{title}'")[0][0]

    def kill(self, connections):
        self.server.run(*[f"KILL {number}" for (number,) in connections])

    def kill_idle(self):
        self.kill(self.server.rows(IDLE.format(self.name)))


@pytest.fixture
def probe(mysql_app, mariadb):
    return Probe(mysql_app, mariadb)


def own_id(connection):
    return [(connection.exec_driver_sql("SELECT CONNECTION_ID()").scalar(),)]


def test_reading_costs_one_round_trip(probe):
    counts = [probe.visit(database.read, "SHOW SESSION STATUS LIKE 'Questions'")[1][0][1] for _ in range(3)]
    assert int(counts[2]) - int(counts[1]) == 1


def test_each_session_is_strict_utf8mb4_and_bounded(probe):
    variables = dict(probe.visit(database.read, "SHOW SESSION VARIABLES")[1])
    assert sorted(variables["sql_mode"].split(",")) == sorted(engine_options.SQL_MODE.split(","))
    assert variables["character_set_client"] == "utf8mb4"
    assert variables["collation_connection"].startswith("utf8mb4")
    assert (variables["time_zone"], variables["autocommit"]) == ("+00:00", "ON")
    assert int(variables["innodb_lock_wait_timeout"]) == engine_options.LOCK_TIMEOUT
    assert int(variables["wait_timeout"]) == engine_options.IDLE_TIMEOUT
    # MariaDB counts seconds, MySQL milliseconds.
    limit = float(variables.get("max_statement_time", 0)) or int(variables["max_execution_time"]) / 1000
    assert limit == engine_options.STATEMENT_TIMEOUT


def test_what_is_too_long_is_refused_not_cut(probe):
    assert probe.insert("x" * 201) == 500
    assert probe.stored("x" * 200) == 0


def test_a_connection_that_died_while_idle_is_not_noticed(probe):
    for door in (database.read, database.write):
        (before,) = probe.visit(door, own_id)[1]
        probe.kill_idle()
        status, (after,) = probe.visit(door, own_id)
        assert (status, after != before) == (200, True)


def test_a_connection_lost_within_a_transaction_is_used_again_and_nothing_is_stored_twice(probe):
    def kill(connection):
        if probe.runs == 1:
            probe.kill(own_id(connection))
            connection.exec_driver_sql("SELECT 1")

    assert probe.insert("once", kill) == 200
    assert (probe.runs, probe.stored("once")) == (2, 1)


def test_a_connection_that_is_lost_each_time_is_an_error_after_two_attempts(probe):
    def kill(connection):
        probe.kill(own_id(connection))
        connection.exec_driver_sql("SELECT 1")

    assert probe.insert("never", kill) == 503
    assert (probe.runs, probe.stored("never")) == (2, 0)


def test_a_connection_lost_at_commit_is_never_used_again(probe):
    """Nobody can know whether the database had stored it."""

    def lose(connection):
        event.listen(database.db.engine, "commit", lambda connection: probe.kill(killed), once=True)
        killed = own_id(connection)

    assert probe.insert("unknown", lose) == 503
    assert probe.runs == 1
    assert probe.visit(database.read, "SELECT 1")[0] == 200


def test_a_change_of_one_statement_is_done_again_and_unknown_only_when_lost_each_time(probe):
    """Whether the lost one was stored does not matter: done twice it changes no more."""
    losing = {"times": 1}

    def change(connection):
        connection.exec_driver_sql("UPDATE entries SET status = 'done' WHERE title = 'one'")
        if probe.runs <= losing["times"]:
            probe.kill(own_id(connection))
            connection.exec_driver_sql("SELECT 1")
        return []

    assert probe.insert("one") == 200
    assert (probe.visit(database.write_one, change)[0], probe.runs) == (200, 2)
    assert probe.server.rows(f"SELECT status FROM {probe.name}.entries") == (("done",),)
    losing["times"] = 9
    assert (probe.visit(database.write_one, change)[0], probe.runs) == (503, 2)
    assert "may or may not have been saved" in probe.app.test_client().get("/probe").text


def test_who_sent_a_change_whose_outcome_is_unknown_is_told_so(probe, mysql_app):
    """The page promises nothing; the API says that the same key creates nothing twice, and it does not."""
    browser, body = Browser(mysql_app), {"title": "at commit"}
    once = {"Idempotency-Key": "once"}

    def losing(send):
        sessions = f"SELECT id FROM information_schema.processlist WHERE db = '{probe.name}'"

        def kill(connection):
            probe.kill(probe.server.rows(sessions))

        event.listen(database.db.engine, "commit", kill, once=True)
        return send()

    with mysql_app.app_context():
        page = losing(lambda: browser.post("/entries/new", body))
        problem = losing(lambda: browser.client.post("/api/v1/entries", json=body, headers=once))
    assert (page.status_code, problem.status_code) == (503, 503)
    assert "may or may not have been saved" in page.text
    assert problem.mimetype == "application/problem+json"
    assert "may or may not have been stored" in problem.json["detail"]
    assert "Idempotency-Key" in problem.json["detail"]
    assert int(problem.headers["Retry-After"]) > 0
    again = [browser.client.post("/api/v1/entries", json=body, headers=once) for _ in range(2)]
    assert [answer.status_code for answer in again] == [201, 201]
    assert again[0].json["id"] == again[1].json["id"]


@pytest.mark.parametrize(
    "statement", ["SELECT no_such_column FROM entries", "SELEC 1", "INSERT INTO entries (id) VALUES ('x')"]
)
def test_a_mistake_of_ours_is_no_outage(probe, statement, caplog):
    """The driver calls an unknown column an OperationalError, as it does a server that is gone."""
    assert probe.visit(database.write, statement)[0] == 500
    assert "Traceback" in caplog.text
    assert "unavailable" not in caplog.text


@pytest.mark.parametrize("number", [1040, 1142, 1146, 1290, 3024, 4031])
def test_what_the_server_says_of_itself_is_an_outage(probe, number):
    statement = f"BEGIN NOT ATOMIC SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = 'so'; END"
    assert probe.visit(database.read, statement)[0] == 503


def test_an_error_of_the_work_takes_all_of_it_back(probe):
    assert probe.insert("half", lambda connection: 1 / 0) == 500
    assert (probe.runs, probe.stored("half")) == (1, 0)
    assert probe.insert("whole") == 200
    assert (probe.stored("half"), probe.stored("whole")) == (0, 1), "on the same connection"


def test_deadlocked_transactions_both_succeed(probe):
    probe.insert("a")
    probe.insert("b")
    both = threading.Barrier(2)

    def change(titles):
        met = []

        def work(connection):
            for title in titles:
                connection.execute(text("UPDATE entries SET description = 'x' WHERE title = :title"), {"title": title})
                if not met:
                    met.append(both.wait(5))
            return titles

        with probe.app.test_request_context():
            return database.write(work)

    with probe.server.connect() as connection:
        connection.cursor().execute(f"ALTER TABLE {probe.name}.entries ADD INDEX by_title (title)")
    with ThreadPoolExecutor() as threads:
        assert list(threads.map(change, ["ab", "ba"])) == ["ab", "ba"]


@pytest.mark.parametrize(("held", "status"), [(1.3, 200), (6, 503)])
def test_a_locked_row_is_waited_for_but_not_for_long(probe, held, status):
    probe.insert("locked")
    release = threading.Event()

    def hold():
        with probe.server.connect(database=probe.name) as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT * FROM entries FOR UPDATE")
            holding.set()
            release.wait(held)
            cursor.execute("ROLLBACK")

    holding = threading.Event()
    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait(5)
    started = time.monotonic()
    assert (
        probe.visit(database.write, lambda c: c.exec_driver_sql("UPDATE entries SET title = 'x'") and [])[0] == status
    )
    assert time.monotonic() - started < 4
    release.set()
    holder.join()


def test_the_server_itself_ends_a_statement_that_takes_too_long(probe):
    columns = "information_schema.columns"
    slow = f"SELECT COUNT(*) FROM {columns} a, {columns} b, {columns} c WHERE a.column_name <> b.column_name"
    started = time.monotonic()
    assert probe.visit(database.read, slow)[0] == 503
    assert engine_options.STATEMENT_TIMEOUT - 0.5 < time.monotonic() - started < engine_options.ANSWER_TIMEOUT
    assert probe.runs == 1
    running = probe.server.rows(f"SELECT info FROM information_schema.processlist WHERE db = '{probe.name}'")
    assert not any(info and "a.column_name" in info for (info,) in running)


def test_a_frozen_database_holds_few_threads_and_nobody_for_long(probe):
    """The first ones have connections and wait for them; who comes later is told at once."""

    def visit(delay):
        time.sleep(delay)
        started = time.monotonic()
        status = probe.app.test_client().get("/probe").status_code
        return status, time.monotonic() - started

    assert probe.visit(database.read, "SELECT 1")[0] == 200
    with probe.server.frozen(), ThreadPoolExecutor(40) as threads:
        early = threads.map(visit, [0.0] * 20)
        late = threads.map(visit, [1.2] * 20)
        early, late = list(early), list(late)
    assert {status for status, _ in early + late} == {503}
    assert max(seconds for _, seconds in early) < 5
    assert max(seconds for _, seconds in late) < 0.6
    assert sum(seconds > 1.8 for _, seconds in early) <= engine_options.POOL_SIZE
    assert probe.visit(database.read, "SELECT 1")[0] == 200


def test_who_waits_for_a_lock_leaves_a_connection_and_threads_to_readers(probe, caplog):
    """Of more changes than a worker has threads, as many wait as may, and the others are told at once."""
    count = database.MOST_CHANGES + 10
    gate, together = probe.app.extensions["database"].changes, threading.Barrier(count)

    def lock():
        return str(database.write(lambda connection: connection.exec_driver_sql(LOCK_ALL).rowcount))

    def change(_):
        together.wait(30)
        return probe.app.test_client().post("/change", headers={"Sec-Fetch-Site": "same-origin"}).status_code

    probe.app.add_url_rule("/change", "change", lock, methods=["POST"])
    probe.insert("locked")
    with probe.server.connect(database=probe.name) as other, ThreadPoolExecutor(count) as threads:
        other.begin()
        other.cursor().execute(LOCK_ALL)
        changes = [threads.submit(change, number) for number in range(count)]
        wait_until(lambda: sum(each.done() for each in changes) >= 10, 5, "the refusal of those who are too many")
        assert 0 < gate.waiting <= database.MOST_CHANGES - (engine_options.POOL_SIZE - database.KEPT_FOR_READING)
        while gate.waiting:
            assert probe.visit(database.read, "SELECT title FROM entries") == (200, [["locked"]])
        other.rollback()
        statuses = [each.result() for each in changes]
    assert set(statuses) == {200, 503}
    assert "too many wait for a connection" in caplog.text
    assert probe.visit(database.write, "SELECT 1")[0] == 200


def test_more_visitors_than_connections_wait_for_their_turn(probe):
    """A busy database is not a stuck one."""
    work = "SELECT SLEEP(0.03)"
    probe.visit(database.read, work)
    with ThreadPoolExecutor(30) as threads:
        statuses = list(threads.map(lambda _: probe.app.test_client().get("/probe").status_code, range(60)))
    assert statuses == [200] * 60


def test_a_killed_server_is_back_for_the_first_visitor_after_it(no_settings, monkeypatch, tmp_path):
    with mariadb_server(tmp_path) as server:
        for name, value in server.database().items():
            monkeypatch.setenv(name, value)
        with application(create_app().config["SQLALCHEMY_DATABASE_URI"]) as app:
            probe = Probe(app, server)
            assert probe.insert("kept") == 200
            server.process.kill()
            server.process.wait()
            assert probe.visit(database.read, "SELECT 1")[0] == 503
            with running(server.process.args, tmp_path / "log2"):
                wait_until(lambda: accepts(server.port), what="mariadbd")
                assert probe.visit(database.read, "SELECT title FROM entries") == (200, [["kept"]])
                assert probe.insert("new") == 200
