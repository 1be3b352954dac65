"""What generating the templates costs: CPU time of the whole process, beside what a user would pick instead."""

import sys
import tempfile

from bench.process import in_turn
from bench.rows import Row

RUNS = 15
TROPOSPHERE = """
from build_templates import STACKS
for module in STACKS.values():
    print(module.build().to_yaml())
"""


def rows() -> list[Row]:
    """All stacks, beside a start of Python and troposphere's writer."""
    with tempfile.TemporaryDirectory() as place:
        commands = {
            "start": [sys.executable, "-c", "pass"],
            "ours": [sys.executable, "build_templates.py", "--out", place],
            "troposphere": [sys.executable, "-c", TROPOSPHERE],
        }
        used = in_turn(commands, RUNS)
    ours = used["ours"].cpu
    return [
        Row("build", "all stacks, beside a start of Python", ours, used["start"].cpu, at_most=10),
        Row("build", "all stacks, beside troposphere's to_yaml()", ours, used["troposphere"].cpu, at_most=1),
    ]
