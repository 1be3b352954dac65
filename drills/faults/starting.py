"""Starts and migrations: without a database, with another one than expected, many at once, ended half-way."""

import subprocess
import time
from contextlib import suppress

from app.migrate import TABLE_LOCK_TIMEOUT
from drills.parts.layout import Edit
from drills.parts.processes import NotInTime, clean_environment, end, start, wait_until
from drills.parts.releases import CONTRACT, CONTRACTED, EXPAND, EXPANDED, OF_NEWER, instance, serve
from drills.parts.servers import UNHURRIED, MariaDB
from drills.parts.site import Site
from drills.result import SOONEST_AGAIN, Bound, Result
from drills.stage import Drill, Guard, Stage

STARTS = 10
MIGRATE = ("flask", "--app", "app", "migrate")
ENOUGH_KILLS = 5
# Columns and indexes: what a migration adds, piece by piece.
PIECES = """
    SELECT (SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = '{0}')
         + (SELECT COUNT(DISTINCT table_name, index_name) FROM information_schema.statistics WHERE table_schema = '{0}')
"""
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = '{}' ORDER BY table_name"


def migrating(site: Site, name: str = "migrate") -> subprocess.Popen:
    """`flask migrate` of an instance, running, with its words in a log of this name."""
    environ = clean_environment(**site.given)
    return start(MIGRATE, site.folder / f"{name}.log", cwd=site.layouts["app"], env=environ)


def one_line_of_error(done: subprocess.CompletedProcess) -> bool:
    return done.returncode == 1 and done.stderr.startswith("migrate: error: ") and done.stderr.count("\n") == 1


def status(site: Site, path: str) -> int:
    with suppress(OSError):
        return site.call(path)[0].status
    return 0


def healthy(site: Site) -> bool:
    """What the container's health check says, docker/health.py."""
    environ = clean_environment(**site.given)
    words = ["python", "health.py"]
    return not subprocess.run(words, cwd=site.layouts["app"], env=environ, capture_output=True, check=False).returncode


def without_database(stage: Stage) -> Result:
    server = stage.server()
    site = instance(stage, server.database_of_master())
    server.end()
    began = time.monotonic()
    absent = site.migration("--wait", "1")
    waiting = migrating(site)
    time.sleep(2 + time.monotonic() - began)  # until after its first attempts, on however slow a machine
    server.start()
    waited = waiting.wait(60)
    site.migrate()
    server.end()
    serve(stage, site, migrated=False)
    seen = {path: status(site, path) for path in ("/healthz", "/readyz", "/")}
    unhealthy = not healthy(site)
    server.start()
    began = time.monotonic()
    wait_until(lambda: status(site, "/") == 200, 30, "a page")
    back = time.monotonic() - began
    with suppress(NotInTime):  # a worker remembers for a second that it was not ready
        wait_until(lambda: healthy(site), SOONEST_AGAIN)
    return stage.result(
        Bound("a migration says in one line that there is none", one_line_of_error(absent), absent.stderr.strip()),
        Bound("a migration waits for one that is starting", waited == 0, f"exit code {waited}"),
        Bound(
            "the application starts, lives, and is not ready",
            seen == {"/healthz": 200, "/readyz": 503, "/": 503},
            str(seen),
        ),
        Bound("a task that has never served is not healthy", unhealthy),
        Bound(f"it serves within {SOONEST_AGAIN:g} s of the database", back <= SOONEST_AGAIN, f"{back:.1f} s"),
        Bound("then it is healthy", healthy(site)),
        back=back,
    )


def migrates(stage: Stage, given, migrations) -> subprocess.CompletedProcess:
    """What `flask migrate` of a release with these further migrations says."""
    return instance(stage, given, migrations).migration()


def other_schema(stage: Stage) -> Result:
    """One that is not there yet, a newer one that this release works with, and one that it does not work with."""
    server = stage.server(*UNHURRIED)
    given = server.database_of_master()
    site = serve(stage, instance(stage, given), migrated=False)
    empty = {path: status(site, path) for path in ("/healthz", "/readyz", "/")}
    site.migrate()
    wait_until(lambda: status(site, "/readyz") == 200, 10, "readiness")
    served = status(site, "/")
    more, less = {EXPANDED: EXPAND}, {EXPANDED: EXPAND, CONTRACTED: CONTRACT}
    codes = [migrates(stage, given, more).returncode, migrates(stage, given, {}).returncode]
    expanded = status(site, "/")
    codes += [migrates(stage, given, less).returncode, migrates(stage, given, more).returncode]
    refused = migrates(stage, given, {})
    return stage.result(
        Bound(
            "without tables it lives, and is not ready",
            empty == {"/healthz": 200, "/readyz": 503, "/": 503},
            f"{empty}",
        ),
        Bound("it serves as soon as they are there", served == 200, f"{served}"),
        Bound("releases that work with newer tables start with them", codes == [0, 0, 0, 0], f"exit codes {codes}"),
        Bound("who serves already goes on", expanded == 200, f"{expanded}"),
        Bound(
            "a release that does not work with them says so in one line",
            one_line_of_error(refused),
            refused.stderr.strip(),
        ),
    )


