"""How long the plan without an account takes, as a whole process, in starts of Python."""

import sys

from bench.process import in_turn
from bench.rows import Row

RUNS = 5
COMMANDS = {
    # Nothing has to differ: every environment is resolved twice and compared all the same.
    "plan": [sys.executable, "-m", "review", "plan", "--base", "HEAD"],
    "start": [sys.executable, "-c", "pass"],
}


def rows() -> list[Row]:
    """CPU time of the plan of all environments beside a start of Python."""
    used = in_turn(COMMANDS, RUNS, good=(0, 3))
    return [Row("plan", "all environments since HEAD, beside a start of Python", used["plan"].cpu, used["start"].cpu)]
