"""What a load balancer and an orchestrator would see meanwhile: the health checks."""

import http.client
import threading
import time
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """An answer to a health check; status 0 is none."""

    path: str
    at: float
    seconds: float
    status: int


class Watch:
    """Asks /healthz and /readyz five times a second, each on its own, from a thread."""

    INTERVAL = 0.2
    PATHS = ("/healthz", "/readyz")

    def __init__(self, port: int):
        self.port = port
        self.checks: list[Check] = []
        self.done = threading.Event()
        self.threads = [threading.Thread(target=self.look, args=[path], daemon=True) for path in self.PATHS]

    def __enter__(self) -> "Watch":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        for thread in self.threads:
            thread.join()

    def look(self, path: str) -> None:
        while not self.done.wait(self.INTERVAL):
            at, status = time.monotonic(), 0
            with suppress(OSError, http.client.HTTPException):
                status = self.ask(path)
            self.checks.append(Check(path, at, time.monotonic() - at, status))

    def ask(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()
