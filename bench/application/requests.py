"""What is asked of the applications: all of them have the same addresses and take the same forms."""

import random
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlencode

from bench.application.database import EXTRA_ID, RARE, TEXT, TOUCHED, step

READ, WRITE = "read", "write"


class Request(NamedTuple):
    """One request; a form is sent as a browser sends it from our own page."""

    method: str
    path: str
    body: str = ""


class Operation(NamedTuple):
    """make(n, rows) is the n-th request (from 0) to a table with so many rows."""

    kind: str
    make: Callable[[int, int], Request]


def get(path: str) -> Callable[[int, int], Request]:
    return lambda n, rows: Request("GET", path)


def post(path: str, **form) -> Request:
    return Request("POST", path, urlencode(form))


def touched_id(n: int, rows: int) -> int:
    return 1 + n % min(rows, TOUCHED) * step(rows)


def read(n: int, rows: int) -> Request:
    return Request("GET", f"/entries/{random.Random(n).randint(1, rows)}/edit")  # noqa: S311  no secret


def create(n: int, rows: int) -> Request:
    return post("/entries/new", **(TEXT | {"title": f"{TEXT['title']} {n}"}), status="open", key=f"key-{n}")


def update(n: int, rows: int) -> Request:
    """Another last word of the title; each time round the entries are one version further."""
    version = 1 + n // min(rows, TOUCHED)
    form = TEXT | {"title": f"{TEXT['title']} {n}", "status": "open", "version": version}
    return post(f"/entries/{touched_id(n, rows)}/edit", **form)


def toggle(n: int, rows: int) -> Request:
    status = "open" if n // min(rows, TOUCHED) % 2 else "done"
    return post(f"/entries/{touched_id(n, rows)}/{status}")


def delete(n: int, rows: int) -> Request:
    return post(f"/entries/{EXTRA_ID + n}/delete")


def mix(n: int, rows: int) -> Request:
    """Nine that read to one that writes."""
    turn = n % 20
    if turn in (4, 14):
        return (create if turn == 4 else toggle)(n // 20, rows)
    return read(n, rows) if turn % 2 else Request("GET", "/")


OPERATIONS = {
    "list": Operation(READ, get("/")),
    "filter": Operation(READ, get("/?status=open")),
    "read": Operation(READ, read),
    "create": Operation(WRITE, create),
    "update": Operation(WRITE, update),
    "toggle": Operation(WRITE, toggle),
    "delete": Operation(WRITE, delete),
    "search common": Operation(READ, get("/?q=the")),
    "search rare": Operation(READ, get(f"/?q={RARE}")),
    "search absent": Operation(READ, get("/?q=xylophone")),
    "API": Operation(READ, get("/api/v1/entries")),
    "mix": Operation(WRITE, mix),
}


def lines(name: str, rows: int, count: int) -> str:
    """The first requests of an operation, one a line: method, path and body, none of which has a space in it."""
    return "".join(f"{' '.join(OPERATIONS[name].make(n, rows))}\n" for n in range(count))
