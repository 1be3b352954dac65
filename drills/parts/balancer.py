"""A load balancer as far as a rolling replacement needs one: who is registered gets requests, in turn.

As AWS's it keeps connections to its targets, never sends a request twice, and goes on sending to a target for a moment
after that was deregistered, because not every part of it has heard of it yet.
"""

import http.client
import select
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from drills.parts.processes import free_port

HEARD_AFTER = 1.5  # seconds
TIMEOUT = 60  # seconds
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Balancer(ThreadingHTTPServer):
    """Listens on a loopback port from entering to leaving; targets are loopback ports."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        self.port = free_port()
        super().__init__(("127.0.0.1", self.port), Handler)
        self.targets: dict[int, float] = {}  # port: until when (time.monotonic())
        self.turn = 0
        self.lock = threading.Lock()

    def __enter__(self) -> "Balancer":
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()

    def register(self, port: int) -> None:
        with self.lock:
            self.targets[port] = float("inf")

    def deregister(self, port: int) -> None:
        """Have no more requests sent to port, soon."""
        with self.lock:
            self.targets[port] = time.monotonic() + HEARD_AFTER

    def next(self) -> int | None:
        """The target whose turn it is."""
        with self.lock:
            there = [port for port, until in self.targets.items() if time.monotonic() < until]
            self.turn += 1
            return there[self.turn % len(there)] if there else None


class Handler(BaseHTTPRequestHandler):
    """One connection of a client, with its own connections to the targets."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.kept: dict[int, http.client.HTTPConnection] = {}

    def finish(self) -> None:
        for connection in self.kept.values():
            connection.close()
        with suppress(OSError):
            super().finish()

    def log_message(self, *_: object) -> None:
        """The targets have logs."""

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = self.server.next()
        if target is None:
            self.give(503, [], b"")
            return
        try:
            connection = self.connection_to(target)
            connection.request(self.command, self.path, body or None, dict(self.headers))
            response = connection.getresponse()
            self.give(response.status, response.getheaders(), response.read())
        except (OSError, http.client.HTTPException):
            self.kept.pop(target).close()
            self.give(502, [], b"")

    do_GET = do_POST = do_PATCH = do_DELETE = forward

    def connection_to(self, target: int) -> http.client.HTTPConnection:
        """The kept connection, unless the target has closed it."""
        kept = self.kept.setdefault(target, http.client.HTTPConnection("127.0.0.1", target, timeout=TIMEOUT))
        if kept.sock is not None and select.select([kept.sock], [], [], 0)[0]:
            kept.close()
        return kept

    def give(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
