"""What holds for every page: who may change something, headers, cookies, errors."""

import re
from itertools import product

import pytest
from flask import request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature

from app.config import FORM_BYTES
from app.models import db
from app.security import CHANGES_NOTHING
from tests.conftest import Browser, rows

CHANGES = [
    "/entries/new",
    "/entries/1/edit",
    "/entries/1/done",
    "/entries/1/delete",
    "/entries/bulk",
    "/entries/import",
]
# What somebody else's page can make a browser send without asking us first.
SIMPLE_CONTENT = ["", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]
PAGES = ["/", "/?status=done", "/entries/new", "/entries/1/edit", "/entries/import", "/deleted", "/nothing"]


def titles(app):
    return rows(app, "SELECT title, status FROM entries")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:81"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": ""},
    ],
)
def test_a_change_from_elsewhere_is_refused(app, browser, headers):
    browser.add("kept")
    for path, content_type in product(CHANGES, SIMPLE_CONTENT):
        send = {"content_type": content_type or None, "headers": headers}
        page = app.test_client().post(path, data=b"title=changed&version=1", **send)
        assert page.status_code == 403
        assert "Nothing was changed" in page.text
    assert titles(app) == [("kept", "open")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_every_route_that_changes_something_refuses_the_pages_of_others(app, browser, headers):
    """Those of the API too, whatever is sent to them."""
    browser.add("kept")
    changing = [(rule.rule, method) for rule in app.url_map.iter_rules() for method in rule.methods - CHANGES_NOTHING]
    assert len(changing) >= len(CHANGES) + 5, "those of the pages, and five of the API"
    for rule, method in changing:
        path = re.sub(r"<id:\w+>", "1", re.sub(r"<any\((\w+).*?>", r"\1", rule))
        for content_type in (*SIMPLE_CONTENT, "application/json", "application/merge-patch+json"):
            send = {"content_type": content_type or None, "headers": {**headers, "If-Match": "*"}}
            answer = app.test_client().open(path, method=method, data=b'{"title": "changed"}', **send)
            assert answer.status_code == 403, (method, path)
    assert titles(app) == [("kept", "open")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        # Something in front of the load balancer rewrote Host: over HTTPS the browser itself tells.
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://www.example"},
    ],
)
def test_a_change_from_our_own_page_is_taken(app, headers):
    assert app.test_client().post("/entries/new", data={"title": "a"}, headers=headers).status_code == 303


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/entries/1/delete", {"POST", "OPTIONS"}),
        ("GET", "/entries/1/done", {"POST", "OPTIONS"}),
        ("GET", "/entries/bulk", {"POST", "OPTIONS"}),
        ("DELETE", "/entries/1/edit", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("PUT", "/", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/entries.csv", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_other_methods_are_refused_and_change_nothing(app, browser, method, path, allowed):
    browser.add("kept")
    page = browser.client.open(path, method=method, headers={"Origin": "http://localhost"})
    assert page.status_code == 405
    assert set(page.headers["Allow"].split(", ")) == allowed
    assert len(page.headers.get_all("Content-Type")) == 1
    assert "Nothing was changed" in page.text
    assert titles(app) == [("kept", "open")]


def test_what_is_no_form_is_refused(app, browser):
    browser.add("kept")
    for path, content_type in product(CHANGES, ["application/json", "text/plain", "application/xml"]):
        assert browser.post(path, b'{"title": "changed"}', content_type=content_type).status_code == 415
    assert titles(app) == [("kept", "open")]


@pytest.mark.parametrize("silly", ["7", "0", "-1", "a", "%00", "1.5", "9" * 18, "9" * 19, "9" * 5000, "٣"])
def test_unknown_and_silly_ids_are_not_found(browser, silly):
    assert browser.get(f"/entries/{silly}/edit").status_code == 404
    for action in ("done", "open", "delete"):
        assert browser.post(f"/entries/{silly}/{action}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"title=%FF%FE",
        b"title=\xff\xfe",
        b"title=%00",
        b"=&&&=%",
        b"title=" + b"a&" * 5000,
        b"title=%ED%A0%80",
    ],
)
def test_broken_bodies_are_answered(browser, body):
    page = browser.post("/entries/new", body, content_type="application/x-www-form-urlencoded")
    assert page.status_code in {303, 400, 413, 422}
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; b"]
)
def test_broken_multipart_bodies_are_answered(browser, content_type):
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a'
    for path in ("/entries/new", "/entries/import", "/entries/bulk"):
        assert browser.post(path, body, content_type=content_type).status_code in {303, 400, 422}


def test_too_large_a_form_is_refused(app, browser):
    page = browser.post("/entries/new", {"title": "a", "description": "x" * FORM_BYTES})
    assert page.status_code == 413
    assert "Too much at once" in page.text


def test_unknown_page_is_not_found_and_says_so(browser):
    page = browser.get("/nothing")
    assert page.status_code == 404
    assert "Nothing here" in page.text
    assert 'href="/"' in page.text


def test_our_mistake_is_a_page_and_a_log_entry(browser, monkeypatch, caplog):
    def broken(given):
        raise ZeroDivisionError

    monkeypatch.setattr("app.pages.entries.query_of", broken)
    page = browser.get("/")
    assert page.status_code == 500
    assert "That was our mistake" in page.text
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivisionError" not in page.text


