"""What is to be measured, and what was."""

from dataclasses import dataclass

from bench.application.counts import Counts
from bench.application.load import Measured
from bench.application.requests import OPERATIONS

BUSY = 16  # connections at which the aims are


@dataclass(frozen=True)
class Plan:
    """Which loads: each of the operations at each size over each number of connections, so often and so long."""

    sizes: tuple[int, ...] = (1000, 10_000, 100_000, 1_000_000)
    connections: tuple[int, ...] = (1, BUSY, 64)
    operations: tuple[str, ...] = tuple(OPERATIONS)
    behind_nginx: tuple[str, ...] = ("list", "read", "create", "mix")
    rounds: int = 5  # counted together
    seconds: int = 1

    @property
    def busy(self) -> int:
        """The number of connections at which the aims are judged."""
        return BUSY if BUSY in self.connections else self.connections[0]


@dataclass(frozen=True)
class Cell:
    """What a load is: application, operation, entries, connections, and whether nginx is before it."""

    application: str
    operation: str
    size: int
    connections: int
    web: bool = False


@dataclass
class Results:
    """What was measured."""

    plan: Plan
    cells: dict[Cell, Measured]
    counts: dict[tuple[str, int], Counts]  # of ours, by operation and size
    calls: dict[str, float]  # of Python functions, by operation
    memory: dict[tuple[str, int], float]  # MB of the largest worker, by application and size

    def together(self, **of) -> Measured:
        """All loads of that kind as one; directly, unless web says otherwise."""
        total = Measured()
        for cell, measured in self.cells.items():
            if all(getattr(cell, name) == value for name, value in ({"web": False} | of).items()):
                total.add(measured)
        return total
