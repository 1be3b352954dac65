"""What a request asked the database: how often, how long it waited, and which statements were slow."""

import logging
import time
from contextlib import contextmanager

from flask import g, has_request_context, request
from sqlalchemy import Engine, event

SLOW = 0.5  # seconds

log = logging.getLogger("app.database")


def listen(engine: Engine) -> None:
    """Count what engine is asked, and log what it answers slowly."""
    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    event.listen(engine, "handle_error", fail)


def begin(connection, cursor, statement, parameters, context, executemany):
    connection.info["asked_at"] = time.perf_counter()


def end(connection, cursor, statement, parameters, context, executemany):
    count(connection, statement)


def fail(context):
    if context.connection is not None and context.statement:
        count(context.connection, context.statement)


def count(connection, statement: str) -> None:
    seconds = time.perf_counter() - connection.info["asked_at"]
    add(seconds, queries=1)
    if seconds > SLOW:
        # The statement without its parameters: what was stored or searched for is nobody's business here.
        words = " ".join(statement.split())[:500]
        line = {"event": "slow_query", "query_ms": round(seconds * 1000, 1), "statement": words}
        log.warning("slow query of %s: %s", route(), words, extra=line)


@contextmanager
def waiting():
    """Count the time in which a connection is got, or not got."""
    begun = time.perf_counter()
    try:
        yield
    finally:
        add(time.perf_counter() - begun)


def add(seconds: float, queries: int = 0) -> None:
    """Add to what the request at hand has used; nothing outside of one."""
    if has_request_context():
        g.db_seconds = g.get("db_seconds", 0.0) + seconds
        g.db_queries = g.get("db_queries", 0) + queries


def route() -> str | None:
    """Return the rule that the request at hand matched, without ids, or None."""
    return request.url_rule.rule if has_request_context() and request.url_rule else None
