"""What a request asked the database: how often, how long it waited, and which statements were slow."""

import logging
import time
from collections.abc import Callable

from flask import g, has_request_context, request
from sqlalchemy import Engine, event

SLOW = 0.5  # seconds

log = logging.getLogger("app.database")


def listen(engine: Engine) -> None:
    """Count what engine is asked, and log what it answers slowly."""
    # In place of the dialect's own execution: listening before and after it takes 45 calls, this 9.
    event.listen(engine, "do_execute", execute)
    event.listen(engine, "do_executemany", execute_many)


def execute(cursor, statement, parameters, context) -> bool:
    ask(context.dialect.do_execute, cursor, statement, parameters, context)
    return True  # done: nobody else need do it


def execute_many(cursor, statement, parameters, context) -> bool:
    ask(context.dialect.do_executemany, cursor, statement, parameters, context)
    return True


def ask(do: Callable, cursor, statement: str, parameters, context) -> None:
    begun = time.perf_counter()
    try:
        do(cursor, statement, parameters, context)
    finally:
        count(time.perf_counter() - begun, statement)


def count(seconds: float, statement: str) -> None:
    add(seconds, queries=1)
    if seconds > SLOW:
        # The statement without its parameters: what was stored or searched for is nobody's business here.
        words = " ".join(statement.split())[:500]
        line = {"event": "slow_query", "query_ms": round(seconds * 1000, 1), "statement": words}
        log.warning("slow query of %s: %s", route(), words, extra=line)


def add(seconds: float, queries: int = 0) -> None:
    """Add to what the request at hand has used; nothing outside of one."""
    if has_request_context():
        used = vars(g._get_current_object())
        used["db_seconds"] = used.get("db_seconds", 0.0) + seconds
        used["db_queries"] = used.get("db_queries", 0) + queries


def route() -> str | None:
    """Return the rule that the request at hand matched, without ids, or None."""
    return request.url_rule.rule if has_request_context() and request.url_rule else None
