"""A port that leads to another one, which can be changed: what a DNS name of a database is to those who use it."""

import selectors
import socket
import threading
from contextlib import closing, suppress

from drills.parts.processes import free_port


class Proxy:
    """Forwards each connection to where it led when it was made; a connection never moves.

    While target is None new connections are refused, as by a host on which nothing listens.
    """

    def __init__(self, target: int | None):
        self.port, self.host, self.target = free_port(), "127.0.0.1", target
        self.done = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.listener.settimeout(0.2)
        self.threads = [threading.Thread(target=self.accept, daemon=True)]

    def __enter__(self) -> "Proxy":
        self.threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        for thread in self.threads:
            thread.join()
        self.listener.close()

    def accept(self) -> None:
        while not self.done.is_set():
            with suppress(TimeoutError):
                near, _ = self.listener.accept()
                thread = threading.Thread(target=self.serve, args=[near], daemon=True)
                self.threads.append(thread)
                thread.start()

    def serve(self, near: socket.socket) -> None:
        """Lead one connection until either end closes it."""
        with closing(near), suppress(OSError):
            if self.target is None:
                return
            with socket.create_connection((self.host, self.target), timeout=5) as far:
                self.pump(near, far)

    def pump(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        with selectors.DefaultSelector() as selector:
            for end in other:
                end.settimeout(5)
                selector.register(end, selectors.EVENT_READ)
            while not self.done.is_set():
                for key, _ in selector.select(0.2):
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    other[key.fileobj].sendall(data)
