"""The pages, over HTTP."""

import re

import pytest
from flask import request

from app import database, store
from app.models import DESCRIPTION_LENGTH, TITLE_LENGTH, db
from app.store import PAGE_SIZE
from tests.conftest import Browser, rows, token_in


def stored(app):
    return rows(app, "SELECT title, description, status FROM entries ORDER BY id")


def add_many(app, count, title="entry {}"):
    values = [{"title": title.format(n), "description": "", "status": "open"} for n in range(1, count + 1)]
    with app.app_context():
        database.write(store.create_many, values)


def next_link(html):
    """The address of the page after this one."""
    return re.search(r'href="(/\?cursor=[\w-]+)" rel="next"', html)[1]


def second_page(app, browser):
    """The address of a list's page that is not the first one, and its cursor."""
    add_many(app, PAGE_SIZE + 1)
    link = next_link(browser.get("/").text)
    return link, link.removeprefix("/?cursor=")


def titles(html):
    return re.findall(r'/edit">([^<]+)</a>', html)


def test_empty_list_invites_to_add(browser):
    page = browser.get("/")
    assert page.status_code == 200
    assert "Nothing here yet" in page.text
    assert 'href="/entries/new"' in page.text
    assert "<form" not in page.text


def test_add_edit_toggle_delete(app, browser):
    assert browser.add("Buy milk", description="two litres", status="open").location == "/"
    page = browser.get("/").text
    assert titles(page) == ["Buy milk"]
    assert "two litres" in page
    assert "Entry added." in page
    assert "Entry added." not in browser.get("/").text, "a message is shown once"

    form = browser.get("/entries/1/edit").text
    assert 'value="Buy milk"' in form
    assert "\ntwo litres</textarea>" in form
    assert browser.post("/entries/1/edit", {"title": "Buy oat milk", "status": "done"}).status_code == 303
    assert stored(app) == [("Buy oat milk", "", "done")]

    assert browser.post("/entries/1/toggle").location == "/"
    assert stored(app)[0].status == "open"
    browser.post("/entries/1/toggle")
    assert stored(app)[0].status == "done"

    assert browser.post("/entries/1/delete").location == "/"
    assert stored(app) == []
    assert browser.post("/entries/1/delete").status_code == 404


def test_edit_keeps_a_status_it_was_not_sent(app, browser):
    browser.add("a", status="done")
    browser.post("/entries/1/edit", {"title": "b"})
    assert stored(app) == [("b", "", "done")]


def test_change_moves_updated_at_only(app, browser):
    browser.add("a")
    with app.app_context():
        db.session.execute(db.text("UPDATE entries SET created_at = '2020-01-01', updated_at = '2020-01-01'"))
        db.session.commit()
    browser.post("/entries/1/toggle")
    ((created, updated),) = rows(app, "SELECT created_at, updated_at FROM entries")
    assert str(created).startswith("2020")
    assert not str(updated).startswith("2020")


def test_list_is_newest_first_and_bounded(app, browser):
    add_many(app, 2 * PAGE_SIZE + 1)
    newest = browser.get("/").text
    assert titles(newest) == [f"entry {n}" for n in range(101, 51, -1)]
    page = browser.get(next_link(newest)).text
    assert titles(page) == [f"entry {n}" for n in range(51, 1, -1)]
    last = browser.get(next_link(page)).text
    assert titles(last) == ["entry 1"]
    assert 'rel="next"' not in last
    assert 'href="/" rel="first"' in last


def test_exactly_one_page_has_no_older(app, browser):
    add_many(app, PAGE_SIZE)
    assert 'rel="next"' not in browser.get("/").text


def test_list_page_is_one_statement_without_count_or_offset(app, browser):
    link, _ = second_page(app, browser)
    statements = []
    with app.app_context():
        db.event.listen(db.engine, "before_cursor_execute", lambda *event: statements.append(event[2:4]))
    browser.get(link)
    ((statement, parameters),) = statements
    assert "COUNT" not in statement.upper()
    # SQLite gets "LIMIT ? OFFSET ?" for any limit.
    assert parameters == (2, PAGE_SIZE + 1, 0)


def test_list_page_is_small(app, browser):
    add_many(app, PAGE_SIZE, "An ordinary title of entry {}")
    page = browser.get("/")
    token_in(page.text)  # one on the page, not one a row
    assert len(page.data) < 60_000


