"""Work that is shared out: each lane makes its own parts once, and takes from what is waiting until nothing is."""

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TypeVar

LANES = os.cpu_count() or 1
Work, Found = TypeVar("Work"), TypeVar("Found")


def shared_out(
    work: Iterable[Work], lane: Callable[[], AbstractContextManager[Callable[[Work], Found]]], lanes: int = LANES
) -> list[Found]:
    """What came of each piece of work, in no order. A lane is a context that gives what does one piece."""
    waiting, found = deque(work), []

    def run(_: int) -> None:
        with lane() as do:
            while waiting:
                try:
                    piece = waiting.popleft()
                except IndexError:  # another lane was faster
                    return
                found.append(do(piece))

    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(run, range(min(lanes, len(waiting)))))
    return found
