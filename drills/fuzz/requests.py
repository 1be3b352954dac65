"""Requests of a hostile visitor: for each route some that are fine, and all that can be wrong with them.

What answers gave away (ids, cursors, versions, cookies) is sent again, to the same route and to others.
"""

import base64
import json
import re
from collections.abc import Callable
from random import Random
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from drills.fuzz.words import (
    MALFORMED_JSON,
    NUMBERS,
    TEXTS,
    as_json,
    bytes_of,
    mostly,
    plain,
    spoiled,
    text,
    value,
)

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=xBOUNDARYx"
JSON, MERGE_PATCH = "application/json", "application/merge-patch+json"
TYPES = [
    *(
        FORM,
        MULTIPART,
        JSON,
        MERGE_PATCH,
        "text/plain",
        "application/xml",
        "",
        ";",
        "a/b; c=",
        "application/json; charset=x",
    ),
    *(
        "application/json; charset=utf-16",
        "multipart/form-data",
        'multipart/form-data; boundary="',
        f"{FORM}; charset=é",
    ),
    *(
        "multipart/form-data; boundary=" + "x" * 300,
        "multipart/mixed; boundary=x",
        "application/json, text/html",
        "*/*",
    ),
]
METHODS = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "get",
    "X-Y",
    "_",
]
WEIGHTS = {"OPTIONS": 0.1, "HEAD": 0.3}  # 1 for the others
LIST_WORDS = {
    "status": ["open", "done", ""],
    "sort": ["newest", "oldest", "updated", "title", ""],
    "q": ["a", "the quick", "漢字 かな", "é"],
    "search": ["a", "the quick", "漢字 かな"],
    "limit": ["1", "2", "50", "100"],
}
PAGE_FIELDS = ("status", "sort", "q", "cursor")
API_FIELDS = ("status", "sort", "search", "cursor", "limit")
DATES = [
    "2026-11-23T10:00:00",
    "0001-01-01T00:00:00",
    "9999-12-31T23:59:59.999999",
    "2026-W01",
    "2026-11-23T10:00:00+00:00",
]
HEADERS = {
    "Host": [
        "localhost",
        "evil.example",
        "localhost:99999",
        "[::1]",
        "[",
        "",
        "a b",
        "localhost:",
        "é",
        "a" * 300,
        "@",
        "a/b",
    ],
    "X-Forwarded-For": ["1.2.3.4", "1.2.3.4, 5.6.7.8", ",", ", , ,", "::1, x", "é", "unknown, 10.0.0.1, 10.0.0.2"],
    "X-Forwarded-Proto": ["https", "http", "https, http", "ftp", "", "HTTPS", "javascript"],
    "X-Forwarded-Host": ["evil.example", "evil.example:443"],
    "X-Forwarded-Port": ["443", "0", "x"],
    "X-Forwarded-Prefix": ["/evil", "//evil.example"],
    "Forwarded": ["for=1.2.3.4;host=evil.example;proto=https"],
    "Origin": ["http://localhost", "http://evil.example", "null", "", "http://[", "http://localhost:0", "é"],
    "Sec-Fetch-Site": ["same-origin", "none", "cross-site", "same-site", "", "é"],
    "Referer": [
        "http://localhost/?sort=title",
        "http://localhost/?cursor=x",
        "http://[",
        "http://localhost/?" + "q=a&" * 90,
    ],
    "Accept": [
        "*/*",
        "text/html",
        "application/json",
        "application/json;q=0",
        "image/*;q=x",
        ",;",
        "a/b;q=1e999",
        "é",
        "*",
    ],
    "Accept-Encoding": ["gzip", "identity;q=0", "*;q=0"],
    "Accept-Language": ["en", "x" * 200],
    "Content-Encoding": ["gzip", "br", "é"],
    "If-Match": [
        '"1"',
        '"2"',
        "*",
        'W/"1"',
        '"1", "2"',
        '"',
        '""',
        '"a"b"',
        '"0"',
        '"99999999999"',
        "1",
        "",
        '"1",',
        " * ",
    ],
    "If-None-Match": ['"1"', "*", 'W/"1"', '"', "é", ",", "x" * 300],
    "If-Modified-Since": ["Mon, 23 Nov 2026 10:00:00 GMT", "x", "Mon, 99 Foo 99999 99:99:99 GMT", "9" * 30],
    "If-Unmodified-Since": ["Mon, 23 Nov 2026 10:00:00 GMT", "0"],
    "If-Range": ['"1"', "x", "Mon, 23 Nov 2026 10:00:00 GMT"],
    "Range": [
        "bytes=0-1",
        "bytes=-1",
        "bytes=5-1",
        "bytes=0-1,3-4",
        "bytes=",
        "x=1-2",
        "bytes=9999999999999999999-",
        "bytes=é",
    ],
    "Idempotency-Key": ["key", "key2", "", "a b", "é", "x" * 255, "x" * 256, "'"],
    "X-Request-Id": ["abcdefgh12345678", "x", "a b", "é" * 10, "x" * 200, '"}'],
    "X-Amzn-Trace-Id": ["Root=1-trace", "é"],
    "X-HTTP-Method-Override": ["DELETE", "PUT"],
    "X-Original-URL": ["/entries/1/delete"],
    "Authorization": ["Basic", "Basic !", "Basic Og==", "Bearer x", "Digest a", 'Digest a="', "é"],
    "Cookie": [
        "session=",
        "session=x",
        "session=a.b.c",
        "=",
        ";;;",
        "session=é",
        "a=" + "b" * 2000,
        'session="\\400"',
        "wrote=9",
    ],
    "User-Agent": ["", "é", "x" * 500],
    "Transfer-Encoding": ["chunked", "identity", "x"],
    "Expect": ["100-continue", "x"],
    "Connection": ["Upgrade"],
    "Upgrade": ["websocket", "h2c"],
}
PATHS = [
    "/",
    "//",
    "/.",
    "/..",
    "/%00",
    "/%",
    "/%2e%2e/etc/passwd",
    "/static/../config.py",
    "/static/%2e%2e/config.py",
    "/*",
]
PART_HEADERS = ["Content-Type: text/csv; charset=x", "Content-Transfer-Encoding: base64", "x", ":", "é: é"]
HEADINGS = [["title"], ["title", "description", "status"], ["id", "title", "status", "x"], ["status"]]


