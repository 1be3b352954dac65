"""The steps of a deployment, seen from outside: a proxy before the embedded AWS that counts what programs ask it.

Before any step, or when AWS has done it and nobody knows yet, it can signal all of the deployment's processes. The
engine is wrapped in a script that asks the proxy before and after each command: those are steps too.
"""

import http.client
import os
import re
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from drills.deployments.moments import Moment, moments

OWN = "/-step/"
BEFORE, AFTER = "before", "after"
SIGNED_FOR = re.compile(r"Credential=[^/]+/\d+/[\w-]+/([\w-]+)/")
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass
class Plan:
    """What is to happen at which step, and which there were."""

    at: int | Moment = 0  # the number of the step, from 1, or which of its name; 0: nothing happens
    when: str = AFTER
    strike: Callable[[], None] = lambda: None
    look: Callable[[], object] | None = None  # what is remembered of each step, at the time at which it could be struck
    looks: dict[int, object] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    struck: str = ""  # the step at which it happened
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, label: str) -> int:
        """Count a step; returns its number."""
        with self.lock:
            self.seen.append(label)
            return len(self.seen)

    def is_due(self, number: int, when: str) -> bool:
        """Whether it is to happen now; then it is done, once."""
        if when != self.when:
            return False
        if self.look:
            self.looks[number] = self.look()
        with self.lock:
            if self.struck or not self.is_at(number):
                return False
            self.struck = self.seen[number - 1]
        self.strike()
        return True

    def is_at(self, number: int) -> bool:
        """Whether it is this step at which something is to happen."""
        if isinstance(self.at, int):
            return self.at == number
        until = self.seen[:number]
        return until[-1] == self.at.step and until.count(self.at.step) == self.at.nth

    def moments(self) -> list[Moment]:
        """The steps that were looked at, those alike taken together."""
        return moments(self.seen, [self.looks[number + 1] for number in range(len(self.seen))])


def label_of(method: str, path: str, headers, body: bytes) -> str:
    """A step in words: the service and what is asked of it."""
    if path.startswith(OWN):
        return path.removeprefix(OWN).replace("-", " ", 1)
    found = SIGNED_FOR.search(headers.get("Authorization", ""))
    if not found:
        return f"http {method} {'/v2/' if path.startswith('/v2/') else urlsplit(path).path}"
    if target := headers.get("X-Amz-Target"):
        return f"{found[1]} {target.rpartition('.')[2]}"
    action = parse_qs(body.decode("latin-1")).get("Action")
    return f"{found[1]} {action[0] if action else method}"


class Handler(BaseHTTPRequestHandler):
    """Passes a request on, and what comes back."""

    protocol_version = "HTTP/1.1"
    server: "Proxy"

    def pass_on(self):
        plan = self.server.plan
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        number = plan.begin(label_of(self.command, self.path, self.headers, body))
        if plan.is_due(number, BEFORE):
            self.close_connection = True
            return
        status, headers, content = self.answer(body)
        if plan.is_due(number, AFTER):
            self.close_connection = True
            return
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        length = next((value for name, value in headers if name.lower() == "content-length"), str(len(content)))
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = pass_on

    def answer(self, body: bytes):
        """What the server says; of a step of the engine there is nothing to ask."""
        if self.path.startswith(OWN):
            return 200, [], b""
        connection = http.client.HTTPConnection(self.server.upstream, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            connection.request(self.command, self.path, body, {**headers, "Content-Length": str(len(body))})
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    def log_message(self, *_):
        pass


class Proxy(ThreadingHTTPServer):
    """Listens on a free port of loopback until the block is left."""

    daemon_threads = True

    def __init__(self, upstream: str):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream, self.plan = upstream.removeprefix("http://"), Plan()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """A client that was killed is gone in the middle of its answer: as it is meant."""

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


def wrapped_engine(engine: Path, port: int, folder: Path) -> Path:
    """A script that does what the engine does, and asks the proxy on port before and after each command."""
    program = folder / "watched-engine"
    program.write_text(
        "#!/bin/bash\ntrap 'exit 143' TERM\n"
        f"step() {{ exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'GET {OWN}%s HTTP/1.0\\r\\n\\r\\n' \"$1\" >&3 &&"
        " cat <&3 > /dev/null; exec 3>&-; }\n"
        'step "engine-$1"\n'
        f'"{engine}" "$@" && code=0 || code=$?\n'
        'step "engine-$1-done"\n'
        "exit $code\n"
    )
    program.chmod(0o755)
    return program


def killer(process, number: signal.Signals) -> Callable[[], None]:
    """What sends the signal to the process and all that it started in its session."""
    return lambda: os.killpg(process.pid, number)
