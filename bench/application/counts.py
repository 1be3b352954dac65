"""What a request costs whatever the machine: statements and rows read in the database, calls of Python functions."""

import cProfile
import http.client
import io
import logging
import os
import pstats
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from app import create_app
from app.request_log import JsonFormatter
from bench.application import database
from bench.application.load import Target
from bench.application.processes import Process
from bench.application.requests import OPERATIONS, Request

FORM = "application/x-www-form-urlencoded"
REQUESTS = 10
HOST = "bench.test"


class Counts(NamedTuple):
    """Of one request, on average."""

    queries: float
    rows_read: float


def asked_of_the_database(target: Target, requests: list[Request]) -> Counts:
    """What these requests, one after the other, make the database do. Nothing else may use the server meanwhile."""
    with target.server.connect() as connection, connection.cursor() as cursor:
        idle, before = database.counters(cursor), database.counters(cursor)
        while before["Questions"] - idle["Questions"] != 1:  # somebody else still says goodbye
            idle, before = before, database.counters(cursor)
        send(target.app, requests)
        after = database.counters(cursor)
    # Asking for the counters counts, too.
    used = [after[name] - before[name] - (before[name] - idle[name]) for name in database.COUNTERS]
    return Counts(*(count / len(requests) for count in used))


def send(app: Process, requests: list[Request]) -> None:
    """Send them over one connection; SystemExit if one is refused."""
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=60)
    for method, path, body in requests:
        headers = {"Origin": app.url, "Content-Type": FORM} if method == "POST" else {}
        connection.request(method, path, body or None, headers)
        response = connection.getresponse()
        response.read()
        if response.status >= 400:
            raise SystemExit(f"bench: {method} {path}: {response.status}")
    connection.close()


def of(target: Target, operation: str, count: int = REQUESTS) -> Counts:
    """What the first requests of an operation make the database do; what they changed is put back.

    The smaller of two counts: a connection that is opened meanwhile only adds.
    """
    counted = []
    for _ in range(2):
        if operation == "delete":
            target.server.run(*database.to_delete(count), name=target.name)
        counted.append(asked_of_the_database(target, first_requests(operation, target.rows, count)))
        database.put_back(target.server, target.name, target.rows)
    return min(counted)


def calls(target: Target, place: Path) -> dict[str, float]:
    """How many functions, of Python and built in, a request of each operation calls in the application."""
    found = {}
    with called(target.server.environment(target.name), place / "calls.log") as respond:
        for operation in OPERATIONS:
            if operation == "delete":
                target.server.run(*database.to_delete(2 * REQUESTS), name=target.name)
            requests = first_requests(operation, target.rows, 2 * REQUESTS)
            found[operation] = profile(respond, requests).total_calls / (len(requests) - 1)
            database.put_back(target.server, target.name, target.rows)
    return found


def first_requests(operation: str, rows: int, count: int = REQUESTS) -> list[Request]:
    return [OPERATIONS[operation].make(n, rows) for n in range(count)]


@contextmanager
def called(environment: dict[str, str], log: Path):
    """Yield a function that has the application answer a request in this process, called as a WSGI server does."""
    kept = dict(os.environ)
    os.environ.update(environment)
    try:
        app = create_app()
    finally:
        os.environ.clear()
        os.environ.update(kept)
    with log.open("w") as stream:
        handler, level = logging.StreamHandler(stream), logging.root.level
        handler.setFormatter(JsonFormatter())  # as docker/gunicorn.conf.py has it
        logging.root.addHandler(handler)
        logging.root.setLevel(logging.INFO)
        try:
            yield lambda request: answer(app, request)
        finally:
            logging.root.removeHandler(handler)
            logging.root.setLevel(level)
            app.extensions["database"].close()


def answer(app: Callable, request: Request) -> None:
    """Have app answer, and throw the answer away; SystemExit if it is an error."""
    path, _, query = request.path.partition("?")
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": HOST,
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": HOST,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body.encode()),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    if request.method == "POST":
        environ |= {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": str(len(request.body)), "HTTP_ORIGIN": f"http://{HOST}"}
    statuses = []
    body = app(environ, lambda status, headers, error=None: statuses.append(status))
    list(body)
    getattr(body, "close", lambda: None)()
    if statuses[0][0] not in "23":
        raise SystemExit(f"bench: {request.method} {request.path}: {statuses[0]}")


def profile(respond: Callable, requests: list[Request]) -> pstats.Stats:
    """Profile requests; the first of them only warms up."""
    respond(requests[0])
    profiler = cProfile.Profile()
    for request in requests[1:]:
        profiler.runcall(respond, request)
    return pstats.Stats(profiler)