class Request(NamedTuple):
    """One request as bytes go over the wire; path and query are percent-encoded as far as whoever sent them did it."""

    method: str
    path: bytes
    query: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Route(NamedTuple):
    """An endpoint, its rule with <...> for what varies, and a method that it takes."""

    endpoint: str
    rule: str
    method: str


class Memory:
    """What the answers so far gave away, a bounded lot of each."""

    def __init__(self):
        self.ids, self.lists, self.cookies, self.statics = [1], ["cursor=W10"], [], ["style.css"]

    def learn(self, body: bytes, headers) -> None:
        """Keep what an answer holds."""
        page = body[:30_000].decode("utf-8", "replace")
        # The links to the pages after and before; not what was sent and stands in the page again.
        links = re.findall(r'"(?:/api/v1/entries|/)\?([^"]*cursor=[\w-]+)"(?: rel="(?:next|prev)"|[,}])', page)
        self._keep(self.lists, [link.replace("&amp;", "&") for link in links])
        self._keep(self.ids, map(int, re.findall(r'(?:"id": ?|/entries/)(\d{1,18})\b', page)[:4]))
        self._keep(self.statics, re.findall(r"/static/([\w.-]+)", page)[:3])
        self._keep(self.cookies, [given.partition(";")[0] for name, given in headers if name.lower() == "set-cookie"])

    def _keep(self, known: list, found) -> None:
        known.extend(found)
        del known[:-60]


def routes(app) -> list[Route]:
    """Every route of the application, once for each method that it takes."""
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))
    return [Route(rule.endpoint, rule.rule, method) for rule in rules for method in sorted(rule.methods)]


