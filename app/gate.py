"""How many may use a database at once, and how long others wait for their turn.

A database that does not answer must not hold every thread of a worker, or its health check would have no thread left.
So nobody waits for a turn while nothing moves, and where much may be waited for, only so many do.
"""

import math
import threading
import time

from sqlalchemy.exc import TimeoutError as PoolTimeout

LONGEST_WAIT = 1.0  # seconds, while others get and give back their turns
# Seconds without anybody getting or giving back a turn. A task with a quarter of a processor stalls for some tenths.
STUCK_AFTER = 0.8


class Gate:
    """Lets a number of threads through at a time; of the others some may wait, by default all."""

    def __init__(self, places: int, most_waiting: float = math.inf):
        self.free, self.most_waiting = places, most_waiting
        self.waiting = 0
        self.moved = 0.0
        self.changed = threading.Condition()

    def enter(self, end: float) -> None:
        """Take a place, to leave() later; raise sqlalchemy.exc.TimeoutError if none is free until end (monotonic)."""
        with self.changed:
            if not self.free:
                self.wait(end)
            self.free -= 1
            self.moved = time.monotonic()

    def wait(self, end: float) -> None:
        """Return when there is a free place; changed is held."""
        if self.waiting >= self.most_waiting:
            raise PoolTimeout("too many wait for a connection already")
        self.waiting += 1
        try:
            while not self.free:
                left = min(end, self.moved + STUCK_AFTER) - time.monotonic()
                if left <= 0:
                    raise PoolTimeout("no connection became free: the database is busy or does not answer")
                self.changed.wait(left)
        finally:
            self.waiting -= 1

    def leave(self) -> None:
        with self.changed:
            self.free += 1
            self.moved = time.monotonic()
            if self.waiting:
                self.changed.notify()
