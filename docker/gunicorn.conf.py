"""Gunicorn's settings, for a quarter to half a virtual CPU behind nginx in the same task."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from gunicorn.glogging import Logger


def number(name: str, default: int) -> int:
    """Return the environment variable name as a number above 0; end the process with one line if it is none."""
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 65535):
        raise SystemExit(f"gunicorn.conf.py: {name} must be a number from 1 to 65535, not {text!r}")
    return int(text)


class JsonLogger(Logger):
    """One JSON object a request, which CloudWatch Logs Insights reads as columns. Health checks are left out."""

    def access(self, resp, req, environ, request_time):
        if req.path == "/healthz":
            return
        self.access_log.info(
            json.dumps(
                {
                    "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                    "client": environ.get("REMOTE_ADDR"),
                    "method": req.method,
                    "path": environ.get("RAW_URI"),
                    "status": int(resp.status_code),
                    "bytes": resp.sent,
                    "ms": round(request_time.total_seconds() * 1000, 1),
                }
            )
        )


# Loopback: only nginx, which shares this network namespace, may talk to us.
bind = f"127.0.0.1:{number('APP_PORT', 8000)}"

# Threads, because a request mostly waits for the database. Two processes, so that one that dies is not an outage. Many
# more threads than app.config's database connections: measured with a frozen database and 40 visitors, /healthz took
# 9 s with 8 threads. A thread that waits costs next to nothing, and only those that are needed are started.
worker_class = "gthread"
workers = number("APP_WORKERS", 2)
threads = number("APP_THREADS", 32)

# Load the application before forking: a wrong environment ends the start with one line, memory is shared, and a
# quarter CPU imports everything once. No connection is open yet, so none is shared by mistake.
preload_app = True

# Heartbeat files in memory: on a busy disk a worker would look dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  shared memory, not a temporary file

# ECS kills 30 s after it asked to stop.
graceful_timeout = 25
# Longer than nginx keeps its idle connections (60 s): the side that reuses them must be the one that closes them.
keepalive = 75

# It would be a socket in the home directory, for a command that nobody runs in a container.
control_socket_disable = True
# ProxyFix in app/security.py alone decides what of X-Forwarded-* is believed.
secure_scheme_headers = {}
forwarder_headers = ""

accesslog = "-"
errorlog = "-"
logger_class = JsonLogger
