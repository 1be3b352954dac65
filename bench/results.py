"""bench/RESULTS.md: one run on one machine, written, and compared with another run."""

import datetime
import os
import platform
import subprocess
import sysconfig
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bench.rows import Row, figure, read_table, table

APART = 0.15  # the share by which a ratio may differ between two runs on one machine
AGAIN = "## A second run"
PACKAGES = ["troposphere", "boto3", "flask", "sqlalchemy", "pymysql", "gunicorn", "cfn-lint"]


def machine() -> dict[str, str]:
    """What a reader must know to judge the figures."""
    optimized = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    describe = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(describe, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit.stdout.strip() or "not a git repository",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors: {processor()}",
        "Python": f"{platform.python_version()}{', configured with --enable-optimizations' if optimized else ''}",
        "versions": ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES),
    }


def processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
    return names[0] if names else platform.processor() or "unknown"


def write(path: Path, rows: list[Row], notes: list[str], facts: dict[str, str]) -> None:
    """Write the file anew, with a link to the picture beside it."""
    told = "".join(f"| {name} | {value} |\n" for name, value in facts.items())
    path.write_text(
        "# Results\n\n"
        "Written by `make bench`. What the rows mean: [docs/performance.md](../docs/performance.md).\n"
        "A ratio compares two things measured in turn in this one run. Seconds and requests are this machine's.\n\n"
        f"| | |\n|---|---|\n{told}\n"
        f"![each aim and how far it is held]({path.stem}.svg)\n\n"
        f"{table(rows)}" + "".join(f"\n{note}\n" for note in notes)
    )


@dataclass(frozen=True)
class Compared:
    """A row of this run beside what counted in it in a former one, None if it had no such row."""

    row: Row
    before: float | None

    @property
    def apart(self) -> float:
        """By which share of the former they differ."""
        return abs(self.row.value - self.before) / max(abs(self.before), 1e-9)

    @property
    def differs(self) -> bool:
        """Whether it should repeat and does not do so within APART."""
        return self.before is not None and self.row.repeatable and self.apart > APART

    def __str__(self) -> str:
        what = f"{self.row.part}: {self.row.what}"
        if self.before is None:
            return f"{what}: new"
        judged = f" more than {APART:.0%}" if self.differs else "" if self.row.repeatable else " (the machine's)"
        return f"{what}: {figure(self.before)} -> {figure(self.row.value)}, {self.apart:.0%} apart{judged}"


def compared(rows: list[Row], former: str) -> list[Compared]:
    """Each row beside that of a former table."""
    written = read_table(former)
    cells = ((row, written.get((row.part, row.what))) for row in rows)
    return [Compared(row, None if cell is None else float(cell.split()[0].replace(",", ""))) for row, cell in cells]


def add_second(path: Path, second: list[Compared], facts: dict[str, str]) -> None:
    """Write behind the table what a second run agreed with, in place of what an earlier second run has said."""
    judged = [each for each in second if each.before is not None and each.row.repeatable]
    differing = [each for each in judged if each.differs]
    told = [
        f"{AGAIN}\n\n{facts['date']}, commit {facts['commit']}: {len(judged) - len(differing)} of {len(judged)} figures"
        f" within {APART:.0%} of those above. Not counted is what says the machine's speed alone.\n"
    ]
    if differing:
        told.append("\n| part | what | first | second | apart |\n|---|---|---:|---:|---:|\n")
    told += [
        f"| {each.row.part} | {each.row.what} | {figure(each.before)} | {figure(each.row.value)} | {each.apart:.0%} |\n"
        for each in differing
    ]
    first, _, _ = path.read_text().partition(AGAIN)
    path.write_text(first.rstrip("\n") + "\n\n" + "".join(told))
