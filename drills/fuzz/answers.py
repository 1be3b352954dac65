"""Is an answer what an answer may be, whatever was asked? Pure: request and answer in, faults out."""

import csv
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple

from drills.fuzz.memory import Request
from drills.fuzz.words import CANARY

API = b"/api/"
SECURITY = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Request-Id")
VOID = {"meta", "link", "input", "br", "hr", "img"}
# Elements whose end may be left out, as our lists and Werkzeug's redirections do.
OPTIONAL = {"html", "head", "body", "li", "option", "p", "dt", "dd", "tr", "td", "th", "thead", "tbody"}


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, the last one if it is there more than once; empty if it is not."""
        return next((given for known, given in reversed(self.headers) if known.lower() == name.lower()), "")


def faults(request: Request, answer: Answer) -> Iterator[str]:
    """What is wrong with the answer, a few words each."""
    if answer.status >= 500:
        yield f"status {answer.status}"
    yield from of_headers(answer)
    if request.method == "HEAD" or answer.status in {204, 304}:
        if answer.body:
            yield f"a body with {request.method} and status {answer.status}"
        return
    kind = answer.header("Content-Type").partition(";")[0]
    if request.path.startswith(API) and answer.status >= 400 and kind != "application/problem+json":
        yield f"an error of the API as {kind or 'nothing'}"
    if judge := BY_TYPE.get(kind):
        yield from judge(answer)
    elif answer.body:
        yield f"a body of type {kind or 'none'}"


def of_headers(answer: Answer) -> Iterator[str]:
    """Faults of the headers."""
    for name, given in answer.headers:
        if re.search(r"[\0-\x08\x0a-\x1f\x7f]", name + given):
            yield f"a control character in {name}"
    names = [name.lower() for name, _ in answer.headers]
    yield from (f"{name} twice" for name in sorted(set(names) - {"set-cookie"}) if names.count(name) > 1)
    yield from (f"no {name}" for name in SECURITY if not answer.header(name))
    length = answer.header("Content-Length")
    if length and answer.body and int(length) != len(answer.body):
        yield f"Content-Length {length} of {len(answer.body)} bytes"
    location = answer.header("Location")
    if location and not re.match(r"/(?![/\\])", location):
        yield f"a redirect to {location}"
    if answer.status == 405 and not answer.header("Allow"):
        yield "405 without Allow"
    if 300 <= answer.status < 304 and not location:
        yield f"{answer.status} without Location"
    for name, given in answer.headers:
        if name.lower() == "set-cookie" and not ("HttpOnly" in given and "SameSite=Lax" in given):
            yield f"a cookie without HttpOnly or SameSite: {given.partition('=')[0]}"


def of_json(answer: Answer) -> Iterator[str]:
    """Faults of a body that should be JSON."""
    try:
        json.loads(answer.body.decode(), parse_constant=refuse)
    except ValueError as error:
        yield f"no JSON: {error}"


def of_problem(answer: Answer) -> Iterator[str]:
    """Faults of a problem (RFC 9457)."""
    yield from (found := list(of_json(answer)))
    if found:
        return
    problem = json.loads(answer.body)
    if not isinstance(problem, dict) or problem.get("status") != answer.status:
        yield "a problem with another status than its answer"
    elif not all(isinstance(problem.get(name), str) and problem[name] for name in ("title", "detail")):
        yield "a problem without title or detail"
    elif not isinstance(problem.get("errors", {}), dict):
        yield "a problem whose errors are no object"


def refuse(name: str):
    raise ValueError(f"{name} is no JSON")


class Page(HTMLParser):
    """Looks for elements and attributes that only somebody's input can have made, and for what is not closed."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag, attributes):
        if CANARY in tag or any(CANARY in name for name, _ in attributes):
            self.faults.append(f"what was sent is markup: {self.get_starttag_text()}")
        for name, given in attributes:
            if name in {"href", "src", "action", "formaction"} and not re.match(r"/(?![/\\])|#|\?|$", given or ""):
                self.faults.append(f"{name} leads to {given}")
        if tag not in VOID | OPTIONAL:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID | OPTIONAL:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> where it does not belong")


def of_page(answer: Answer) -> Iterator[str]:
    """Faults of a page."""
    try:
        text = answer.body.decode()
    except UnicodeDecodeError as error:
        yield f"no UTF-8: {error}"
        return
    page = Page()
    page.feed(text)
    page.close()
    yield from page.faults
    if page.open:
        yield f"not closed: {' '.join(page.open)}"


def of_table(answer: Answer) -> Iterator[str]:
    """Faults of a CSV file."""
    try:
        rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        yield f"no CSV: {error}"
        return
    yield from (f"a line of {len(row)} cells" for row in rows if len(row) != len(rows[0]))
    yield from (f"a formula: {cell}" for row in rows for cell in row if re.match(r"[=+\-@\t\r]", cell))


def of_text(answer: Answer) -> Iterator[str]:
    """Faults of a plain text or a script: what was sent is in none."""
    if CANARY.encode() in answer.body:
        yield "what was sent, in plain text"


BY_TYPE = {
    "application/json": of_json,
    "application/problem+json": of_problem,
    "text/html": of_page,
    "text/csv": of_table,
    "text/plain": of_text,
    "text/css": of_text,
    "text/javascript": of_text,
    "image/svg+xml": of_text,
}
