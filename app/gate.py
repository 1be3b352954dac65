"""How many may use a database at once, and how long others wait for their turn.

A database that does not answer must not hold every thread of a worker, or its health check would have no thread left.
So nobody waits for a turn while nothing moves.
"""

import threading
import time

from sqlalchemy.exc import TimeoutError as PoolTimeout

LONGEST_WAIT = 1.0  # seconds, while others get and give back their turns
# Seconds without anybody getting or giving back a turn. A task with a quarter of a processor stalls for some tenths.
STUCK_AFTER = 0.8


class Gate:
    """Lets a number of threads through at a time."""

    def __init__(self, places: int):
        self.free = places
        self.moved = 0.0
        self.changed = threading.Condition()

    def enter(self) -> None:
        """Take a place, which leave() gives back; raise sqlalchemy.exc.TimeoutError if none becomes free in time."""
        end = time.monotonic() + LONGEST_WAIT
        with self.changed:
            while not self.free:
                left = min(end, self.moved + STUCK_AFTER) - time.monotonic()
                if left <= 0:
                    raise PoolTimeout("no connection became free: the database is busy or does not answer")
                self.changed.wait(left)
            self.free -= 1
            self.moved = time.monotonic()

    def leave(self) -> None:
        with self.changed:
            self.free += 1
            self.moved = time.monotonic()
            self.changed.notify()
