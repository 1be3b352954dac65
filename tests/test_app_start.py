"""What a server loads before its first answer, what its processes share, and who says that it is healthy."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.conftest import BIN, ROOT, accepts, clean_environment, free_port, running, wait_until

LOADED = "import sys, app; app.create_app(); print(*sorted({name.partition('.')[0] for name in sys.modules}))"
# Answers how it was set up; it has one template, as Flask's applications have many.
SHOWS_ITSELF = """
import gc, json, os
from jinja2 import DictLoader, Environment

class Application:
    jinja_env = Environment(loader=DictLoader({"page": "compiled before the first visitor"}))

    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        told = {"pid": os.getpid(), "collects": gc.isenabled(), "frozen": gc.get_freeze_count()}
        return [json.dumps(told | {"compiled": len(self.jinja_env.cache)}).encode()]

application = Application()
"""


def test_a_server_does_not_load_what_only_migrations_need():
    command = [BIN / "python", "-c", LOADED]
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert {"flask", "sqlalchemy", "pymysql"} <= set(loaded)
    assert not {"alembic", "mako", "pygments"} & set(loaded)


@contextmanager
def showing_itself(folder, **given):
    """The port and the process of Gunicorn, as it is configured, with an application that shows itself."""
    (folder / "shows.py").write_text(SHOWS_ITSELF)
    port = free_port()
    environ = clean_environment(APP_PORT=str(port), PYTHONPATH=f"{folder}:{ROOT}", **given)
    command = [BIN / "gunicorn", "--config", ROOT / "docker/gunicorn.conf.py", "shows:application"]
    with running(command, folder / "log", env=environ, cwd=folder) as process:
        wait_until(lambda: accepts(port))
        yield port, process


@pytest.mark.slow
def test_workers_share_what_was_loaded_and_collect_only_garbage_of_their_own(tmp_path):
    with showing_itself(tmp_path) as (port, process):
        told = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}"))
        assert told["pid"] != process.pid
        assert told["collects"]
        assert told["frozen"] > 10_000
        assert told["compiled"] == 1


@pytest.mark.slow
@pytest.mark.loud
def test_who_has_fewer_connections_gets_the_next_ones(tmp_path):
    """They stay open: of two workers one would go on serving most of the visitors, with one processor."""
    with showing_itself(tmp_path, APP_WORKERS="2") as (port, _), ExitStack() as opened:
        late = next(iter(served_by(port, 1, opened)))
        os.kill(late, signal.SIGSTOP)
        try:
            first = served_by(port, 20, opened)
        finally:
            os.kill(late, signal.SIGCONT)
        assert len(first) == 1
        assert served_by(port, 20, opened)[late] >= 15


def served_by(port: int, count: int, opened: ExitStack) -> Counter:
    """The workers that answer so many connections, which come one after the other and stay until opened ends."""
    served = Counter()
    for _ in range(count):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        opened.callback(connection.close)
        connection.request("GET", "/")
        served[json.load(connection.getresponse())["pid"]] += 1
        time.sleep(0.005)  # until nobody waits to accept it any more
    return served


class Asked(BaseHTTPRequestHandler):
    """A server that can do what its owner says, and remembers what it was asked."""

    def do_GET(self):
        self.server.paths.append(self.path)
        self.send_response(self.server.answers[self.path])
        self.end_headers()
        self.wfile.write(b"200 is said in the body only\n")

    def log_message(self, *_):
        pass


@pytest.fixture
def asked():
    with HTTPServer(("127.0.0.1", 0), Asked) as server:
        server.paths = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def health(place, port) -> subprocess.CompletedProcess:
    environ = clean_environment(APP_PORT=str(port), TMPDIR=str(place))
    return subprocess.run(
        [sys.executable, ROOT / "docker/health.py"], env=environ, capture_output=True, text=True, check=False
    )


def test_a_new_task_is_healthy_when_it_is_ready_and_from_then_on_while_it_lives(asked, tmp_path):
    asked.answers = {"/healthz": 200, "/readyz": 503}
    refused = health(tmp_path, asked.server_port)
    assert refused.returncode == 1
    assert (
        refused.stderr == f"health.py: http://127.0.0.1:{asked.server_port}/readyz: HTTP/1.0 503 Service Unavailable\n"
    )
    asked.answers["/readyz"] = 200
    assert health(tmp_path, asked.server_port).returncode == 0
    asked.answers["/readyz"] = 503
    assert health(tmp_path, asked.server_port).returncode == 0
    asked.answers["/healthz"] = 500
    assert health(tmp_path, asked.server_port).returncode == 1
    assert asked.paths == ["/readyz", "/readyz", "/healthz", "/healthz"]


@pytest.mark.parametrize("find", [free_port, lambda: "many"], ids=["nobody listens", "no port"])
def test_who_does_not_answer_is_not_healthy(tmp_path, find):
    port = find()
    done = health(tmp_path, port)
    assert done.returncode == 1
    assert done.stderr.startswith(f"health.py: http://127.0.0.1:{port}/readyz: ")
    assert done.stderr.count("\n") == 1
