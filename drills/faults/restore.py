"""Rows are deleted by mistake: the backup and the binary log bring the database back to the second before."""

import re
import subprocess
import time
from pathlib import Path

from drills import result
from drills.parts.processes import wait_until
from drills.parts.proxy import Proxy
from drills.parts.servers import MariaDB, only_with_mariadb, program
from drills.result import Bound, Result
from drills.stage import STORED, Drill, Guard, Stage
from drills.visitors.load import Load

POSITION = re.compile(r"MASTER_LOG_FILE='([^']+)', MASTER_LOG_POS=(\d+)")
MISTAKE = ("DELETE FROM {}.entry_words", "DELETE FROM {}.entries")


def point_in_time(stage: Stage) -> Result:
    """What was acknowledged up to a second is there again afterwards, and nothing that came later."""
    only_with_mariadb()
    server = stage.server(number=1)
    given = server.database_of_master()
    database = given["DATABASE_NAME"]
    with Proxy(server.port) as name:
        site = stage.site({**given, "DATABASE_PORT": str(name.port)})
        with Load(site.port) as load:
            time.sleep(2)
            backup = dump(server, stage.place("backup") / "dump.sql")
            time.sleep(stage.seconds(10, 2))
        load.settle()
        moment = next_second()
        with Load(site.port) as later:
            time.sleep(2)
        server.run(*(statement.format(database) for statement in MISTAKE))
        begun = time.monotonic()
        copy = stage.server()
        restore(copy, backup, b"" if stage.unguarded else statements(server, backup, moment))
        name.target = copy.port
        server.end()
        wait_until(lambda: site.call("/readyz")[0].status == 200, what="readiness on the restored database")
        back = time.monotonic() - begun
        found = load.audit(lambda: list(copy.rows(STORED.format(database))))
        with Load(site.port) as after:
            time.sleep(2)
    asked = [*load.requests, *later.requests, *after.requests]
    return stage.result(
        result.faults_are_only(asked),
        Bound("writes came after the moment, too", later.acknowledged > 0, f"{later.acknowledged} did"),
        result.nothing_is_lost(found),
        result.nothing_is_doubled(found),
        Bound("nothing later than the moment is there", not found.unasked, f"{len(found.unasked)} entries"),
        requests=len(asked),
        failed=result.faults(asked),
        back=back,
        acknowledged=found.acknowledged,
        lost=len(found.lost),
    )


def next_second() -> float:
    """Wait until a whole second in which nothing was written begins, and is over; return its beginning (Unix time)."""
    moment = int(time.time()) + 1
    time.sleep(moment + 1 - time.time())
    return moment


def dump(server: MariaDB, path: Path) -> Path:
    """Back up the running server with the place of its binary log at which that was."""
    words = ["--single-transaction", "--master-data=2", "--all-databases", f"--socket={server.folder}/socket"]
    with path.open("wb") as file:
        subprocess.run([program("mariadb-dump"), "--no-defaults", "--user=root", *words], stdout=file, check=True)
    return path


def statements(server: MariaDB, backup: Path, moment: float) -> bytes:
    """What the binary log holds from the backup until moment, as statements."""
    with backup.open(errors="replace") as file:
        head = file.read(20_000)
    first, position = POSITION.search(head).groups()
    files = [name for (name, *_) in server.rows("SHOW BINARY LOGS") if name >= first]
    until = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
    words = ["--no-defaults", f"--start-position={position}", f"--stop-datetime={until}", *files]
    done = subprocess.run(
        [program("mariadb-binlog"), *words], cwd=server.folder / "data", capture_output=True, check=True
    )
    return done.stdout


def restore(server: MariaDB, backup: Path, log: bytes) -> None:
    """Fill an empty server from the backup, then apply what the log says."""
    client = [program("mariadb"), "--no-defaults", "--user=root", f"--socket={server.folder}/socket"]
    with backup.open("rb") as file:
        subprocess.run(client, stdin=file, check=True, capture_output=True)
    subprocess.run([*client, "--binary-mode"], input=log, check=True, capture_output=True)
    server.run("FLUSH PRIVILEGES")


DRILLS = (
    Drill(
        "restore-to-the-second",
        point_in_time,
        "every row deleted by mistake; restored from a dump and the binary log",
        Guard("the binary log since the dump is applied"),
        in_short=True,
    ),
)
