"""Gunicorn's settings, behind nginx in the same task."""

import gc
import os
import time
from contextlib import suppress
from pathlib import Path

from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker


def number(name: str, default: int) -> int:
    """Return the environment variable name as a number above 0; end the process with one line if it is none."""
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 65535):
        raise SystemExit(f"gunicorn.conf.py: {name} must be a number from 1 to 65535, not {text!r}")
    return int(text)


def workers_for(cpu: int, memory: int) -> int:
    """Return how many processes suit a task of so many CPU units (1024 a processor) and MiB.

    One more than processors, because one waits for the other's lock at times; two at least, so that one that dies is
    no outage. Measured, a worker takes up to 90 MB; nginx and what the kernel keeps get 150.
    """
    return max(2, min(cpu // 1024 + 1, (memory - 150) // 100))


# Loopback: only nginx, which shares this network namespace, may talk to us.
bind = f"127.0.0.1:{number('APP_PORT', 8000)}"


class SharingWorker(ThreadWorker):
    """A worker of threads that lets others accept a connection first if they have fewer: docs/decisions/0041."""

    AFTER_YOU = 50e-6  # seconds for each connection that it has
    AT_MOST = 2e-3

    def accept(self, listener):
        time.sleep(min(self.nr_conns * self.AFTER_YOU, self.AT_MOST))
        super().accept(listener)


# Threads, because a request mostly waits for the database. Many more of them than connections to it, which
# app.engine_options sets: measured with a frozen database and 40 visitors, /healthz took 9 s with 8 threads. A thread
# that waits costs next to nothing, and only those that are needed are started.
worker_class = SharingWorker
workers = number("APP_WORKERS", workers_for(number("TASK_CPU", 256), number("TASK_MEMORY", 512)))
threads = number("APP_THREADS", 72)

# Load the application before forking: a wrong environment ends the start with one line, memory is shared, and a
# quarter CPU imports everything once. No connection is open yet, so none is shared by mistake.
preload_app = True

# Nothing of what is imported is garbage, and looking for some takes a sixth of the start. What the workers share is
# then left alone for good: a collection writes into each object, and its page would be shared no longer.
gc.disable()


def when_ready(server):
    """Compile all templates, once for all workers. Each would, for its first visitors, who come together."""
    templates = getattr(server.app.wsgi(), "jinja_env", None)  # the benchmark's limit has none
    for name in templates.list_templates() if templates else ():
        templates.get_template(name)


def pre_fork(server, worker):
    """Keep what is there now out of every later search for garbage."""
    gc.freeze()


# As long as nginx lets one be, so that it is the application which answers.
limit_request_line = 8190


def post_fork(server, worker):
    """Collect garbage again. When the memory runs out, the kernel ends a worker, which is replaced, not the master."""
    gc.enable()
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


# Heartbeat files in memory: on a busy disk a worker would look dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  shared memory, not a temporary file

# ECS stops nginx first, which finishes its requests; then there is little left to do here. ECS kills after 60 s.
graceful_timeout = 25
# Longer than nginx keeps its idle connections (60 s): the side that reuses them must be the one that closes them.
keepalive = 75

# It would be a socket in the home directory, for a command that nobody runs in a container.
control_socket_disable = True
# ProxyFix in app/security.py alone decides what of X-Forwarded-* is believed.
secure_scheme_headers = {}
forwarder_headers = ""


class Log(Logger):
    """Gunicorn's log of its own doings. Of a request it would put a line together, only to drop it."""

    def access(self, resp, req, environ, request_time):
        pass


logger_class = Log
# One JSON object a line. The application logs its requests itself, since it knows the route and the database's share.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "app.request_log.JsonFormatter"}},
    "handlers": {"json": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}},
    "root": {"level": "INFO", "handlers": ["json"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
        "alembic": {"level": "WARNING"},
    },
}
