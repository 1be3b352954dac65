"""python -m drills [NAME...] [--short] [--prove] [--all]: run drills, print a line of each, write docs/reliability.md.

--short  those that CI runs, in their short version
--prove  each with the guard removed that it tests: it must fail then
--all    those, too, that have come out as they must with the files that they try as they are

All of them take an hour and a half; what was stopped goes on where it was.

Exit code 1 if one does not hold, or with --prove if one does, or if one cannot be run here. The document is written
when every drill has been run in full, with its guard and without, on the files that it tries as they are.
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from drills import record
from drills.parts.processes import Missing
from drills.parts.servers import version
from drills.result import Bound, Result, line
from drills.stage import Drill, Stage
from drills.table import BY_NAME, DRILLS, SHORT


def run(drill: Drill, short: bool, unguarded: bool) -> Result:
    """Run one drill in a folder of its own. What breaks within is a bound that did not hold; Missing is raised.

    An AssertionError is what the parts say that were tried. Anything else is a fault of the drill, which shows nothing.
    """
    with tempfile.TemporaryDirectory(prefix="drill-") as folder:
        try:
            with Stage(drill, Path(folder), short, unguarded) as stage:
                return drill.run(stage)
        except Missing:
            raise
        except AssertionError as error:
            return Result(drill.name, drill.injects, (Bound("each of its steps can be done", False, said(error)),))
        except Exception as error:
            words = f"{type(error).__name__}: {said(error)}"
            return Result(drill.name, drill.injects, (Bound("the drill runs to its end", False, words),), broke=True)


def said(error: Exception) -> str:
    return " ".join(str(error).split())


def main(argv: list[str]) -> int:
    words = argparse.ArgumentParser(prog="python -m drills", description=__doc__.partition("\n")[0])
    words.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(BY_NAME)}")
    words.add_argument("--short", action="store_true", help="those that CI runs, in their short version")
    words.add_argument("--prove", action="store_true", help="each with the guard removed that it tests: it must fail")
    words.add_argument("--all", action="store_true", help="those, too, that have shown what they must on these files")
    given = words.parse_args(argv)
    unknown = [name for name in given.names if name not in BY_NAME]
    if unknown:
        words.error(f"no drill is called {unknown[0]}; there are {', '.join(BY_NAME)}")
    chosen = [BY_NAME[name] for name in given.names] or (SHORT if given.short else left(given.all, given.prove))
    wrong = [drill for drill in chosen if not shown(drill, given.short, given.prove)]
    if not given.short:
        write_document()
    return int(bool(wrong))


def left(everything: bool, unguarded: bool) -> tuple[Drill, ...]:
    """The drills that have still to come out as they must, or all; says how many are left out."""
    chosen = tuple(drill for drill in DRILLS if everything or not record.has_shown(drill, unguarded))
    if len(chosen) < len(DRILLS):
        without = "without their guards" if unguarded else "with their guards"
        count = f"{len(DRILLS) - len(chosen)} of {len(DRILLS)} drills"
        print(f"{count} left out: shown on these files, {without}; ALL=1 runs them again", flush=True)
    return chosen


def shown(drill: Drill, short: bool, unguarded: bool) -> bool:
    """Run one drill, print its line, keep its result; return whether it came out as it must."""
    try:
        result = run(drill, short, unguarded)
    except Missing as error:
        print(f"{drill.name}: not run here: {error}", flush=True)
        return False
    if unguarded:
        verdict = "BROKE" if result.broke else "STILL HOLDS" if result.holds else "red, as it must be"
        words = "; ".join([f"{drill.name} without its guard ({drill.guard.what}): {verdict}", *map(str, result.broken)])
        print(words, flush=True)
    else:
        print(line(result), flush=True)
    if not (short or result.broke):
        record.keep(drill, result, unguarded, f"Python {sys.version.split()[0]}, database {version()}")
    return not result.broke and result.holds != unguarded


def write_document() -> None:
    missing = record.missing(DRILLS)
    if missing:
        print(f"{record.DOCUMENT.name} is not written; still to be run on these files: {', '.join(missing)}")
        return
    record.DOCUMENT.write_text(record.document(DRILLS))
    print(f"wrote {record.DOCUMENT.relative_to(record.ROOT)}")


if __name__ == "__main__":
    # What was started is ended then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Who is started in the background ignores Ctrl-C, and so would what is started here, which must be seen to obey.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
