"""The application asked as Gunicorn asks it, in this process; and what it wrote to its log meanwhile."""

import io
import json
import logging
import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from app.request_log import JsonFormatter
from drills.fuzz.answers import Answer
from drills.fuzz.memory import Request


class Caller:
    """Calls a WSGI application."""

    def __init__(self, application):
        self.application = application

    def __call__(self, request: Request) -> Answer:
        """The answer; whatever the application raises goes on."""
        started: list = []

        def start_response(status, headers, exc_info=None):
            if exc_info:
                raise exc_info[1]
            started[:] = [int(status.split()[0]), headers]
            return lambda _: None

        body = self.application(environ(request), start_response)
        try:
            whole = b"".join(body)
        finally:
            if hasattr(body, "close"):
                body.close()
        return Answer(started[0], started[1], whole)


def environ(request: Request) -> dict:
    """What gunicorn.http.wsgi makes of the request."""
    made = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query.decode("latin-1"),
        "RAW_URI": request.path.decode("latin-1"),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    if request.body:
        made["CONTENT_LENGTH"] = str(len(request.body))
    for name, given in request.headers:
        key = name.upper().replace("-", "_")
        made[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = given
    return made


class Log(logging.Handler):
    """Keeps what is wrong in what is logged: a warning or worse, or a line that is not one object of JSON."""

    def __init__(self):
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.faults: list[str] = []

    def emit(self, record):
        if waited(vars(record)):
            return
        line = self.format(record)
        if record.levelno >= logging.WARNING or record.exc_info:
            self.faults.append(f"logged: {line[-2000:]}")
            return
        try:
            line.encode()
            is_whole = isinstance(json.loads(line), dict) and not re.search("[\0-\x1f\x7f]", line)
        except ValueError:
            is_whole = False
        if not is_whole:
            self.faults.append(f"a broken line in the log: {line[:500]!r}")

    def taken(self) -> list[str]:
        """The faults since the last call."""
        found, self.faults = self.faults, []
        return found


def waited(logged: Mapping) -> bool:
    """Whether a line of the log tells of a write that took long: it waits for the disk and for other visitors' rows.

    Reading waits for neither: if that takes long, it is for what was asked.
    """
    return logged.get("event") == "slow_query" and not logged["statement"].startswith("SELECT")