class Visitor:
    """Makes requests for the routes given, from one seed."""

    def __init__(self, random: Random, targets: list[Route], signer: Callable[[object], str]):
        self.random, self.targets, self.signer, self.memory = random, targets, signer, Memory()
        self.endpoint = ""
        self.weights = [WEIGHTS.get(route.method, 1.0) for route in targets]

    def request(self) -> Request:
        """The next request: for a route, seldom to nowhere, and at times spoiled as a whole."""
        random = self.random
        (route,) = random.choices(self.targets, self.weights)
        self.endpoint = route.endpoint
        is_api = route.rule.startswith("/api/")
        path = self.path(route.rule) if random.random() < 0.97 else self.path(quote(text(random), errors="replace"))
        if random.random() < 0.01:
            path = random.choice(PATHS).encode()
        method = route.method if random.random() < 0.95 else random.choice(METHODS)
        content_type, body = self.body(route, is_api) if method in {"POST", "PUT", "PATCH"} else ("", b"")
        if random.random() < 0.02 and not body:
            content_type, body = random.choice(TYPES), bytes_of(random, text(random))
        if random.random() < 0.12:
            body = spoiled(random, body)
        if random.random() < 0.04:
            content_type = random.choice(TYPES)
        headers = self.headers(method, is_api, content_type)
        return Request(method, path, self.query(is_api), headers, body)

    def path(self, rule: str) -> bytes:
        """The rule with something in each of its places."""

        def fill(match: re.Match) -> str:
            kind = match[1].partition(":")[0]
            if kind.startswith("any"):
                return mostly(self.random, self.random.choice(["done", "open"]), 0.9)
            if kind == "path":
                return mostly(self.random, self.random.choice([*self.memory.statics, "style.css", "../config.py"]))
            return mostly(self.random, str(self.random.choice(self.memory.ids)), 0.85)

        filled = re.sub(r"<([^>]*)>", fill, rule).encode("utf-8", "surrogatepass")
        made = quote(filled, safe="/").encode() if self.random.random() < 0.98 else spoiled(self.random, filled)
        return b"/" + made.removeprefix(b"/")

    def query(self, is_api: bool) -> bytes:
        """A query string; more often than not that of a list."""
        random = self.random
        if random.random() < 0.4:
            return b""
        if random.random() < 0.03:
            return bytes_of(random, text(random))
        if random.random() < 0.4:
            words, _, cursor = random.choice(self.memory.lists).rpartition("cursor=")
            return f"{words}cursor={self.cursor(cursor)}".encode("latin-1")
        names = API_FIELDS if is_api else PAGE_FIELDS
        chosen = random.sample(names, random.randint(1, 3))
        pairs = [(name, self.list_word(name)) for name in chosen]
        if is_api and "limit" not in chosen and random.random() < 0.5:
            pairs.append(("limit", "1"))  # which makes cursors
        if random.random() < 0.1:
            pairs.append((text(random), text(random)))
        if random.random() < 0.05:
            pairs.append(random.choice(pairs))
        return self.encoded(pairs)

    def list_word(self, name: str) -> str:
        if name == "cursor":
            return self.cursor()
        return mostly(self.random, self.random.choice(LIST_WORDS[name]))

    def cursor(self, known: str = "") -> str:
        """A cursor: the one that is known, or one for whichever list; as it is, or cut, or changed, or forged."""
        random = self.random
        known = known or random.choice(self.memory.lists).rpartition("cursor=")[2]
        kind = random.random()
        if kind < 0.3:
            return known
        if kind < 0.4:
            return spoiled(random, known.encode()).decode("latin-1")
        padded = known + "=" * (-len(known) % 4)
        try:
            data = json.loads(base64.urlsafe_b64decode(padded))
        except ValueError:
            data = ["00000000", 1, 1, None]
        if kind < 0.9 and isinstance(data, list) and data:
            made = [value(random), random.choice(NUMBERS), random.choice(DATES), random.choice(TEXTS)]
            data[random.randrange(len(data))] = random.choice(made)
        elif kind < 0.95:
            data = value(random)
        return base64.urlsafe_b64encode(as_json(random, data)).decode().rstrip("=")

    def encoded(self, pairs: list[tuple[str, str]]) -> bytes:
        """The pairs as a form encodes them, or nearly so."""
        made = "&".join(f"{self.quoted(name)}={self.quoted(given)}" for name, given in pairs).encode(
            "latin-1", "replace"
        )
        return spoiled(self.random, made) if self.random.random() < 0.05 else made

    def quoted(self, given: str) -> str:
        return quote_plus(bytes_of(self.random, given))

    def headers(self, method: str, is_api: bool, content_type: str) -> tuple[tuple[str, str], ...]:
        """Headers, mostly such that the request is let in, with some that are odd."""
        random = self.random
        made = {"Host": "localhost"}
        if method not in {"GET", "HEAD"} and not is_api and random.random() < 0.95:
            made["Origin"] = "http://localhost"
        if is_api and method in {"PUT", "PATCH", "DELETE"} and random.random() < 0.9:
            made["If-Match"] = random.choice(HEADERS["If-Match"][:5])
        if content_type:
            made["Content-Type"] = content_type
        if random.random() < 0.1:
            made["Cookie"] = self.cookie()
        for name in random.sample(list(HEADERS), random.choice([0, 0, 0, 1, 1, 2, 4])):
            made[name] = mostly(random, random.choice(HEADERS[name]), 0.8)
        return tuple((name, on_the_wire(given)) for name, given in made.items())

    def cookie(self) -> str:
        """A session: one of ours, a changed one, or one with another content, signed as by a release of other days."""
        random = self.random
        known = random.choice(self.memory.cookies or ["session=x"])
        kind = random.random()
        if kind < 0.3:
            return known
        if kind < 0.6:
            return spoiled(random, known.encode()).decode("latin-1")
        inner = {"text": text(random), "undo": random.choice(["open", "restore", text(random)]), "ids": [value(random)]}
        flashes = random.choice([[["message", inner]], [["message", "text"]], value(random), [value(random)]])
        made = {"_flashes": flashes} if random.random() < 0.8 else value(random)
        # Without half characters: those were refused before they could come into a session.
        return f"session={self.signer(json.loads(json.dumps(made, ensure_ascii=False).encode('utf-8', 'replace')))}"

    def body(self, route: Route, is_api: bool) -> tuple[str, bytes]:
        """The body of a request that changes something, and its type."""
        if is_api:
            return self.json_body(route.method)
        fields = self.fields()
        if "import" in route.rule:
            return MULTIPART, self.multipart(
                [*fields[-2:], ("action", mostly(self.random, "check", 0.7))], self.table()
            )
        if self.random.random() < 0.9:
            return FORM, self.encoded(fields)
        return MULTIPART, self.multipart(fields, None)

    def fields(self) -> list[tuple[str, str]]:
        """What the forms of the pages have."""
        random = self.random
        cursor = f"&cursor={self.cursor()}" if random.random() < 0.3 else ""
        made = [
            ("title", mostly(random, plain(random), 0.4)),
            ("description", mostly(random, plain(random), 0.4)),
            ("status", mostly(random, random.choice(["open", "done"]), 0.85)),
            ("version", mostly(random, random.choice(["1", "2"]), 0.85)),
            ("list", mostly(random, f"sort={random.choice(LIST_WORDS['sort'])}{cursor}", 0.85)),
            ("key", mostly(random, "key", 0.5)),
            ("action", mostly(random, random.choice(["done", "open", "delete", "restore"]), 0.9)),
            *(("id", mostly(random, str(random.choice(self.memory.ids)), 0.9)) for _ in range(random.randrange(4))),
        ]
        if random.random() < 0.2:
            made = random.sample(made, random.randrange(len(made)))
        if random.random() < 0.03:
            made += [("id", str(number)) for number in range(1, random.choice([60, 101, 300]))]
        return made

    def json_body(self, method: str) -> tuple[str, bytes]:
        """An entry as JSON, or what is none."""
        random = self.random
        if random.random() < 0.1:
            return JSON, random.choice(MALFORMED_JSON)
        data: object = {
            "title": mostly(random, plain(random), 0.5),
            "description": mostly(random, plain(random), 0.5),
            "status": mostly(random, random.choice(["open", "done"]), 0.9),
        }
        for name in list(data):
            if random.random() < 0.1:
                data[name] = value(random)
            elif random.random() < 0.15:
                del data[name]
        if random.random() < 0.05:
            data[text(random)] = value(random)
        return MERGE_PATCH if method == "PATCH" else JSON, as_json(
            random, data if random.random() < 0.95 else value(random)
        )

    def multipart(self, fields: list[tuple[str, str]], table: bytes | None) -> bytes:
        """A form with parts; at times one of its boundaries or headers is broken."""
        random = self.random
        parts = [(f'form-data; name="{name}"', bytes_of(random, given)) for name, given in fields]
        if table is not None:
            name = mostly(random, "file.csv", 0.8).replace("\r", "").replace("\n", "")
            parts.append((f'form-data; name="file"; filename="{name}"', table))
        made = b""
        for disposition, content in parts:
            end = b"\r\n" if random.random() < 0.99 else random.choice([b"\n", b"\r", b"", b"\r\r\n"])
            head = f"Content-Disposition: {disposition}".encode("utf-8", "surrogatepass")
            if random.random() < 0.1:
                extra = random.choice(
                    ["Content-Type: text/csv; charset=x", "Content-Transfer-Encoding: base64", "x", ":", "é: é"]
                )
                head += b"\r\n" + extra.encode()
            made += b"--xBOUNDARYx" + end + head + end + end + content + end
        return made + (b"--xBOUNDARYx--\r\n" if random.random() < 0.97 else b"")

    def table(self) -> bytes:
        """A CSV file with a heading, as spreadsheets make it or as nothing does."""
        random = self.random
        separator = random.choice([",", ",", ";", "\t", "|"])
        heading = random.choice(
            [["title"], ["title", "description", "status"], ["id", "title", "status", "x"], ["status"]]
        )
        lines = [separator.join(mostly(random, name, 0.97) for name in heading)]
        for _ in range(random.choice([0, 1, 3, 8])):
            row = [mostly(random, random.choice(["open", "a title"]), 0.5) for _ in heading]
            lines.append(separator.join(self.cell(given) for given in row[: random.choice([1, 9, 9, 9])]))
        end = random.choice(["\n", "\r\n", "\r"])
        encoding = random.choice(["utf-8", "utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16"])
        made = end.join(lines).encode(encoding, "surrogatepass")
        return spoiled(random, made) if random.random() < 0.2 else made

    def cell(self, given: str) -> str:
        doubled = given.replace('"', '""')
        return f'"{doubled}"' if self.random.random() < 0.6 else given


def on_the_wire(given: str) -> str:
    """The text as a header's value can come through nginx and Gunicorn: no NUL and no line's end; any other byte."""
    return re.sub(r"[\0\r\n]", "", given.encode("utf-8", "surrogatepass").decode("latin-1")).strip(" \t")[:4000]