def all_at_once(stage: Stage) -> Result:
    server = stage.server(*UNHURRIED)
    given = server.database_of_master()
    site = instance(stage, given)
    names = [f"migrate-{number}" for number in range(STARTS)]
    with server.connect() as other:
        other.cursor().execute("FLUSH TABLES WITH READ LOCK")
        processes = [migrating(site, name) for name in names]
        for process in processes:
            stage.until_done.callback(end, process)
        # Nobody makes a table before all have seen that there is none, on however few processors.
        with suppress(NotInTime):
            wait_until(lambda: len(server.sessions(given["DATABASE_NAME"])) >= STARTS, TABLE_LOCK_TIMEOUT - 2)
    codes = [process.wait(120) for process in processes]
    words = [site.log(name) for name in names]
    upgraded = sum("migrate: upgraded" in text for text in words)
    idle = sum("migrate: nothing to do" in text for text in words)
    serve(stage, site)
    return stage.result(
        Bound("each start succeeds", not any(codes), f"exit codes {codes}"),
        Bound(
            "one migrates and the others find nothing to do", (upgraded, idle) == (1, STARTS - 1), f"{upgraded}, {idle}"
        ),
        Bound("a page is served", status(site, "/") == 200),
    )


def pieces(server: MariaDB, name: str) -> int:
    ((count,),) = server.rows(PIECES.format(name))
    return int(count)


def schema(server: MariaDB, name: str) -> list[str]:
    """How the server would make each table anew."""
    tables = [table for (table,) in server.rows(TABLES.format(name))]
    return [server.rows(f"SHOW CREATE TABLE `{name}`.`{table}`")[0][1] for table in tables]


def killed_at_next_piece(site: Site, server: MariaDB, name: str) -> int | None:
    """Run a migration and kill it as soon as it has added something; return its exit code if it ended before."""
    before = pieces(server, name)
    process = migrating(site)
    while process.poll() is None:
        if pieces(server, name) > before:
            process.kill()
            process.wait()
            return None
        time.sleep(0.002)
    return process.returncode


def migration_killed(stage: Stage) -> Result:
    server = stage.server(*UNHURRIED)
    straight = server.database_of_master()
    instance(stage, straight).migrate()
    given = server.database_of_master()
    site, name = instance(stage, given), given["DATABASE_NAME"]
    kills, code = 0, None
    while code is None and kills < 40:
        code = killed_at_next_piece(site, server, name)
        kills += code is None
    same = schema(server, name) == schema(server, straight["DATABASE_NAME"])
    return stage.result(
        Bound(f"it is killed at {ENOUGH_KILLS} steps or more", kills >= ENOUGH_KILLS, f"{kills} times"),
        Bound("the next one always goes on, and the last one succeeds", code == 0, f"exit code {code}"),
        Bound("the tables are those of a migration that nobody killed", same),
    )


DRILLS = (
    Drill(
        "start-without-database",
        without_database,
        "started without a database, which comes later",
        Guard("a migration waits for the database", (Edit("app/cli.py", "default=60,", "default=0,"),)),
    ),
    Drill(
        "start-other-schema",
        other_schema,
        "started with tables of no release, of a newer one, and of one that took a column away",
        Guard(
            "newer tables say which releases work with them",
            (Edit("app/migrate.py", OF_NEWER, 'return "nothing to do"'),),
        ),
    ),
    Drill(
        "start-all-at-once",
        all_at_once,
        f"{STARTS} starts at the same moment, on an empty database",
        Guard(
            "one migrates at a time",
            (
                Edit(
                    "app/migrate.py",
                    '    if connection.dialect.name != "mysql":\n        yield',
                    "    if True:\n        yield",
                ),
            ),
        ),
    ),
    Drill(
        "migration-killed",
        migration_killed,
        "a migration killed (-9) each time it has added something",
        Guard(
            "each step looks first whether it was done",
            (
                Edit(
                    "app/migrations/versions/0002_find_and_restore_entries.py",
                    'if name not in {index["name"] for index in sa.inspect(connection).get_indexes(table)}:',
                    "if name:",
                ),
            ),
        ),
    ),
)
