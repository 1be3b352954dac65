"""How long the plan without an account takes, as a whole process, in starts of Python: `python -m bench.plan`."""

import subprocess
import sys
import time

RUNS = 5
# Nothing has to differ: every environment is resolved twice and compared all the same.
PLAN = [sys.executable, "-m", "review", "plan", "--base", "HEAD"]
START = [sys.executable, "-c", "pass"]


def seconds(command: list[str]) -> float:
    """The shortest of some runs, as a whole process."""
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        taken.append(time.perf_counter() - began)
    return min(taken)


def main() -> int:
    """Print the ratio."""
    if subprocess.run(PLAN, check=False, stdout=subprocess.DEVNULL).returncode not in (0, 3):
        return 1
    plan, start = seconds(PLAN), seconds(START)
    print(f"plan of all environments {plan:.2f} s, start of Python {start:.3f} s: {plan / start:.0f} times")
    return 0


if __name__ == "__main__":
    sys.exit(main())