def test_after_toggle_on_an_older_page_the_visitor_is_still_there(app, browser):
    link, cursor = second_page(app, browser)
    assert f'<input type="hidden" name="cursor" value="{cursor}">' in browser.get(link).text
    assert browser.post("/entries/1/toggle", {"cursor": cursor}).location == link
    assert browser.post("/entries/1/delete", {"cursor": cursor}).location == link


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Give the entry a title."),
        ({"title": "   "}, "Give the entry a title."),
        ({"title": "\u200b\u2060"}, "Give the entry a title."),
        ({"title": "x" * 201}, "The title has 201 characters; 200 is the limit."),
        ({"title": "a\x00b"}, "The title contains a control character or a line break."),
        ({"title": "a\nb"}, "The title contains a control character or a line break."),
        ({"title": "a\x85b"}, "The title contains a control character or a line break."),
        ({"title": "a", "description": "\x1b[31m"}, "The description contains a control character."),
        ({"title": "a", "description": "x" * 2001}, "The description has 2001 characters; 2000 is the limit."),
        ({"title": "a", "status": "maybe"}, "Choose open or done."),
        ({"title": "a", "status": ""}, "Choose open or done."),
    ],
)
def test_invalid_fields_are_refused(app, browser, fields, message):
    for path in ["/entries/new", "/entries/1/edit"]:
        if path.endswith("edit"):
            browser.add("before")
        page = browser.post(path, fields)
        assert page.status_code == 422
        assert message in page.text
        assert 'aria-invalid="true"' in page.text
    assert stored(app) == [("before", "", "open")]


def test_what_was_typed_survives_an_error(browser):
    page = browser.post("/entries/new", {"title": "", "description": "<long & careful>", "status": "done"}).text
    assert "\n&lt;long &amp; careful&gt;</textarea>" in page
    assert 'value="done" checked' in page


