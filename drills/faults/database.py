"""Faults of the database server under load: it ends, hangs, is cut off, refuses, fills up, waits for others."""

import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pymysql

from drills import result
from drills.parts import network
from drills.parts.layout import Edit
from drills.parts.processes import Missing, wait_until
from drills.parts.servers import MariaDB
from drills.result import Bound, Result
from drills.stage import Drill, Guard, Stage
from drills.visitors import latency

# Of the long lock: visitors who change something, more than both workers have threads for, and others who read.
CHANGING, READING = 80, 20
CHANGES = {"change": 60, "create": 20, "form": 10, "delete": 10}
READS = {"list", "search"}


def away(stage: Stage, server: MariaDB, begin, end, seconds: float) -> Result:
    """Judge a database that is away for so many seconds: 503 meanwhile, and nothing else."""
    site = stage.site(server.database_of_master())
    with stage.under_load(site, server) as scene, scene.fault():
        begin()
        begun = time.monotonic()
        time.sleep(seconds)
        ending = time.monotonic()
        end()
    return scene.judged(
        result.fails_at_all(scene.load.requests),
        result.faults_are_only(scene.load.requests, "503"),
        result.readiness_follows(scene.watch.checks, begun, ending, scene.gone),
    )


def killed(stage: Stage) -> Result:
    server = stage.server()
    return away(stage, server, server.kill, server.start, stage.seconds(5, 1))


def frozen(stage: Stage) -> Result:
    server = stage.server()
    return away(stage, server, server.freeze, server.thaw, stage.seconds(20, 6))


def cut(stage: Stage) -> Result:
    host = stage.until_done.enter_context(network.another_host())
    server = stage.server(host=host.address, within=host.within)
    return away(stage, server, host.cut, host.mend, stage.seconds(20, 6))


def exhausted(stage: Stage) -> Result:
    """Others take every connection, those of the application too, so that it must ask for new ones."""
    server = stage.server("--max-connections=40")
    server.run("CREATE USER other")
    with ExitStack() as others:
        return away(stage, server, lambda: take_all(server, "shop_1", others), others.close, stage.seconds(10, 4))


def take_all(server: MariaDB, database: str, others: ExitStack) -> None:
    """Open connections until there are no more, ending those to the database until it has none."""
    root = others.enter_context(server.connect())  # it stays, too: it has one of the places
    quiet = 0
    while quiet < 5:  # times: one that is only being made is not seen yet
        quiet = 0 if server.end_sessions(database, root) else quiet + 1
        with suppress(pymysql.err.OperationalError):  # no more
            while True:
                others.enter_context(server.connect("other"))
        time.sleep(0.05)


def deadlocks(stage: Stage) -> Result:
    """A second writer takes the same rows in the other order: first an entry's words, then the entry."""
    server = stage.server()
    site = stage.site(server.database_of_master())
    mix = {"change": 60, "create": 30, "list": 10}
    with stage.under_load(site, server, mix=mix) as scene:
        before = deadlocks_so_far(server)
        with scene.fault(), contrary(server, scene.database):
            time.sleep(stage.seconds(20, 6))
    met = deadlocks_so_far(server) - before
    return scene.judged(
        Bound("at least 5 deadlocks happen", met >= 5, f"{met} did"),
        result.faults_are_only(scene.load.requests),
    )


def deadlocks_so_far(server: MariaDB) -> int:
    ((count,),) = server.rows("SELECT count FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks'")
    return count


@contextmanager
def contrary(server: MariaDB, database: str):
    """Lock all words and then all entries, again and again, from a session that has much to lose."""
    server.run("CREATE DATABASE ballast", "CREATE TABLE ballast.ballast (name VARCHAR(64)) ENGINE=InnoDB")
    done = threading.Event()

    def lock() -> None:
        with server.connect(database=database) as connection, connection.cursor() as cursor:
            while not done.wait(0.3):
                with suppress(pymysql.err.OperationalError):  # this one was ended
                    cursor.execute("BEGIN")
                    # The server ends the transaction that has changed least: not this one.
                    columns = "SELECT column_name FROM information_schema.columns LIMIT 300"
                    cursor.execute(f"INSERT INTO ballast.ballast {columns}")
                    cursor.execute("SELECT word FROM entry_words FOR UPDATE")
                    time.sleep(0.1)
                    cursor.execute("SELECT id FROM entries FOR UPDATE")
                cursor.execute("ROLLBACK")

    thread = threading.Thread(target=lock)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def long_lock(stage: Stage) -> Result:
    """Another session locks every entry that there is: who changes one gets 503, and nobody else notices.

    More visitors wait for the lock than there are connections, and threads, while others go on reading.
    """
    server = stage.server()
    site = stage.site(server.database_of_master())
    options = {"clients": CHANGING + READING, "readers": READING, "rate": 1.0, "mix": CHANGES}
    with stage.under_load(site, server, **options) as scene:
        time.sleep(stage.seconds(8, 4))
        with scene.fault(), server.connect(database=scene.database) as other:
            wait_until(lambda: locks_all(other), 20, "a lock on every entry")
            time.sleep(stage.seconds(20, 6))
    requests = scene.load.requests
    reads = [request for request in requests if request.kind in READS]
    return scene.judged(
        result.fails_at_all(requests),
        result.faults_are_only(requests, "503"),
        Bound("no reader fails", bool(reads) and not result.faults(reads), result.told(result.faults(reads))),
        latency.as_fast_as_usual(reads, scene.begun, scene.gone),
    )


