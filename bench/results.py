"""bench/RESULTS.md: one run on one machine, written, and compared with another run."""

import datetime
import os
import platform
import subprocess
import sysconfig
from importlib import metadata
from pathlib import Path

from bench.rows import Row, figure, read_table, table

APART = 0.15  # the share by which a ratio may differ between two runs on one machine
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


def compared(rows: list[Row], former: str) -> tuple[list[str], bool]:
    """A line for each row that a former table also has, and whether all that should repeat do within APART."""
    written, lines, agree = read_table(former), [], True
    for row in rows:
        cell = written.get((row.part, row.what))
        if cell is None:
            lines.append(f"{row.part}: {row.what}: new")
            continue
        before = float(cell.split()[0].replace(",", ""))
        apart = abs(row.value - before) / max(abs(before), 1e-9)
        bad = row.repeatable and apart > APART
        agree = agree and not bad
        judged = f" more than {APART:.0%}" if bad else "" if row.repeatable else " (the machine's)"
        change = f"{figure(before)} -> {figure(row.value)}"
        lines.append(f"{row.part}: {row.what}: {change}, {apart:.0%} apart{judged}")
    return lines, agree
