"""The JSON API, over HTTP, on SQLite and on a real MariaDB."""

import json
import threading

import pytest
from sqlalchemy import event

from app.models import DESCRIPTION_LENGTH, TITLE_LENGTH, db
from tests.conftest import Browser, rows

URL = "/api/v1/entries"
ONE = f"{URL}/1"


@pytest.fixture
def api(each_app):
    return each_app.test_client()


def add(api, title, **fields):
    response = api.post(URL, json={"title": title, **fields})
    assert response.status_code == 201, response.text
    return response.json


def is_problem(response, status, part="", errors=None):
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    assert response.json["status"] == status
    assert part in response.json["detail"]
    assert response.json.get("errors") == errors


def test_create_read_change_delete_restore(api):
    created = api.post(URL, json={"title": " Köln ", "description": "a\r\nb"})
    assert created.status_code == 201
    assert (created.headers["Location"], created.headers["ETag"]) == (ONE, '"1"')
    entry = created.json
    assert entry == {"id": 1, "title": "Köln", "description": "a\nb", "status": "open", "version": 1} | {
        name: entry[name] for name in ("created_at", "updated_at")
    }
    assert entry["created_at"] == entry["updated_at"]
    assert entry["created_at"].endswith("Z")
    read = api.get(ONE)
    assert (read.json, read.headers["ETag"]) == (entry, '"1"')
    assert api.head(ONE).headers["ETag"] == '"1"'

    replaced = api.put(ONE, json={"title": "b", "description": "", "status": "done"}, headers={"If-Match": '"1"'})
    assert (replaced.status_code, replaced.headers["ETag"]) == (200, '"2"')
    assert replaced.json == entry | {"title": "b", "description": "", "status": "done", "version": 2} | {
        "updated_at": replaced.json["updated_at"]
    }
    patched = api.patch(ONE, json={"status": "open"}, headers={"If-Match": '"7", "2"'})
    assert (patched.json["title"], patched.json["status"], patched.json["version"]) == ("b", "open", 3)
    patch = {"data": json.dumps({"title": "c"}), "content_type": "application/merge-patch+json"}
    assert api.patch(ONE, **patch, headers={"If-Match": "*"}).json["title"] == "c"
    assert api.patch(ONE, json={}, headers={"If-Match": "*"}).json["version"] == 4, "nothing changed"

    assert api.delete(ONE).status_code == 204
    for gone in (api.get(ONE), api.delete(ONE), api.patch(ONE, json={"title": "x"}, headers={"If-Match": "*"})):
        is_problem(gone, 404)
    restored = api.post(f"{ONE}/restore")
    assert (restored.json["title"], restored.headers["ETag"]) == ("c", '"5"')
    assert api.post(f"{ONE}/restore").headers["ETag"] == '"5"', "no error if it is there"
    is_problem(api.post(f"{URL}/2/restore"), 404)


def test_what_was_seen_need_not_be_sent_again(api):
    add(api, "a")
    for tags in ('"1"', 'W/"1"', "*", '"9", "1"'):
        answer = api.get(ONE, headers={"If-None-Match": tags})
        assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", '"1"')
    assert api.get(ONE, headers={"If-None-Match": '"2"'}).status_code == 200
    assert [api.get(ONE, headers={"If-Match": tags}).status_code for tags in ("*", '"1"', '"2"')] == [200, 200, 412]
    assert api.get(ONE, headers={"If-Match": '"1"'}).status_code == 200
    is_problem(api.get(ONE, headers={"If-Match": '"2"'}), 412, "it is at version 1 now")


def test_no_change_is_lost(api):
    add(api, "a")
    whole = {"title": "b", "description": "", "status": "done"}
    for change in (api.put, api.patch):
        is_problem(change(ONE, json=whole), 428, "If-Match")
        for tag in ('"2"', 'W/"1"', '"x"', '"01"', '""'):
            refused = change(ONE, json=whole, headers={"If-Match": tag})
            is_problem(refused, 412, "it is at version 1 now")
            assert refused.headers["ETag"] == '"1"'
        for nonsense in ("1", "", '"1', "**", '"1" "2"'):
            is_problem(change(ONE, json=whole, headers={"If-Match": nonsense}), 400, "If-Match must be")
    is_problem(api.delete(ONE, headers={"If-Match": '"2"'}), 412)
    is_problem(api.delete(ONE, headers={"If-Match": ""}), 400)
    assert api.get(ONE).json["title"] == "a"
    assert api.delete(ONE, headers={"If-Match": '"1"'}).status_code == 204