def locks_all(session: pymysql.Connection) -> bool:
    """Lock every entry, until the session ends; False if this met others' changes, and the server gave those way."""
    session.begin()
    try:
        session.cursor().execute("SELECT id FROM entries FOR UPDATE")
    except pymysql.err.OperationalError:
        return False
    return True


def disk_full(stage: Stage) -> Result:
    """The disk below the server's data fills up while larger entries are written, until there is room again."""
    folder = stage.until_done.enter_context(small_disk(stage.place("disk"), "200m"))
    server = stage.server(folder=folder)
    site = stage.site(server.database_of_master())
    mix = {"create": 60, "list": 20, "read": 20}
    with stage.under_load(site, server, mix=mix, length=2000) as scene, scene.fault():
        fill(folder / "filler")
        time.sleep(stage.seconds(20, 6))
        (folder / "filler").unlink()
    return scene.judged(
        result.fails_at_all(scene.load.requests),
        result.faults_are_only(scene.load.requests, "503"),
    )


@contextmanager
def small_disk(folder: Path, size: str):
    """Mount a file system in memory of so many bytes; raise Missing where that is not allowed."""
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "drill", folder]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        raise Missing("needs the right to mount a small file system (root)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


DRILLS = (
    Drill(
        "database-killed",
        killed,
        "database server killed (-9) and started again",
        Guard(
            "the driver's errors about connections are known as outages",
            (Edit("app/outage.py", "OF_THE_CLIENT = range(2000, 3000)", "OF_THE_CLIENT = range(0)"),),
        ),
        in_short=True,
    ),
    Drill(
        "database-frozen",
        frozen,
        "database server stopped in its tracks (SIGSTOP) for 20 s",
        Guard(
            "an answer is waited for 3 s", (Edit("app/engine_options.py", "ANSWER_TIMEOUT = 3", "ANSWER_TIMEOUT = 30"),)
        ),
    ),
    Drill(
        "database-cut-off",
        cut,
        "network between application and database cut for 20 s (network namespaces; packets vanish)",
        Guard(
            "a connection is waited for 1 s",
            (Edit("app/engine_options.py", "CONNECT_TIMEOUT = 1", "CONNECT_TIMEOUT = 30"),),
        ),
    ),
    Drill(
        "connections-exhausted",
        exhausted,
        "others take all connections of the database for 10 s",
        Guard(
            "too many connections are known as an outage",
            (Edit("app/outage.py", "    *(1040, 1203, 1226),  # too many connections\n", ""),),
        ),
    ),
    Drill(
        "deadlocks",
        deadlocks,
        "another writer locks the same rows in the other order for 20 s",
        Guard(
            "the work of a deadlock's victim is begun again",
            (Edit("app/database.py", "in {DEADLOCK, LOCK_WAIT_TIMEOUT}", "in {LOCK_WAIT_TIMEOUT}"),),
        ),
    ),
    Drill(
        "long-lock",
        long_lock,
        "another session locks every entry for 20 s (SELECT ... FOR UPDATE)",
        Guard(
            "a connection stays for those who only read",
            (Edit("app/database.py", "KEPT_FOR_READING = 1", "KEPT_FOR_READING = 0"),),
        ),
    ),
    Drill(
        "disk-full",
        disk_full,
        "the disk of the database is full for 20 s (a small file system in memory)",
        Guard(
            "a full disk is known as an outage",
            (Edit("app/outage.py", "    *(1021, 1030, 1041, 1114),  # disk or memory is full\n", ""),),
        ),
    ),
)
