"""What earlier runs have shown, kept in build/drills, and docs/reliability.md, which is made of it.

A row counts only for the files that it was shown with: those that the drill tries, and its own.
"""

import ast
import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from drills.parts.processes import ROOT
from drills.result import Bound, Result, told
from drills.stage import Drill

KEPT = ROOT / "build/drills"
DOCUMENT = ROOT / "docs/reliability.md"


def state(drill: Drill) -> str:
    """A digest of the files that a drill's results depend on."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *drill.tries],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    digest = hashlib.sha256()
    for name in sorted({*listed.stdout.decode().split("\0")[:-1], *own_files(drill)}):
        path = ROOT / name
        digest.update(f"{name}\0".encode() + (path.read_bytes() if path.is_file() else b"gone"))
    return digest.hexdigest()[:12]


def own_files(drill: Drill) -> list[str]:
    """The module of a drill, and those of the drills that it needs, however far."""
    found: set[str] = set()
    left = {drill.run.__module__}
    while left:
        found |= left
        left = set().union(*map(needed, left)) - found
    return [str(source(module)) for module in found]


@cache
def needed(module: str) -> set[str]:
    """The modules of the drills that one of them imports."""
    imports = [node for node in ast.walk(ast.parse((ROOT / source(module)).read_bytes())) if is_ours(node)]
    # from a.package import a_module, or from a.module import a_name
    named = {node.module for node in imports} | {
        f"{node.module}.{each.name}" for node in imports for each in node.names
    }
    return {name for name in named if (ROOT / source(name)).is_file()}


def is_ours(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("drills.")


def source(module: str) -> Path:
    return Path(*module.split(".")).with_suffix(".py")


def keep(drill: Drill, result: Result, unguarded: bool, versions: str) -> None:
    """Keep a result of the full version of a drill, with or without its guard."""
    KEPT.mkdir(parents=True, exist_ok=True)
    of = {"state": state(drill), "date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine(), "versions": versions}
    file(drill, unguarded).write_text(json.dumps({"of": of, "result": asdict(result)}, indent=1))


def file(drill: Drill, unguarded: bool) -> Path:
    return KEPT / f"{drill.name}{'.unguarded' if unguarded else ''}.json"


def kept(drill: Drill, unguarded: bool) -> tuple[dict, Result] | None:
    """What was kept of a drill, and what of; None if nothing was, or of other files than these."""
    try:
        data = json.loads(file(drill, unguarded).read_text())
    except FileNotFoundError:
        return None
    if data["of"]["state"] != state(drill):
        return None
    given = data["result"]
    return data["of"], Result(**given | {"bounds": tuple(Bound(**bound) for bound in given["bounds"])})


def has_shown(drill: Drill, unguarded: bool) -> bool:
    """Whether it has come out as it must with these files: it holds, or without its guard it does not."""
    found = kept(drill, unguarded)
    return found is not None and found[1].holds != unguarded


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} processors, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def missing(drills: Iterable[Drill]) -> list[str]:
    """What must still be run before the document can be written."""
    wanted = [(drill, unguarded) for drill in drills for unguarded in (False, True)]
    return [f"{'--prove ' if bare else ''}{drill.name}" for drill, bare in wanted if kept(drill, bare) is None]


def document(drills: Iterable[Drill]) -> str:
    """The text of docs/reliability.md, from what was kept of all drills."""
    rows, details, origins = [], [], set()
    for drill in drills:
        (of, result), (_, red) = kept(drill, False), kept(drill, True)
        origins.add(f"{of['date']}, {of['machine']}, {of['versions']}")
        rows.append(row(result, red))
        details.append(detail(drill, result, red))
    return TEXT.format(origins="\n".join(sorted(origins)), rows="\n".join(rows), details="\n".join(details))


def row(result: Result, red: Result) -> str:
    back = "" if result.back is None else f"{result.back:.1f} s"
    lost = f"{result.lost} of {result.acknowledged}" if result.acknowledged else ""
    failed = told(result.failed) if result.requests else ""
    requests = str(result.requests or "")
    cells = [f"`{result.drill}`", result.injected, requests, failed, back, lost]
    return "| " + " | ".join([*cells, "holds" if result.holds else "**does not hold**", verdict_without(red)]) + " |"


def verdict_without(red: Result) -> str:
    return "**not seen**" if red.holds else "red"


def detail(drill: Drill, result: Result, red: Result) -> str:
    lines = [f"**{drill.name}.** {drill.injects[0].upper()}{drill.injects[1:]}. Must hold:", ""]
    lines += [f"- {bound}" + ("" if bound.held else " **(does not)**") for bound in result.bounds]
    broken = "; ".join(map(str, red.broken)) or "nothing broke"
    return "\n".join([*lines, "", f"Without its guard ({drill.guard.what}): {broken}.", ""])


TEXT = """\
# What was tried, and what held

Each row is a drill: a fault put into the running parts (nginx, Gunicorn as configured, a real database) under a load
that remembers every acknowledged write. `make drills` runs them all and writes this file. "Without its guard" says what
the same drill showed when the one thing that it tests had been taken away: red, or the drill shows nothing.

{origins}

| drill | injected | requests | failed | full service after | acknowledged writes lost | verdict | without its guard |
|---|---|---|---|---|---|---|---|
{rows}

{details}"""
