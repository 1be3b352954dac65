"""What generating the templates costs: CPU time of the whole process, beside what a user would pick instead."""

import sys

from bench.process import in_turn
from bench.rows import Row

RUNS = 7
TROPOSPHERE = "from build_templates import STACKS\nfor module in STACKS.values(): print(module.build().to_yaml())"
COMMANDS = {
    "ours": [sys.executable, "build_templates.py", "--check"],
    "start": [sys.executable, "-c", "pass"],
    "troposphere": [sys.executable, "-c", TROPOSPHERE],
}


def rows() -> list[Row]:
    """All stacks, beside each of the others."""
    used = in_turn(COMMANDS, RUNS)
    ours = used["ours"].cpu
    return [
        Row("build", "all stacks, beside a start of Python", ours, used["start"].cpu, at_most=10),
        Row("build", "all stacks, beside troposphere's to_yaml()", ours, used["troposphere"].cpu, at_most=1),
    ]
