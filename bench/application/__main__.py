"""Load the application beside its limit: `python -m bench.application --quick`, or all of it by `make bench`."""

import argparse
import sys
from dataclasses import replace

from bench.application.requests import OPERATIONS
from bench.application.run import FULL, QUICK, measured
from bench.rows import Missing, table


def numbers(text: str) -> tuple[int, ...]:
    """Numbers above 0, comma separated."""
    found = tuple(int(word) for word in text.split(","))
    if min(found) < 1:
        raise ValueError
    return found


def operations(text: str) -> tuple[str, ...]:
    """Names of operations, comma separated."""
    names = tuple(text.split(","))
    if unknown := set(names) - set(OPERATIONS):
        known = ", ".join(OPERATIONS)
        raise argparse.ArgumentTypeError(f"no operation {', '.join(sorted(unknown))}; there are {known}")
    return names


def main(argv: list[str]) -> int:
    """Print every load and the rows; 1 if an aim is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.application", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two sizes, one number of connections: two minutes")
    parser.add_argument("--rows", type=numbers, dest="sizes", help="entries, such as 1000,1000000")
    parser.add_argument("--connections", type=numbers, help="at the same time, such as 1,16,64")
    parser.add_argument("--operations", type=operations, help=f"of {', '.join(OPERATIONS)}")
    parser.add_argument("--rounds", type=int, help="how often each load is repeated")
    args = vars(parser.parse_args(argv))
    plan = QUICK if args.pop("quick") else FULL
    try:
        found = measured(replace(plan, **{name: value for name, value in args.items() if value}))
    except Missing as missing:
        print(f"bench: {missing}", file=sys.stderr)
        return 1
    print("\n" + table(found))
    return int(any(row.held is False for row in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