def test_missing_tables_are_an_unavailable_database(app, browser, caplog):
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(db.text("DROP TABLE entries"))
        connection.commit()
    for path in ("/", "/entries.csv"):
        page = browser.get(path)
        assert page.status_code == 503
        assert page.headers["Retry-After"] == "5"
        assert "The database is away" in page.text
    assert "no such table" in caplog.text
    assert "no such table" not in page.text


def test_a_missing_column_is_our_mistake(app, browser, caplog):
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(db.text("ALTER TABLE entries RENAME COLUMN description TO summary"))
        connection.commit()
    assert browser.get("/").status_code == 500
    assert "no such column" in caplog.text


@pytest.mark.parametrize("path", [*PAGES, "/healthz", "/entries.csv", "/static/style.css"])
def test_every_answer_has_the_security_headers(browser, path):
    browser.add("a")
    headers = browser.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers
    assert "Strict-Transport-Security" in browser.get(path, headers={"X-Forwarded-Proto": "https"}).headers


@pytest.mark.parametrize("path", PAGES)
def test_pages_need_nothing_that_the_policy_refuses(browser, path):
    for title in "abc":
        browser.add(title)
    page = browser.get(path).text
    assert re.findall("<script[^>]*>", page) == re.findall('<script type="module" src="/static/quick[^"]*js">', page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|https?://", page)


@pytest.mark.parametrize(("scheme", "secure"), [("https", True), ("http", False)])
def test_the_cookie_of_a_notice_is_short_lived_and_follows_the_visitors_scheme(browser, scheme, secure):
    headers = {"X-Forwarded-Proto": scheme}
    send = {"Sec-Fetch-Site": "same-origin", **headers}
    (cookie,) = browser.client.post("/entries/new", data={"title": "a"}, headers=send).headers.getlist("Set-Cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert ("Secure" in cookie) is secure
    seen = browser.get("/", headers=headers, base_url=f"{scheme}://localhost")
    assert "Max-Age=0" in seen.headers["Set-Cookie"], "it goes with the notice"
    assert seen.headers["Vary"] == "Cookie"


def test_a_forged_notice_is_not_shown(app):
    client = Browser(app)
    client.client.set_cookie("session", "eyJfZmxhc2hlcyI6W3siIHQiOlsibWVzc2FnZSIsImV2aWwiXX1dfQ.forged.forged")
    page = client.get("/")
    assert page.status_code == 200
    assert "evil" not in page.text
    assert 'class="notice"' not in page.text


@pytest.mark.parametrize(
    "content",
    [7, "text", [1], {"_flashes": 7}, {"_flashes": ["text"]}, {"_flashes": [["message", "text"]]}, {"_flashes": [[]]}],
)
def test_a_session_of_another_shape_is_begun_anew(app, browser, content):
    """Signed with our key, as by a release of other days or by somebody who has the same key."""
    signed = app.session_interface.get_signing_serializer(app).dumps(content)
    browser.client.set_cookie("session", signed)
    page = browser.get("/")
    assert page.status_code == 200
    assert 'class="notice"' not in page.text
    browser.client.set_cookie("session", signed)
    browser.add("a")
    assert "Entry added." in browser.get("/").text


@pytest.mark.parametrize("ids", [[], list(range(10**17, 10**17 + 100))])
def test_any_release_reads_the_notices_of_another(app, ids):
    """Also while one replaces the other: what we sign is what Flask signs, short and long."""
    theirs, ours = (of.get_signing_serializer(app) for of in (SecureCookieSessionInterface(), app.session_interface))
    content = {"_flashes": [["message", {"text": "Deleted.", "undo": "restore", "ids": ids}]]}
    assert theirs.loads(ours.dumps(content)) == content == ours.loads(theirs.dumps(content))
    assert len(ours.dumps(content)) == len(theirs.dumps(content))
    signed = ours.dumps(content)
    with pytest.raises(BadSignature):
        ours.loads(signed[:-5] + ("A" if signed[-5] != "A" else "B") + signed[-4:])


def test_no_link_is_made_with_the_name_that_a_visitor_sends(app):
    for path in ("//", "/entries//new", "//evil.example/..", "/entries/new/"):
        answer = app.test_client().get("/", headers={"Host": "evil.example"}, environ_overrides={"PATH_INFO": path})
        assert answer.location is None, path
        assert "evil.example" not in answer.text


@pytest.mark.parametrize("evil", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_no_redirect_leads_away(browser, evil):
    browser.add("a")
    for text in (evil, f"q={evil}", f"cursor={evil}", f"sort={evil}", f"next={evil}"):
        answer = browser.post("/entries/1/done", {"list": text}, headers={"Referer": evil})
        assert answer.status_code in {303, 400}
        assert (answer.location or "/").partition("?")[0] == "/"


def test_client_is_the_one_the_load_balancer_saw(app):
    seen = {}
    app.before_request(lambda: seen.update(address=request.remote_addr))
    forged = "6.6.6.6, 203.0.113.9, 10.0.1.5"  # by the client, by the load balancer, by nginx
    app.test_client().get("/healthz", headers={"X-Forwarded-For": forged, "X-Forwarded-Host": "evil.example"})
    assert seen["address"] == "203.0.113.9"
