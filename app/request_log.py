"""One line of JSON a request and an event: what CloudWatch reads as columns, and templates/log_insights.py counts.

Of a request: the rule that it matched instead of its path, no query string, no address and nothing that was sent. What
the database did for it is counted by query_log.py.
"""

import json
import logging
import re
import secrets
import time
from datetime import UTC, datetime

from flask import Flask, current_app, g, has_request_context, request

from app.query_log import route

HEADER, IN_ENVIRON = "X-Request-Id", "HTTP_X_REQUEST_ID"
REQUEST_ID = re.compile(r"[A-Za-z0-9=;._:-]{8,128}")  # nginx's own, or the load balancer's X-Amzn-Trace-Id
QUIET = {"health.healthz", "health.readyz"}
ENCODE = json.JSONEncoder(ensure_ascii=False, default=str).encode
OWN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}

log = logging.getLogger("app.request")


def init_app(app: Flask) -> None:
    app.before_request(begin)
    app.after_request(end)


def begin():
    used = g._get_current_object()
    used.started = time.perf_counter()
    given = request.environ.get(IN_ENVIRON, "")
    used.request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


def end(response):
    """Have the line written when the whole answer is sent: what streams is not done before."""
    used, asked = g._get_current_object(), request._get_current_object()
    response.headers[HEADER] = used.request_id
    if asked.endpoint not in QUIET:
        # The request is gone by then.
        line = {
            "event": "request",
            "request_id": used.request_id,
            "method": asked.method,
            "route": asked.url_rule.rule if asked.url_rule else "none",
            "status": response.status_code,
            "release": current_app.config["RELEASE"],
        }
        response.call_on_close(lambda: write(line, used, used.started))
    return response


def write(line: dict, used, started: float) -> None:
    """Log the line with what the request used."""
    measured = {
        "ms": milliseconds(time.perf_counter() - started),
        "db_ms": milliseconds(used.get("db_seconds", 0.0)),
        "db_queries": used.get("db_queries", 0),
    }
    # Not log.info(): who called it, which that finds out, is not in the line.
    if log.isEnabledFor(logging.INFO):
        text = f"{line['method']} {line['route']} {line['status']}"
        named = {"name": log.name, "levelname": "INFO", "levelno": logging.INFO, "msg": text}
        log.handle(logging.makeLogRecord(named | line | measured))


def milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


class JsonFormatter(logging.Formatter):
    """Write a record with its extra fields as one JSON object; what happens during a request has its id and rule."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        extra = {name: value for name, value in vars(record).items() if name not in OWN}
        if "event" not in extra:
            line |= {"event": record.name, "message": record.getMessage()}
        if has_request_context() and "request_id" in g:
            line |= {"request_id": g.request_id, "route": route() or "none"}
        line |= extra
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return ENCODE(line)
