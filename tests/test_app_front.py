"""What holds for every request, whatever it asks: names, lengths, static files, health, request ids."""

import hashlib
import re
import threading
import time

import pytest
from flask import request
from sqlalchemy import text

from app import config
from app.health import Readiness
from app.models import db
from tests.conftest import ROOT, Browser

STYLE = (ROOT / "app/static/style.css").read_bytes()
HASHED = f"/static/style.{hashlib.sha256(STYLE).hexdigest()[:10]}.css"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("www.example", 200),
        ("WWW.Example:8443", 200),
        ("shop.example", 200),
        ("other.example", 421),
        ("www.example.other", 421),
        ("10.0.3.4", 421),
        ("[::1]:80", 421),
    ],
)
def test_pages_for_our_names_only(app, host, status):
    app.config["ALLOWED_HOSTS"] = frozenset({"www.example", "shop.example"})
    response = app.test_client().get("/", headers={"Host": host})
    assert response.status_code == status
    for path in ("/healthz", "/readyz"):
        assert app.test_client().get(path, headers={"Host": "10.0.3.4"}).status_code == 200


def test_any_name_when_none_is_set(app):
    assert app.test_client().get("/", headers={"Host": "any.example"}).status_code == 200


@pytest.mark.parametrize("host", ["a" * 64, ".", "a..b"])
@pytest.mark.parametrize("path", ["/", "/nothing", "/healthz", "/api/v1/entries"])
def test_a_name_that_can_be_none_is_refused(app, host, path):
    answer = app.test_client().get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert answer.mimetype == ("application/problem+json" if path.startswith("/api/") else "text/plain")
    app.config["ALLOWED_HOSTS"] = frozenset({"www.example"})
    assert app.test_client().get(path, headers={"Host": host}).status_code in {400, 421}


@pytest.mark.parametrize("path", ["/", "/entries.csv", "/entries.json", "/api/v1/entries", "/entries/new"])
def test_a_query_that_is_no_text_is_refused(app, path):
    """As curl sends it; a browser writes %FF, which is replaced."""
    client = app.test_client()
    answer = client.get(path, environ_overrides={"QUERY_STRING": "q=\xff"})
    assert answer.status_code == 400
    assert answer.mimetype == ("application/problem+json" if path.startswith("/api/") else "text/html")
    assert client.get(path, environ_overrides={"QUERY_STRING": "q=é".encode().decode("latin-1")}).status_code < 500
    assert client.get("/?q=%FF").status_code == 200


def test_longer_bodies_where_files_are_imported_only(app):

    def length():
        return str(len(request.get_data()))

    for number, path in enumerate(["/elsewhere", "/import", "/other/import"]):
        app.add_url_rule(path, f"length{number}", length, methods=["POST"])
    browser = Browser(app)
    long, longest = b"x" * (config.FORM_BYTES + 1), b"x" * config.IMPORT_BYTES
    assert browser.post("/elsewhere", data=long).status_code == 413
    for path in ("/import", "/other/import"):
        assert browser.post(path, data=longest).text == str(config.IMPORT_BYTES)
        assert browser.post(path, data=longest + b"x").status_code == 413


def test_pages_name_static_files_by_their_content(browser):
    page = browser.get("/").text
    assert f'href="{HASHED}"' in page
    assert not re.findall(r'"/static/[\w-]+\.\w+"', page)


@pytest.mark.parametrize(
    ("path", "caching"),
    [
        (HASHED, "public, max-age=31536000, immutable"),
        ("/static/style.0123456789.css", "no-cache"),
        ("/static/style.css", "no-cache"),
    ],
)
def test_only_this_releases_file_is_kept_for_ever(browser, path, caching):
    response = browser.get(path)
    assert (response.status_code, response.data) == (200, STYLE)
    assert response.headers["Cache-Control"] == caching


@pytest.mark.parametrize("path", ["/static/none.0123456789.css", "/static/../config.py", "/static/0123456789.css"])
def test_no_other_file(browser, path):
    assert browser.get(path).status_code == 404


def test_an_edited_file_has_another_name(app, tmp_path):
    app.static_folder = str(tmp_path)
    names = []
    for content in ("one", "three"):
        (tmp_path / "a.css").write_text(content)
        with app.test_request_context():
            names.append(app.url_for("static", filename="a.css"))
    assert names[0] != names[1]


def test_alive_without_a_database_but_not_ready(app, browser, caplog):
    assert (browser.get("/readyz").status_code, browser.get("/readyz").text) == (200, "ready\n")
    app.extensions["readiness"].asked = float("-inf")
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("DROP TABLE schema_compatibility"))
    assert browser.get("/healthz").status_code == 200
    response = browser.get("/readyz")
    assert (response.status_code, response.headers["Cache-Control"]) == (503, "no-store")
    assert "not ready: no such table" in caplog.text


def test_readiness_is_asked_once_a_second(app, browser, monkeypatch):
    asked = []
    monkeypatch.setattr("app.health.can_serve", lambda: not asked.append(1))
    assert {browser.get("/readyz").status_code for _ in range(20)} == {200}
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("ago", "told"), [(float("inf"), 200), (60.0, 200), (2.0, 503)], ids=["never", "long ago", "recently"]
)
def test_while_somebody_asks_only_a_recent_answer_is_repeated(app, monkeypatch, ago, told):
    state = app.extensions["readiness"] = Readiness()
    state.asked = time.monotonic() - ago  # and it was not ready
    asking, meanwhile = threading.Lock(), []

    def can_serve():
        if asking.acquire(blocking=False):
            meanwhile.append(app.test_client().get("/readyz").status_code)
        return True

    monkeypatch.setattr("app.health.can_serve", can_serve)
    assert app.test_client().get("/readyz").status_code == 200
    assert meanwhile == [told]


@pytest.mark.parametrize("given", ["", "short", "with space in it", "x" * 129, 'quote"in-it'])
def test_a_request_id_that_nobody_of_ours_made_is_replaced(browser, given):
    answered = browser.get("/", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert re.fullmatch("[0-9a-f]{32}", answered)


def test_nginxs_request_id_is_kept(browser):
    given = "Root=1-67891233-abcdef012345678912345678"
    assert browser.get("/", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given
