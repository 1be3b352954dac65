"""Requests of somebody who means ill, as data: what tests/test_site_security.py sends to the site."""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote, urlencode

from app.store import make_query
from app.store.query import Position, make_cursor

EVIL = "evil.example"
FORM = "application/x-www-form-urlencoded"


def request(method: str, path: str, *headers: str, version: str = "HTTP/1.1", host: str = "a.example") -> bytes:
    """A request as bytes, whatever is in it."""
    lines = [f"{method} {path} {version}", *([f"Host: {host}"] if host else []), *headers, "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1")


# What nginx or Gunicorn answer by themselves: (request, status).
NOT_THE_APPLICATION = {
    "no request": (b"hello\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
    "small letters": (request("get", "/"), 400),
    "no path": (request("GET", "elsewhere"), 400),
    "a path above the root": (request("GET", "/%2e%2e/etc/passwd"), 400),
    "a NUL in the path": (request("GET", "/static/style.css%00.html"), 400),
    "a byte that no address has": (request("GET", "/?q=\xff"), 400),
    "an address of 9 kB": (request("GET", "/" + "a" * 9000), 414),
    "an address of the API of 9 kB": (request("GET", "/api/v1/" + "a" * 9000), 414),
    "a version that there is not": (request("GET", "/", version="HTTP/9.1"), 505),
    "no Host": (request("GET", "/", host=""), 400),
    "a Host that is none": (request("GET", "/", host="a b"), 400),
    "a Host that is none, to the API": (request("GET", "/api/v1/entries", host="a b"), 400),
    "a header of 9 kB": (request("GET", "/", "X-Long: " + "a" * 9000), 431),
    "150 headers": (request("GET", "/", *(f"X-{number}: a" for number in range(150))), 431),
    "a control character in a header": (request("GET", "/", "X-A: \x01"), 400),
    "a length that is none": (request("POST", "/entries/new", "Content-Length: x"), 400),
    "an encoding that there is not": (request("POST", "/entries/new", "Transfer-Encoding: x"), 501),
    "a method of one letter": (request("A", "/"), 400),
    "TRACE": (request("TRACE", "/"), 405),
    "TRACE of the API": (request("TRACE", "/api/v1/entries"), 405),
    "CONNECT": (request("CONNECT", "/"), 405),
    "POST to a file": (request("POST", "/static/style.css", "Content-Length: 0"), 405),
    "OPTIONS of a file": (request("OPTIONS", "/static/style.css"), 405),
    "too much for a file": (request("POST", "/static/style.css", "Content-Length: 100000"), 413),
    "too much for the API": (request("POST", "/api/v1/entries.css", "Content-Length: 100000"), 413),
    "a file that there is not": (request("GET", "/static/none.css"), 404),
    "a directory": (request("GET", "/static/"), 404),
    "a file that was another": (request("GET", "/static/style.css", 'If-Match: "x"'), 412),
}
OF_THE_APPLICATION = {
    "the list": (request("GET", "/"), 200),
    "the head of the list": (request("HEAD", "/"), 200),
    "what the list takes": (request("OPTIONS", "/"), 200),
    "a method that there is not": (request("PROPFIND", "/"), 405),
    "a page that there is not": (request("GET", "/nothing"), 404),
    "a list that there is not": (request("GET", "/?sort=none"), 400),
    "a change from elsewhere": (
        request("POST", "/entries/new", "Origin: http://evil.example", "Content-Length: 0"),
        403,
    ),
    "a form of another kind": (
        request("POST", "/entries/new", "Sec-Fetch-Site: same-origin", "Content-Type: a/b", "Content-Length: 0"),
        415,
    ),
    "a redirection": (
        request("POST", "/entries/bulk", "Sec-Fetch-Site: same-origin", f"Content-Type: {FORM}", "Content-Length: 11")
        + b"action=open",
        303,
    ),
    "a host that can be none": (request("GET", "/", host="a" * 300), 400),
    "the API": (request("GET", "/api/v1/entries"), 200),
    "a problem": (request("POST", "/api/v1/entries", "Content-Length: 0"), 415),
    "health": (request("GET", "/healthz"), 200),
    "a table": (request("GET", "/entries.csv"), 200),
    "a file": (request("GET", "/static/style.css"), 200),
    "a part of a file": (request("GET", "/static/style.css", "Range: bytes=99999999-"), 200),
}
ANSWERS = NOT_THE_APPLICATION | OF_THE_APPLICATION


def traversals():
    """Addresses that could lead out of the directory of the files."""
    ups = ["..", "%2e%2e", ".%2e", "%252e%252e", "..;", "..%5c", "..%c0%af", "%c0%ae%c0%ae", "..%00", "....//", ".%00."]
    for up in ups:
        for slash in ("/", "%2f", "%252f", "\\", "%5c", "//"):
            for start in ("/static/", "/static", "/"):
                yield from (f"{start}{slash.join([up] * count)}{slash}secret.conf" for count in (1, 2, 3))
    yield from (f"/static/{name}" for name in (".secret.conf/../../secret.conf", "//secret.conf", "/srv/secret.conf"))
    yield from ("/secret.conf", "/app/secret.conf", "/web/secret.conf", "/static/file:%2f%2fsecret.conf")
    yield from (
        "/nginx.conf",
        "/own-headers.conf",
        "/start-web.sh",
        "/static../nginx.conf",
        "/static../app/secret.conf",
    )
    yield from ("/.git/config", "/.env", "/.well-known/x", "/static/.env", "/static/.git/config", "/static/style.css~")
    yield from ("/app/config.py", "/static/../config.py", "/gunicorn.conf.py", "/requirements.txt", "/health.py")


# What a cache does not tell two requests by, and some frameworks and proxies believe.
UNKEYED = [
    f"X-Forwarded-Host: {EVIL}",
    f"X-Host: {EVIL}",
    f"X-Forwarded-Server: {EVIL}",
    f"Forwarded: for=1.2.3.4;host={EVIL};proto=https",
    "X-Forwarded-Port: 666",
    "X-Forwarded-Scheme: http",
    "X-Forwarded-Prefix: /evil",
    "X-Script-Name: /evil",
    f"X-Original-URL: http://{EVIL}/nothing",
    "X-Rewrite-URL: /entries/1/delete",
    "X-HTTP-Method-Override: DELETE",
    "X-Method-Override: POST",
    "X-Accel-Redirect: /static/style.css",
    "X-Sendfile: /etc/passwd",
    f"Referer: http://{EVIL}/?q=evil",
    f"Origin: http://{EVIL}",
    f"User-Agent: {EVIL}",
    "Accept-Language: evil",
    "Range: bytes=0-3",
    "Cookie: session=evil; wrote=evil; evil=evil",
    f"Via: 1.1 {EVIL}",
    f"X-Request-Id: {EVIL}-evil",
]


class Place(NamedTuple):
    """A request with what somebody sends at one place of it."""

    name: str
    method: str
    path: str
    headers: Mapping[str, str] = MappingProxyType({})
    body: str = ""
    kind: str = ""


def places(sent: str) -> Iterator[Place]:
    """A request for every place at which the application takes something: addresses, headers, cookies, forms, files."""
    yield from in_addresses(sent)
    yield from in_headers(sent)
    yield from in_forms(sent)
    yield from in_json(sent)


def in_addresses(sent: str) -> Iterator[Place]:
    within = quote(sent, safe="")
    cursors = [
        (sort, make_cursor(make_query(None, sort), Position(sent, 1))) for sort in ("title", "newest", "updated")
    ]
    for path, names in {
        "/": ("status", "sort", "q", "cursor", "none"),
        "/entries.csv": ("status", "sort", "q"),
        "/entries.json": ("status", "sort", "q"),
        "/api/v1/entries": ("status", "sort", "search", "cursor", "limit", "none"),
    }.items():
        yield from (Place(f"{name} of {path}", "GET", f"{path}?{name}={within}") for name in names)
        yield from (Place(f"a cursor of {path}", "GET", f"{path}?sort={sort}&cursor={text}") for sort, text in cursors)
        yield Place(f"a parameter's name of {path}", "GET", f"{path}?{within}=a")
    for path in ("/{}", "/entries/{}/edit", "/api/v1/entries/{}", "/static/{}"):
        yield Place(f"the path {path}", "GET", path.format(within))
    yield from (
        Place(f"the path of {verb}", "POST", f"/entries/{within}/{verb}", kind=FORM) for verb in ("done", "delete")
    )


def in_headers(sent: str) -> Iterator[Place]:
    line = quote(sent, safe=" '\"`(){}[]=<>$#%*/,;:-")  # what a header can be
    for name in ("Host", "Referer", "User-Agent", "Accept", "Accept-Language", "If-None-Match", "X-Forwarded-For"):
        yield Place(name, "GET", "/entries/1/edit", {name: line})
    for name in ("X-Request-Id", "X-Amzn-Trace-Id", "X-Forwarded-Proto", "X-Forwarded-Host", "Origin", "Authorization"):
        yield Place(name, "GET", "/", {name: line})
    for cookie in (line, f"session={line}", f"wrote={line}", f"{line}=a"):
        yield Place("a cookie", "GET", "/", {"Cookie": cookie})
    yield Place("Content-Type", "POST", "/entries/new", kind=f"{FORM}; charset={line}", body="title=a")


def in_forms(sent: str) -> Iterator[Place]:
    given = {
        "/entries/new": {"title": "a", "description": "b", "status": "open", "key": "c"},
        "/entries/1/edit": {"title": "a", "description": "b", "status": "open", "version": "1", "list": ""},
        "/entries/1/done": {"list": ""},
        "/entries/bulk": {"id": "1", "action": "open", "list": ""},
    }
    for path, form in given.items():
        for name in form:
            yield Place(f"{name} of {path}", "POST", path, body=urlencode(form | {name: sent}), kind=FORM)
        lists = urlencode({"sort": "title", "q": sent})
        yield Place(f"a search within {path}", "POST", path, body=urlencode(form | {"list": lists}), kind=FORM)
    cell = sent.replace('"', '""')
    tables = (
        f'title\n"{cell}"\n',
        f'title,description\na,"{cell}"\n',
        f'title,status\na,"{cell}"\n',
        f'title,"{cell}"\na,b\n',
    )
    for table in tables:
        part = (
            f'--x\r\nContent-Disposition: form-data; name="file"; filename="{quote(sent)}"\r\n\r\n{table}\r\n--x--\r\n'
        )
        yield Place("a table", "POST", "/entries/import", body=part, kind="multipart/form-data; boundary=x")


def in_json(sent: str) -> Iterator[Place]:
    whole = {"title": "a", "description": "b", "status": "open"}
    for name in (*whole, sent):
        body = json.dumps(whole | {name: sent})
        yield Place(f"{name} of the API", "POST", "/api/v1/entries", body=body, kind="application/json")
        yield Place(f"{name} of an entry", "PATCH", "/api/v1/entries/1", {"If-Match": "*"}, body, "application/json")
    key = quote(sent, safe="'\"`(){}[]=<>$#%*/,;:-")
    for name, method in (("Idempotency-Key", "POST"), ("If-Match", "PUT"), ("If-Match", "DELETE")):
        path = "/api/v1/entries" if method == "POST" else "/api/v1/entries/1"
        yield Place(f"{name} of {method}", method, path, {name: key}, json.dumps(whole), "application/json")