def at_once(app, count, request):
    """Send the request from count clients that begin together, and return the answers."""
    barrier, answers = threading.Barrier(count), []

    def run(number):
        barrier.wait()
        answers.append(request(app.test_client(), number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_changes_at_once_one_wins(each_app, api):
    add(api, "a")
    answers = at_once(each_app, 4, lambda c, n: c.patch(ONE, json={"title": f"b{n}"}, headers={"If-Match": '"1"'}))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]


def test_an_idempotency_key_creates_once(each_app, api):
    headers = {"Idempotency-Key": "0b2c7f1e-9f3a-4a7e-8f54-4a4f4c0f1d11"}
    answers = at_once(each_app, 4, lambda c, n: c.post(URL, json={"title": " a "}, headers=headers))
    # Not always the first id: one may have been given to who came second, and be taken back.
    assert {(answer.status_code, answer.text, answer.headers["Location"]) for answer in answers} == {
        (201, answers[0].text, f"{URL}/{answers[0].json['id']}")
    }
    assert rows(each_app, "SELECT COUNT(*) FROM entries") == [(1,)]
    is_problem(api.post(URL, json={"title": "b"}, headers=headers), 422, "another body")
    for key in ("", "with space", "é".encode().decode("latin1"), "x" * 256):
        is_problem(api.post(URL, json={"title": "a"}, headers={"Idempotency-Key": key}), 400, "Idempotency-Key")
    assert rows(each_app, "SELECT title FROM entries") == [("a",)]


def follow(api, url, link):
    pages = []
    while url:
        page = api.get(url).json
        pages.append([entry["title"] for entry in page["entries"]])
        url = page[link]
        assert len(pages) < 20
    return pages


def test_lists_filters_orders_and_links(api):
    for number in range(5):
        add(api, f"entry {number}", status="done" if number % 2 else "open")
    assert follow(api, f"{URL}?limit=2", "next") == [["entry 4", "entry 3"], ["entry 2", "entry 1"], ["entry 0"]]
    assert follow(api, f"{URL}?limit=2&sort=oldest&status=open", "next") == [["entry 0", "entry 2"], ["entry 4"]]
    assert follow(api, f"{URL}?limit=1&sort=title&status=done", "next") == [["entry 1"], ["entry 3"]]
    assert follow(api, f"{URL}?limit=2&search=ENTRY+4", "next") == [["entry 4"]]
    middle = api.get(f"{URL}?limit=2").json["next"]
    assert follow(api, middle, "prev") == [["entry 2", "entry 1"], ["entry 4", "entry 3"]]
    everything = api.get(URL).json
    assert (everything["next"], everything["prev"], everything["partial"]) == (None, None, False)
    assert len(everything["entries"]) == 5
    assert api.head(URL).status_code == 200


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=", "limit"),
        ("limit=1e1", "limit"),
        ("limit=٣", "limit"),
        ("limit=1&limit=2", "limit"),
        ("status=maybe", "status"),
        ("status=", "status"),
        ("sort=", "sort"),
        ("sort=title&search=a", "sort"),
        ("statsu=open", "statsu"),
        ("cursor=", "cursor"),
        ("cursor=abc", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=%ff", "cursor"),
        ("cursor=" + "9" * 5000, "cursor"),
        ("search=" + "x" * 201, "search"),
    ],
)
def test_a_list_that_there_is_not_is_a_problem(app, parameters, field):
    answer = app.test_client().get(f"{URL}?{parameters}")
    assert answer.status_code == 400
    assert list(answer.json["errors"]) == [field]


def test_a_cursor_of_another_list_is_a_problem(api):
    add(api, "a")
    add(api, "b")
    following = api.get(f"{URL}?limit=1").json["next"]
    assert api.get(following).status_code == 200
    refused = api.get(f"{following}&sort=oldest")
    is_problem(refused, 400, "another list", {"cursor": refused.json["detail"]})


MISSING = "This field is missing."


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"title": MISSING}),
        ({"title": ""}, {"title": "Give the entry a title."}),
        ({"title": None}, {"title": "The title must be text."}),
        ({"title": 1, "status": ["open"]}, {"title": "The title must be text.", "status": "The status must be text."}),
        ({"title": {}}, {"title": "The title must be text."}),
        ({"title": "a", "status": "OPEN"}, {"status": "Choose open or done."}),
        ({"title": "x" * (TITLE_LENGTH + 1)}, {"title": "The title has 201 characters; 200 is the limit."}),
        ({"title": "a\x00b"}, {"title": "The title contains a control character or a line break."}),
        ({"title": "a\u2028b"}, {"title": "The title contains a control character or a line break."}),
        ({"title": "a\ud800"}, {"title": "The title contains half a character."}),
        ({"title": "a", "description": "\udfff"}, {"description": "The description contains half a character."}),
        ({"title": "a", "id": 7}, {"id": "Not a field that can be set: those are title, description, status."}),
    ],
)
def test_what_cannot_be_stored_is_a_problem_for_each_field(app, body, errors):
    is_problem(app.test_client().post(URL, json=body), 422, errors=errors)
    assert rows(app, "SELECT * FROM entries") == []


