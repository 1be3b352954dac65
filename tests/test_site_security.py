"""What somebody who means ill can send to the site, over HTTP to nginx, Gunicorn and MariaDB as the images run them.

docs/security-pass.md says which test is about what.
"""

import http.client
import io
import json
import re
from urllib.parse import quote

import pytest

from app.security import HEADERS, HTTPS_ONLY
from drills.visitors import raw
from tests.conftest import ROOT, running_site, wait_until
from tests.hostile import ANSWERS, EVIL, FORM, UNKEYED, places, request, traversals

pytestmark = pytest.mark.slow

STYLE = (ROOT / "app/static/style.css").read_bytes()


@pytest.fixture(scope="module")
def site(mariadb, tmp_path_factory):
    given = mariadb.database() | {"WEB_RATE_LIMIT": "1000"}
    with running_site(tmp_path_factory.mktemp("security"), **given) as site:
        add(site, "first")
        yield site


def send(site, method, path, body="", kind=FORM, **headers):
    """Send a change as one of our own pages does."""
    return site.call(path, method, body, Content_Type=kind, Sec_Fetch_Site="same-origin", **headers)


def add(site, title):
    response, _ = send(site, "POST", "/entries/new", f"title={quote(title)}")
    assert response.status == 303


class Received:
    """What came back, for a reader that wants a socket."""

    def __init__(self, answer: bytes):
        self.answer = answer

    def makefile(self, mode):
        return io.BytesIO(self.answer)


def exchange(site, sent: bytes):
    """Send it and return (status, headers, body)."""
    response = http.client.HTTPResponse(
        Received(raw.exchange(site.port, sent)), method=sent.partition(b" ")[0].decode()
    )
    response.begin()
    return response.status, response.headers, response.read()


CACHING = {"private, no-cache", "no-cache", "no-store"}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_has_the_headers_of_the_application(site, name):
    """Whoever of the three answers: what must not be framed, guessed at or shared says so."""
    sent, expected = ANSWERS[name]
    status, headers, body = exchange(site, sent)
    assert status == expected
    policy = headers["Content-Security-Policy"]
    for field, value in HEADERS.items():
        assert len(headers.get_all(field)) == 1, field
        assert field in {"Content-Security-Policy", "Cache-Control"} or headers[field] == value
    assert policy.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Cache-Control"] in CACHING
    assert status < 400 or headers["Cache-Control"] != "no-cache", "no error is to be kept"
    assert len(headers.get_all("X-Request-Id")) == 1
    assert headers["Server"] == "nginx"
    if body.startswith((b"<", b"{")):
        assert headers.get_content_type() in {"text/html", "application/json", "application/problem+json"}
    assert headers.get_content_type() != "text/html" or b"<title>" in body or not body


@pytest.mark.parametrize(
    "sent",
    [
        request("GET", "/", "X-Forwarded-Proto: https"),
        request("GET", "/static/style.css", "X-Forwarded-Proto: https"),
        request("GET", "/static/none.css", "X-Forwarded-Proto: https"),
        request("TRACE", "/", "X-Forwarded-Proto: https"),
        request("AB", "/", "X-Forwarded-Proto: https"),
    ],
)
def test_every_answer_over_https_keeps_the_visitor_there(site, sent):
    assert exchange(site, sent)[1].get_all("Strict-Transport-Security") == [HTTPS_ONLY]
    assert "Strict-Transport-Security" not in exchange(site, sent.replace(b"https", b"http"))[1]


def test_a_request_without_a_version_gets_no_page(site):
    """HTTP/0.9 knows no headers: an answer could not say what it is."""
    assert b"first" in exchange(site, request("GET", "/"))[2]
    assert b"first" not in raw.exchange(site.port, b"GET /\r\n")


def test_the_log_is_text_whatever_was_asked(site):
    """And what cannot be read is logged, too, as nothing that it could have been."""
    for sent in (
        request("GET", "/%ff%fe?private"),
        request("GET", "/static/%ff"),
        b"GET\xff /secret\xff HTTP/1.1\r\n\r\n",
    ):
        raw.exchange(site.port, sent)
    wait_until(lambda: not site.requests("web")[-1]["path"], what="the last line")
    lines = site.requests("web")[-3:]
    assert [(line["method"], line["path"]) for line in lines] == [("GET", "/%ff%fe"), ("GET", "/static/%ff"), ("", "")]
    assert [line["status"] for line in lines] == [404, 404, 400]