LONGEST = {"title": "😀" * TITLE_LENGTH, "description": "😀\r\n" * (DESCRIPTION_LENGTH // 2)}


@pytest.mark.parametrize(
    ("fields", "title", "description"),
    [
        ({"title": "  a  ", "description": "\r\n b\r\nc \r\n"}, "a", "b\nc"),
        ({"title": "日本語 👩‍👩‍👧 é", "description": "tab\there"}, "日本語 👩‍👩‍👧 é", "tab\there"),
        ({"title": "<script>alert(1)</script>"}, "<script>alert(1)</script>", ""),
        (LONGEST, LONGEST["title"], "😀\n" * (DESCRIPTION_LENGTH // 2 - 1) + "😀"),
    ],
)
def test_valid_fields_are_stored(app, browser, fields, title, description):
    browser.add(**fields)
    assert stored(app) == [(title, description, "open")]
    page = browser.get("/").text
    assert "<script" not in page


def test_form_limits_are_those_of_the_rules(browser):
    page = browser.get("/entries/new").text
    assert re.search(r"<input id=\"title\"[^>]*maxlength=\"(\d+)\"", page)[1] == str(TITLE_LENGTH)
    assert re.search(r"<textarea[^>]*maxlength=\"(\d+)\"", page)[1] == str(DESCRIPTION_LENGTH)


@pytest.mark.parametrize(
    "path", ["/entries/7/{}", "/entries/0/{}", "/entries/-1/{}", "/entries/a/{}", "/entries/%00/{}", "/entries/1.5/{}"]
)
@pytest.mark.parametrize("action", ["edit", "toggle", "delete"])
def test_unknown_and_silly_ids_are_not_found(browser, path, action):
    assert browser.post(path.format(action)).status_code == 404


@pytest.mark.parametrize("huge", ["9" * 18, "9" * 19, "9" * 5000, "٣"])
def test_huge_ids_are_not_found(browser, huge):
    assert browser.get(f"/entries/{huge}/edit").status_code == 404
    assert browser.post(f"/entries/{huge}/delete").status_code == 404


@pytest.mark.parametrize("cursor", ["", "0", "-1", "x", "1x", "9" * 19, "9" * 5000, "1 OR 1=1", "\x00", "1\n"])
def test_silly_pages_are_refused_and_say_so(browser, cursor):
    page = browser.get("/", query_string={"cursor": cursor})
    assert page.status_code == 400
    assert "This cursor is none of ours." in page.text


def test_unknown_page_is_not_found_and_says_so(browser):
    page = browser.get("/nothing")
    assert page.status_code == 404
    assert "Nothing here" in page.text
    assert 'href="/"' in page.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/entries/1/delete", {"POST", "OPTIONS"}),
        ("GET", "/entries/1/toggle", {"POST", "OPTIONS"}),
        ("DELETE", "/entries/1/edit", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("PUT", "/", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_other_methods_are_refused_and_change_nothing(app, browser, method, path, allowed):
    browser.add("kept")
    token = browser.token()
    page = browser.client.open(path, method=method, headers={"X-CSRFToken": token})
    assert page.status_code == 405
    assert set(page.headers["Allow"].split(", ")) == allowed
    assert len(page.headers.get_all("Content-Type")) == 1
    assert "Nothing was changed" in page.text
    assert stored(app) == [("kept", "", "open")]


@pytest.mark.parametrize("path", ["/entries/new", "/entries/1/edit", "/entries/1/toggle", "/entries/1/delete"])
@pytest.mark.parametrize("token", [None, "", "wrong", "somebody else's"])
def test_change_without_the_visitors_token_is_refused(app, browser, path, token):
    browser.add("kept")
    if token == "somebody else's":
        token = Browser(app).token()
    data = {"title": "changed", "status": "done"} | ({} if token is None else {"csrf_token": token})
    page = browser.client.post(path, data=data)
    assert page.status_code == 400
    assert "This form is too old" in page.text
    assert stored(app) == [("kept", "", "open")]


def test_too_large_a_form_is_refused(app, browser):
    page = browser.post("/entries/new", {"title": "a", "description": "x" * app.config["MAX_CONTENT_LENGTH"]})
    assert page.status_code == 413
    assert "Too much at once" in page.text


def test_our_mistake_is_a_page_and_a_log_entry(app, browser, monkeypatch, caplog):
    def broken(connection, query):
        raise ZeroDivisionError

    monkeypatch.setattr("app.store.page", broken)
    page = browser.get("/")
    assert page.status_code == 500
    assert "That was our mistake" in page.text
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivisionError" not in page.text


def test_entry_deleted_while_somebody_saves_it(app, browser, monkeypatch):
    browser.add("a")

    def delete_meanwhile(form, status):
        with db.engine.connect() as connection:
            connection.execute(db.text("DELETE FROM entries"))
            connection.commit()
        return {"title": "b", "description": "", "status": "open"}, {}

    monkeypatch.setattr("app.entries.clean_entry", delete_meanwhile)
    assert browser.post("/entries/1/edit", {"title": "b"}).status_code == 404


def test_missing_tables_are_an_unavailable_database(app, browser, caplog):
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(db.text("DROP TABLE entries"))
        connection.commit()
    page = browser.get("/")
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "5"
    assert "The database is away" in page.text
    assert "no such table" in caplog.text
    assert "no such table" not in page.text


def test_healthz_needs_nothing(app, monkeypatch):
    with app.app_context():
        db.event.listen(db.engine, "do_connect", lambda *event: pytest.fail("healthz asked the database"))
    answer = app.test_client().get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert answer.mimetype == "text/plain"
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize("path", ["/", "/entries/new", "/healthz", "/nothing", "/static/style.css"])
def test_every_answer_has_the_security_headers(browser, path):
    headers = browser.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", "/entries/new", "/entries/1/edit", "/nothing"])
def test_pages_need_nothing_that_the_policy_refuses(browser, path):
    for title in "abc":
        browser.add(title)
    page = browser.get(path).text
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:|https?://", page)


@pytest.mark.parametrize(("scheme", "secure"), [("https", True), ("http", False)])
def test_cookie_follows_the_visitors_scheme(browser, scheme, secure):
    cookie = browser.get("/entries/new", headers={"X-Forwarded-Proto": scheme}).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert ("Secure" in cookie) is secure


def test_client_is_the_one_the_load_balancer_saw(app):
    seen = {}
    app.before_request(lambda: seen.update(address=request.remote_addr))
    forged = "6.6.6.6, 203.0.113.9, 10.0.1.5"  # by the client, by the load balancer, by nginx
    app.test_client().get("/healthz", headers={"X-Forwarded-For": forged, "X-Forwarded-Host": "evil.example"})
    assert seen["address"] == "203.0.113.9"


def test_links_on_the_list_lead_somewhere(app, browser):
    link, _ = second_page(app, browser)
    page = browser.get(link).text
    for link in re.findall(r'href="(/[^"]*)"', page):
        assert browser.get(link).status_code == 200, link
    for action in re.findall(r'formaction="([^"]+)"', page):
        assert browser.post(action).status_code == 303, action