def test_put_needs_every_field(api):
    add(api, "a", description="kept")
    answer = api.put(ONE, json={"title": "b"}, headers={"If-Match": "*"})
    is_problem(answer, 422, errors={"description": MISSING, "status": MISSING})
    is_problem(
        api.patch(ONE, json={"title": None}, headers={"If-Match": "*"}),
        422,
        errors={"title": "The title must be text."},
    )
    assert api.get(ONE).json["description"] == "kept"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"title": "a", "title": "b"}', 400),
        (b'{"title": NaN}', 400),
        (b'{"title": "\xff"}', 400),
        ('{"title": "a"}'.encode("utf-16"), 400),
        (b'{"title": ' + b"[" * 30000 + b"]" * 30000 + b"}", 400),
        (b'{"title": ' + b"9" * 5000 + b"}", 400),
        (b'"title"', 422),
        (b"[]", 422),
        (b"null", 422),
        (b'{"title": "' + b"x" * 70000 + b'"}', 413),
    ],
)
def test_a_body_that_is_no_object_is_a_problem(app, body, status):
    answer = app.test_client().post(URL, data=body, content_type="application/json")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/xml",
        "text/plain; application/json",
    ],
)
def test_what_a_form_of_another_site_can_send_is_refused(app, content_type):
    client = app.test_client()
    body = {"data": b'{"title": "a"}', "content_type": content_type}
    answer = client.post(URL, **body)
    is_problem(answer, 415, "application/json")
    assert answer.headers["Accept-Post"] == "application/json"
    if content_type:
        is_problem(client.post(f"{ONE}/restore", **body), 415)
    assert client.patch(ONE, **body, headers={"If-Match": "*"}).headers["Accept-Patch"].startswith("application/merge-")
    assert rows(app, "SELECT * FROM entries") == []


def test_what_a_page_of_another_site_sends_is_refused(app):
    client, elsewhere = app.test_client(), {"Sec-Fetch-Site": "cross-site"}
    is_problem(client.post(URL, json={"title": "a"}, headers=elsewhere), 403)
    is_problem(client.post(f"{ONE}/restore", headers=elsewhere), 403)
    assert client.post(URL, json={"title": "a"}, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 201
    is_problem(client.delete(ONE, headers=elsewhere), 403)
    assert client.get(ONE, headers=elsewhere).status_code == 200


def test_the_longest_entry_fits_however_it_is_written(api):
    longest = {"title": "😀" * TITLE_LENGTH, "description": "😀" * DESCRIPTION_LENGTH}
    entry = add(api, **longest)
    assert (entry["title"], entry["description"]) == tuple(longest.values())
    assert api.get(ONE).json == entry
    add(api, "e\u0301")
    assert api.get(f"{URL}/2").json["title"] == "é"


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/*;q=0.1", "text/html, */*;q=0.1", None])
def test_json_for_whoever_takes_it(app, accept):
    assert app.test_client().get(URL, headers={"Accept": accept} if accept else {}).mimetype == "application/json"


def test_errors_are_problems_wherever_they_come_from(app, monkeypatch, caplog):
    client = app.test_client()
    is_problem(client.get(URL, headers={"Accept": "text/html"}), 406)
    for path in ("/api/", "/api/v1/nothing", f"{URL}/0", f"{URL}/x", f"{URL}/{'9' * 19}", f"{URL}/1/", f"{URL}/7"):
        is_problem(client.get(path), 404)
    refused = client.delete(URL)
    is_problem(refused, 405, "Nothing was changed")
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert set(client.options(ONE).headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}

    def broken(*arguments):
        raise ZeroDivisionError("secret")

    with monkeypatch.context() as patch:
        patch.setattr("app.store.get", broken)
        is_problem(client.get(ONE), 500, "logged")
        assert "secret" in caplog.text
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(db.text("DROP TABLE entries"))
    away = client.get(URL)
    is_problem(away, 503, "The database is away")
    assert int(away.headers["Retry-After"]) > 0


def test_the_api_sets_no_cookie_and_has_the_security_headers(app):
    client = app.test_client()
    Browser(app).add("a")
    for path in (URL, ONE, "/api/v1/openapi.json", "/api/v1/docs", "/api/v1/nothing"):
        headers = client.get(path).headers
        assert "Set-Cookie" not in headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_list_and_a_read_are_one_statement_and_a_bad_request_is_none(each_app, api):
    add(api, "a")
    statements = []
    with each_app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    for path, count in [(URL, 1), (f"{URL}?status=open&sort=title", 1), (ONE, 1), (f"{URL}?cursor=x", 0)]:
        statements.clear()
        api.get(path)
        assert len(statements) == count, (path, statements)
    statements.clear()
    api.post(URL, json={"title": ""})
    assert statements == []