# What an answer must not tell about what is behind it.
TELLING = re.compile(
    rb"nginx/|gunicorn|werkzeug|flask\b|sqlalchemy|pymysql|mariadb|mysql|python|traceback|jinja|/srv|/tmp|\.py\b|"
    rb"select |insert |update |\bcolumn\b|\btable 'test|errno|exception|127\.0\.0\.1|\d+\.\d+\.\d+",
    re.IGNORECASE,
)


def telling(headers, body: bytes) -> set[bytes]:
    """What an answer gives away."""
    whole = "".join(f"{name}: {text}\n" for name, text in headers.items() if name != "Date").encode() + body
    return set(TELLING.findall(whole))


def test_no_error_tells_what_is_behind_it(site):
    for name, (sent, status) in ANSWERS.items():
        if status >= 400:
            assert not telling(*exchange(site, sent)[1:]), name


@pytest.mark.parametrize(
    ("broken", "mended", "status"),
    [
        ("RENAME COLUMN description TO summary", "RENAME COLUMN summary TO description", 500),
        ("RENAME TO {}.elsewhere", "RENAME TO {}.entries", 503),
    ],
)
def test_no_error_of_the_database_tells_what_is_behind_it(site, mariadb, broken, mended, status):
    name = site.given["DATABASE_NAME"]
    mariadb.run(f"ALTER TABLE {name}.entries {broken.format(name)}")
    try:
        answers = [site.call(path) for path in ("/", "/entries/1/edit", "/entries.csv", "/api/v1/entries")]
        answers.append(send(site, "POST", "/entries/new", "title=a"))
    finally:
        new = "elsewhere" if "{}" in broken else "entries"
        mariadb.run(f"ALTER TABLE {name}.{new} {mended.format(name)}")
    for response, body in answers:
        assert response.status == status
        assert not telling(response.headers, body)
        assert response.headers["Cache-Control"] in CACHING


def test_no_address_leads_out_of_the_directory_of_the_files(site):
    """Above it, on every level and in both tiers, lies a file that would be found."""
    folders = {
        site.folder,
        site.folder / "tmp",
        *site.layouts.values(),
        *(place / "app" for place in site.layouts.values()),
    }
    for folder in folders:
        (folder / "secret.conf").write_text("found it")
    try:
        for path in traversals():
            status, _, body = exchange(site, request("GET", path))
            assert status in {400, 404}, path
            assert not re.search(rb"found it|worker_processes|add_header|def |root:", body), path
    finally:
        for folder in folders:
            (folder / "secret.conf").unlink()
    assert exchange(site, request("GET", "/static/x/../style.css"))[2] == STYLE, (
        "inside it, addresses are read as usual"
    )


PAGES = ("/", "/?status=open&sort=title", "/entries/new", "/entries/1/edit", "/entries/import", "/deleted", "/nothing")
READ = (*PAGES, "/entries.csv", "/entries.json", "/api/v1/entries", "/api/v1/entries/1", "/api/v1/docs", "/api/v1/none")
FILES = ("/static/style.css", "/static/none.css", "/static/")


@pytest.mark.parametrize("path", [*READ, *FILES])
def test_no_answer_depends_on_what_a_cache_does_not_look_at(site, path):
    """With the name that was asked for, and everything that a client can make up, the answer is the same."""

    def answer(*headers, host="a.example"):
        status, given, body = exchange(site, request("GET", path, *headers, host=host))
        fixed = [pair for pair in given.items() if pair[0] not in {"Date", "X-Request-Id"}]
        return status, fixed, re.sub(rb'(name="key" value=")[^"]*', rb"\1", body)

    plain = answer()
    assert EVIL not in str(plain)
    assert answer(*UNKEYED) == plain
    assert answer(host=EVIL) == plain
    assert answer(host=f"{EVIL}:666") == plain


@pytest.mark.parametrize("path", READ)
def test_no_page_may_be_kept_by_a_cache_for_many(site, path):
    assert exchange(site, request("GET", path))[1]["Cache-Control"] in {"private, no-cache", "no-store"}


def test_only_a_file_under_the_name_of_its_content_may_be_kept(site):
    (path,) = set(re.findall(r"/static/style\.\w+\.css", site.call("/")[1].decode()))
    kept = {
        name: exchange(site, request("GET", name))[1]["Cache-Control"]
        for name in (path, path + "?evil", path + "/evil", path.replace("style", "styles"), "/static/style.css")
    }
    assert [name for name, caching in kept.items() if "public" in caching] == [path, path + "?evil"]


