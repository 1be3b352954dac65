"""Two questions: is this process alive, and can it serve.

A load balancer asks the first one only: the second is answered no by every task at once when the database is away, and
replacing all of them mends nothing. docker/health.py asks the second one of a new task.
"""

import threading
import time

from flask import Blueprint, current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app import database
from app.compatibility import TABLE

REMEMBERED = 1.0  # seconds
MEANWHILE = 10.0  # seconds for which an answer does while somebody asks again, longer than asking takes
HEADERS = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
RELEASE = "X-Release"  # by which a deployment sees that its own image answers

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz():
    """Answer 200 without asking anybody."""
    return "ok\n", HEADERS | {RELEASE: current_app.config["RELEASE"]}


@blueprint.get("/readyz")
def readyz():
    """Answer 200 when the database answers and was migrated, else 503; asked at most once a second."""
    state = current_app.extensions.setdefault("readiness", Readiness())
    return ("ready\n", HEADERS) if state.is_ready() else ("not ready: see the log\n", 503, HEADERS)


class Readiness:
    """The last answer, and when it was given."""

    def __init__(self):
        self.lock = threading.Lock()
        self.ready, self.asked = False, float("-inf")

    def is_ready(self) -> bool:
        """Ask, unless the last answer is fresh, or it is recent and somebody else is asking."""
        age = time.monotonic() - self.asked
        if age < REMEMBERED:
            return self.ready
        first = self.lock.acquire(blocking=False)
        if not first and age < MEANWHILE:
            return self.ready
        try:
            self.ready = can_serve()
            self.asked = time.monotonic()
        finally:
            if first:
                self.lock.release()
        return self.ready


def can_serve() -> bool:
    """Whether the database answers and `flask migrate` has been there."""
    try:
        return database.read(lambda connection: connection.scalar(select(TABLE.c.works_with))) is not None
    except SQLAlchemyError as error:
        current_app.logger.warning("not ready: %s", " ".join(str(getattr(error, "orig", error)).split()))
        return False
