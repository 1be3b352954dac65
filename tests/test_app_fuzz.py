"""Bad input to every route: the short run of `make drills`, that it can fail, and what it has found."""

from collections import Counter

import pytest

from app import admission, security, sessions, validation
from app.pages import bulk, spreadsheet
from app.store import query
from drills.fuzz import run, wire
from drills.fuzz.answers import Answer
from drills.fuzz.memory import Request, routes

# Werkzeug's parser of forms leaves the file of a part that breaks off to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in.*SpooledTemporaryFile", "ignore:Unclosed file")

SEED = 20261123


def told(tally) -> str:
    return "\n\n".join(f"{words}\n{request}" for words, request in tally.faults)


def test_bad_input_is_answered_well(app):
    tally = run.run(app, SEED, 4_000)
    assert not tally.faults, told(tally)
    by_route = Counter()
    for (route, status), count in tally.statuses.items():
        by_route[route] += count * (status < 400)
    assert set(by_route) == {route.endpoint for route in routes(app)}
    assert min(by_route.values()) > 5, "not only refusals"
    assert {400, 403, 404, 405, 406, 409, 412, 415, 422, 428} <= {status for _, status in tally.statuses}


@pytest.mark.slow
def test_bad_input_is_answered_well_on_mariadb(mysql_app):
    tally = run.run(mysql_app, SEED + 1, 2_000)
    assert not tally.faults, told(tally)


def without_escaping(monkeypatch, app):
    monkeypatch.setattr(app.jinja_env, "autoescape", False)


def without_apostrophes(monkeypatch, app):
    monkeypatch.setattr(spreadsheet, "cell", str)


def with_any_id_in_cursors(monkeypatch, app):
    monkeypatch.setattr(query, "LARGEST_ID", 10**40)


def without_ids(monkeypatch, app):
    monkeypatch.setattr(bulk, "selected", lambda texts: [int(text) for text in texts])


def with_control_characters(monkeypatch, app):
    monkeypatch.setattr(validation, "CONTROLS", frozenset())


def without_query_check(monkeypatch, app):
    monkeypatch.setattr(admission, "check_query", lambda asked: None)


def without_notice_check(monkeypatch, app):
    monkeypatch.setattr(sessions, "are_notices", lambda flashes: True)


def without_security_headers(monkeypatch, app):
    monkeypatch.setattr(security, "OVER_HTTP", {})


@pytest.mark.parametrize(
    ("guard", "words", "inputs"),
    [
        (without_escaping, "what was sent is markup", 2_000),
        (without_apostrophes, "a formula", 2_000),
        (with_any_id_in_cursors, "status 500", 6_000),
        (without_ids, "status 500", 2_000),
        (with_control_characters, "stored: ", 2_000),
        (without_query_check, "UnicodeDecodeError", 2_000),
        (without_notice_check, "status 500", 2_000),
        (without_security_headers, "no Content-Security-Policy", 2_000),
    ],
)
def test_a_missing_guard_is_found(app, monkeypatch, guard, words, inputs):
    guard(monkeypatch, app)
    runs = (run.run(app, SEED + number, inputs) for number in range(3))
    assert any(words in found for tally in runs for found, _ in tally.faults)


# The same over a socket.


def test_a_request_as_bytes():
    request = Request("POST", b"/a", b"b=%ff", (("Host", "x"), ("X-Odd", "\u00e9"), ("Connection", "Upgrade")), b"c=d")
    sent = b"POST /a?b=%ff HTTP/1.1\r\nHost: x\r\nX-Odd: \xe9\r\nContent-Length: 3\r\nConnection: close\r\n\r\nc=d"
    assert wire.wire(request) == sent


@pytest.mark.parametrize(
    ("path", "method", "status", "broken", "fault"),
    [
        (b"/", "GET", 500, False, True),
        (b"/", "GET", 500, True, True),
        (b"/", "CONNECT", 502, False, True),
        (b"/", "GET", 200, False, True),  # without any of the application's headers
        (b"/", "GET", 200, True, False),
        (b"/", "GET", 400, False, False),
        (b"/", "GET", 501, False, False),
        (b"/", "TRACE", 405, False, False),
        (b"/static/a", "GET", 404, False, False),
    ],
)
def test_what_comes_through_both_tiers_is_judged(path, method, status, broken, fault):
    answer = Answer(status, [("Content-Type", "text/html")], b"<p>")
    assert any(wire.wrong(Request(method, path), answer, broken)) is fault


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b'{"level": "info"}', False),
        (b'{"level": "warning", "message": "Invalid request from ip=127.0.0.1: Invalid HTTP method"}', False),
        (b'{"level": "warning", "message": "database work begun again: (1213, \'Deadlock found\')"}', False),
        (b'{"level": "warning", "event": "slow_query", "statement": "UPDATE entries SET"}', False),
        (b'{"level": "warning", "event": "slow_query", "statement": "SELECT entries.id"}', True),
        (b'{"level": "warning", "message": "other"}', True),
        (b'{"level": "error"}', True),
        (b'{"level": "info", "path": "\xff"}', True),
        (b"[]", True),
        (b"Traceback", True),
    ],
)
def test_a_line_of_a_log_is_judged(line, fault):
    assert bool(wire.unhandled(line)) is fault
