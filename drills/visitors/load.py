"""A bounded load of clients over HTTP, and afterwards: was anything lost that had been acknowledged?"""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from drills.visitors.ledger import Audit, audit
from drills.visitors.visitor import Client, Request

# What a client does next, and how often of 100.
MIX = {"list": 25, "search": 10, "read": 15, "create": 20, "form": 10, "change": 12, "delete": 8}
READ = {"list": 60, "search": 40}
LONGEST = 180.0  # seconds after which a load ends by itself


@dataclass
class Load:
    """Clients at a rate, from start() to stop(), or LONGEST at most."""

    port: int
    clients: int = 12
    rate: float = 4.0  # requests a second of each client, less if answers take longer
    timeout: float = 15.0
    mix: dict[str, int] = field(default_factory=lambda: MIX)
    longest: float = LONGEST
    length: int = 0  # of descriptions
    readers: int = 0  # how many of the clients only read: with replicas, who writes reads from the primary

    def __post_init__(self):
        run = secrets.token_hex(3)
        self.all = [Client(self.port, number, run, self.timeout, self.length) for number in range(self.clients)]
        self.done = threading.Event()
        self.threads: list[threading.Thread] = []

    def __enter__(self) -> "Load":
        self.until = time.monotonic() + self.longest
        self.threads = [threading.Thread(target=self.visit, args=[client], daemon=True) for client in self.all]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it and wait for the last answers."""
        self.done.set()
        for thread in self.threads:
            thread.join()

    def visit(self, client: Client) -> None:
        mix = READ if client.number < self.readers else self.mix
        kinds, weights = list(mix), list(mix.values())
        due = time.monotonic() + client.number / self.clients / self.rate
        while not self.done.wait(max(0.0, due - time.monotonic())) and time.monotonic() < self.until:
            client.act(client.random.choices(kinds, weights)[0])
            due = max(due + 1 / self.rate, time.monotonic())
        client.close()

    def settle(self) -> None:
        """Ask again, after the end, for every create whose outcome is unknown, as a program with a key does."""
        for client in self.all:
            for _ in range(5):
                if client.pending is None:
                    break
                client.act("create")
            client.close()

    @property
    def requests(self) -> list[Request]:
        """All that were answered or failed so far, by their beginning."""
        return sorted((request for client in self.all for request in list(client.requests)), key=lambda one: one.at)

    @property
    def acknowledged(self) -> int:
        """How many writes."""
        return sum(client.acknowledged for client in self.all)

    def audit(self, stored: Callable[[], list[tuple[str, str, str]]]) -> Audit:
        """Compare what was acknowledged with what is stored: title, description, status of each entry."""
        written = [entry for client in self.all for entry in client.entries]
        return audit(written, self.acknowledged, stored())
