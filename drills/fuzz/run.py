"""A run over every route: requests of one seed, every answer judged, and what was stored looked at in the end."""

import logging
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from sqlalchemy import text as sql

from app.models import db
from drills.fuzz.answers import Answer, faults
from drills.fuzz.memory import Request, routes
from drills.fuzz.requests import Visitor
from drills.fuzz.wsgi import Caller, Log

FULL = 200  # entries: more of them make every page and every export longer, not harder
TIDY_EVERY = 250  # inputs
TABLES = ("entry_words", "idempotency_keys", "deleted_entries", "entries")
SHOWN = 20  # faults kept


@dataclass
class Tally:
    """What a run has seen: inputs, answers by route and status, faults with the request that made each."""

    inputs: int = 0
    statuses: Counter = field(default_factory=Counter)
    faults: list[tuple[str, Request]] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, route: str, answer: Answer) -> None:
        self.inputs += 1
        self.statuses[route, answer.status] += 1

    def blame(self, words: str, request: Request) -> None:
        if len(self.faults) < SHOWN:
            self.faults.append((words, request))


@contextmanager
def listening() -> Iterator[Log]:
    """Everything that is logged goes to one handler, as in production."""
    root, log = logging.getLogger(), Log()
    level, handlers = root.level, root.handlers
    root.handlers = [log]
    root.setLevel(logging.INFO)
    try:
        yield log
    finally:
        root.handlers = handlers
        root.setLevel(level)


def run(app, seed: int, count: int, seconds: float = float("inf")) -> Tally:
    """Send count requests to the application; fewer if that takes longer than the seconds, or finds faults enough."""
    call, tally = Caller(app), Tally()
    signer = app.session_interface.get_signing_serializer(app)
    visitor = Visitor(Random(seed), routes(app), signer.dumps)  # noqa: S311  not for secrets
    started = time.monotonic()
    with listening() as log:
        while tally.inputs < count and time.monotonic() - started < seconds and len(tally.faults) < SHOWN:
            ask(call, visitor, tally, log)
            if tally.inputs % TIDY_EVERY == 0:
                tidy(app)
    for words in stored_faults(app):
        tally.blame(words, Request("", b""))
    tally.seconds = time.monotonic() - started
    return tally


def ask(call: Callable, visitor: Visitor, tally: Tally, log: Log) -> None:
    """Send one request and judge what comes back."""
    request = visitor.request()
    try:
        answer = call(request)
    except Exception as error:
        tally.inputs += 1
        tally.blame(f"raised {type(error).__name__}: {error}", request)
        return
    tally.add(visitor.endpoint, answer)
    for words in [*faults(request, answer), *log.taken()]:
        tally.blame(words, request)
    visitor.memory.learn(answer.body, answer.headers)


def tidy(app) -> None:
    """Begin anew with an empty list when it has grown long."""
    with app.app_context(), db.engine.begin() as connection:
        if connection.scalar(sql("SELECT COUNT(*) FROM entries")) > FULL:
            for table in TABLES:
                connection.execute(sql(f"DELETE FROM {table}"))


def stored_faults(app) -> list[str]:
    """What is stored that nobody may store. Said here once more, so that a hole in app/validation.py shows."""
    found = []
    with app.app_context(), db.engine.connect() as connection:
        for table in ("entries", "deleted_entries"):
            rows = connection.execute(sql(f"SELECT title, description, status FROM {table}"))
            found += [f"stored: {tuple(row)!r}" for row in rows if not may_be_stored(*row)]
    return found


def may_be_stored(title: str, description: str, status: str) -> bool:
    """Whether an entry is as docs and API promise: lengths, one line of title, no control characters, NFC."""
    return (
        1 <= len(title) <= 200
        and len(description) <= 2000
        and status in {"open", "done"}
        and not re.search("[\0-\x1f\x7f-\x9f\u2028\u2029]", title)
        and not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f]", description)
        and all(unicodedata.is_normalized("NFC", given) for given in (title, description))
    )