@pytest.mark.parametrize(
    "path", [f"//{EVIL}", f"//{EVIL}/..", f"/\\{EVIL}", f"/%5c{EVIL}", f"http://{EVIL}/", f"/{EVIL}//"]
)
def test_no_address_is_answered_by_leading_elsewhere(site, path):
    for target in (path, path + "/", path + "/entries/1/edit/", path + "%2f.."):
        status, headers, body = exchange(site, request("GET", target, host=EVIL))
        assert "Location" not in headers, target
        assert status in {200, 400, 404}
        assert EVIL.encode() not in body


@pytest.mark.parametrize("field", ["list", "next", "return_to", "url", "redirect"])
@pytest.mark.parametrize("target", [f"//{EVIL}", f"https://{EVIL}", f"/\\{EVIL}", f"\t//{EVIL}", f"q=a&next=//{EVIL}"])
def test_no_change_is_answered_by_leading_elsewhere(site, field, target):
    for path in (f"/entries/1/open?{field}={quote(target)}", "/entries/1/open"):
        form = f"{field}={quote(target)}"
        response, _ = send(site, "POST", path, form, Referer=f"http://{EVIL}/", X_Forwarded_Host=EVIL)
        assert response.status in {303, 400}
        assert (response.getheader("Location") or "/").partition("?")[0] == "/"


# Each would end a literal of SQL in some way; what stands behind it would be read as a word of the statement.
LITERAL = re.compile(r"'(?:[^'\\]|\\.|\'\')*'", re.DOTALL)
ENDS = [
    "' OR sqlword -- ",
    '" OR sqlword -- ',
    "\\' OR sqlword -- ",
    "\\\\' OR sqlword -- ",
    "` OR sqlword",
    ") OR sqlword #",
]
ENDS += [
    "x'; DROP TABLE entries; -- sqlword",
    "%' OR sqlword LIKE '%",
    "\u02bc OR sqlword -- ",
    "1 OR sqlword",
    "*/ sqlword /*",
]


@pytest.fixture
def statements(site, mariadb):
    """Return a function that gives the statements that the application has sent since the test began."""
    user = site.given["DATABASE_USERNAME"]
    mariadb.run("SET GLOBAL log_output = 'TABLE'", "TRUNCATE mysql.general_log", "SET GLOBAL general_log = 1")
    asked = f"SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE user_host LIKE '{user}%'"
    yield lambda: [text for (text,) in mariadb.rows(asked)]
    mariadb.run("SET GLOBAL general_log = 0", "SET GLOBAL log_output = 'FILE'", "TRUNCATE mysql.general_log")


def sent_at(site, place):
    """Send what is at that place as one of our own pages, or a program, does."""
    headers = {"Sec-Fetch-Site": "same-origin", **({"Content-Type": place.kind} if place.kind else {}), **place.headers}
    return site.call(place.path, place.method, place.body.encode(), **headers)


def test_nothing_that_is_sent_becomes_a_word_of_a_statement(site, statements):
    answered = [sent_at(site, place)[0].status for end in ENDS for place in places(end)]
    assert max(answered) < 500
    told = [text for text in statements() if "sqlword" in text]
    assert len(told) > 20 * len(ENDS), "most of what was sent gets as far as a statement"
    assert not [text for text in told if "sqlword" in LITERAL.sub("''", text)]
    assert len(json.loads(site.call("/entries.json")[1])) > len(ENDS)


def test_nothing_that_is_sent_is_run_as_a_template(site):
    product = str(7191 * 7158 + 21).encode()
    for text in (
        "{{7191*7158+21}}",
        "{%print(7191*7158+21)%}",
        "${7191*7158+21}",
        "<%=7191*7158+21%>",
        "#{7191*7158+21}",
    ):
        for place in places(text):
            response, body = sent_at(site, place)
            assert response.status < 500, place
            assert product not in body + str(response.headers).encode(), place
        assert product not in b"".join(site.call(path)[1] for path in READ)


def test_nothing_that_is_sent_becomes_a_header(site):
    for text in (
        "a\r\nX-Evil: 1\r\nSet-Cookie: evil=1",
        "a\nX-Evil: 1",
        "a\rX-Evil: 1",
        "a\u560d\u560aX-Evil: 1",
        "a\u2028X-Evil: 1",
    ):
        for place in places(text):
            response, _ = sent_at(site, place)
            assert response.status < 500, place
            assert "X-Evil" not in response.headers, place
            assert not [cookie for cookie in response.headers.get_all("Set-Cookie", []) if cookie.startswith("evil")]
            assert not re.search("[\r\n]", str(response.headers.values())), place
