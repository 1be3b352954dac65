"""Measure ourselves beside what a user would pick instead: `python -m bench [PART ...]`, `make bench`.

All parts together write bench/RESULTS.md; parts by name are only printed. --again compares with what is written there,
and all parts together then add to it how far the two runs agree.
"""

import argparse
import importlib
import sys
import traceback
from pathlib import Path

from bench import chart, results
from bench.rows import Missing, Row, table

# Part: the module whose rows() measures it. In the order of the table, the quick ones first.
PARTS = {
    "build": "bench.build",
    "cdk": "bench.cdk",
    "plan": "bench.plan",
    "deploy": "bench.deploy",
    "timing": "bench.timing",
    "cost": "bench.cost",
    "images": "bench.images",
    "application": "bench.application.run",
    "task": "bench.application.task",
}
RESULTS = Path(__file__).parent / "RESULTS.md"


def run(parts: list[str]) -> tuple[list[Row], list[str], bool]:
    """The rows of all parts that can run, a line for each that cannot, and whether one broke."""
    rows, notes, broke = [], [], False
    for part in parts:
        print(f"-- {part}", file=sys.stderr, flush=True)
        try:
            rows += importlib.import_module(PARTS[part]).rows()
        except Missing as missing:
            notes.append(f"{part}: not measured: {missing}")
        except Exception as error:  # the other parts took minutes: they are not lost for one that broke
            traceback.print_exc()
            notes.append(f"{part}: broke: {error}")
            broke = True
    return rows, notes, broke


def main(argv: list[str]) -> int:
    """Print the table; 1 if a part broke, or with --again if a ratio differs too much from the former one."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="*", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--again", action="store_true", help="compare with what RESULTS.md says, and add that to it")
    args = parser.parse_args(argv)
    if unknown := sorted(set(args.part) - set(PARTS)):
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    rows, notes, broke = run(args.part or list(PARTS))
    missed = [row for row in rows if row.held is False]
    print("\n" + table(rows))
    print("".join(f"{note}\n" for note in notes), end="")
    print(f"{sum(row.held is not None for row in rows)} aims, {len(missed)} missed")
    written = not args.part and not broke
    if args.again:
        second = results.compared(rows, RESULTS.read_text() if RESULTS.exists() else "")
        print("\n" + "\n".join(map(str, second)))
        if written and RESULTS.exists():
            results.add_second(RESULTS, second, results.machine())
        return int(broke or any(each.differs for each in second))
    if written:
        facts = results.machine()
        results.write(RESULTS, rows, notes, facts)
        RESULTS.with_suffix(".svg").write_text(chart.draw(rows, facts))
        print(f"written: {RESULTS} and its picture beside it")
    return int(broke)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
