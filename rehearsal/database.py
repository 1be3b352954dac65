"""A private MariaDB for a rehearsal: on loopback only, in a directory of its own, gone with it.

It stands for RDS's MySQL where a rehearsal runs the application. It is not MySQL 8.4: collations and authentication
plugins differ.
"""

import os
import pwd
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pymysql

from rehearsal.server import free_port

SYSTEM_PATH = "/usr/sbin:/usr/local/sbin:/usr/libexec:/opt/homebrew/bin"
# A server for one developer and some dozens of rows.
SMALL = (
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=16M",
    "--innodb-flush-log-at-trx-commit=2",
    "--performance-schema=OFF",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_unicode_ci",
)


class DatabaseError(Exception):
    """The server did not start; the text ends with the last lines of its log."""


@dataclass
class Database:
    """A running server with one database and its master user."""

    host: str
    port: int
    name: str
    user: str
    password: str
    process: subprocess.Popen

    def stop(self) -> None:
        """End the server; its files stay."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def find_programs() -> tuple[str, str] | None:
    """The programs that run and that prepare a MariaDB; None where it is not installed (MySQL's are not these)."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), SYSTEM_PATH])
    server = shutil.which("mariadbd", path=path)
    prepare = shutil.which("mariadb-install-db", path=path)
    return (server, prepare) if server and prepare else None


def start(directory: Path, name: str, user: str, password: str, *options: str) -> Database | None:
    """Start a server in a new directory and make a database and a master user.

    Takes about a second. The password is of printable ASCII, as RDS asks; options are more words for the server.
    None where no MariaDB is installed: `apt-get install mariadb-server` or an equal mends it.
    Raises DatabaseError when it is installed and does not start.
    """
    programs = find_programs()
    if programs is None:
        return None
    server, prepare = programs
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    # The server refuses to run as root unless told so by name.
    common = ["--no-defaults", f"--datadir={directory / 'data'}", f"--user={administrator()}"]
    with (directory / "log").open("wb") as log:
        # A server that starts removes what others have in a common place for temporary files.
        output = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": directory}
        output["env"] = os.environ | {"TMPDIR": str(directory)}
        # The administrator is the user of the operating system, through the socket: there is no password to guess.
        owner = ["--auth-root-authentication-method=socket", f"--auth-root-socket-user={administrator()}"]
        words = [prepare, *common, *owner, "--skip-test-db"]
        if subprocess.run(words, timeout=60, check=False, **output).returncode:
            raise failure(directory, "cannot prepare its directory")
        port = free_port()
        listen = [f"--socket={directory / 'socket'}", f"--port={port}", "--bind-address=127.0.0.1"]
        process = subprocess.Popen(
            [server, *common, *listen, *SMALL, "--skip-name-resolve", f"--pid-file={directory / 'pid'}", *options],
            **output,
            start_new_session=True,  # Ctrl-C is for the rehearsal
        )
    database = Database("127.0.0.1", port, name, user, password, process)
    try:
        wait(directory, process)
        create(database, directory)
    except BaseException:
        database.stop()
        raise
    return database


def administrator() -> str:
    """The user who runs this process, whatever the environment says."""
    return pwd.getpwuid(os.geteuid()).pw_name


def wait(directory: Path, process: subprocess.Popen) -> None:
    """Wait until the server listens, at most 30 seconds."""
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(directory / "socket")) == 0:
                return
        time.sleep(0.05)
    raise failure(directory, "does not answer")


def create(database: Database, directory: Path) -> None:
    """Make the database and its master user, who may come from this machine only and make other users, as on RDS."""
    quoted = database.name.replace("`", "``")
    connection = pymysql.connect(unix_socket=str(directory / "socket"), user=administrator(), ssl_disabled=True)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{quoted}`")
        cursor.execute("CREATE USER %s@'127.0.0.1' IDENTIFIED BY %s", (database.user, database.password))
        cursor.execute("GRANT ALL ON *.* TO %s@'127.0.0.1' WITH GRANT OPTION", (database.user,))


def failure(directory: Path, what: str) -> DatabaseError:
    """An error about the server."""
    lines = (directory / "log").read_text(errors="replace").splitlines()[-10:]
    return DatabaseError("\n  ".join([f"the database {what}; its last lines:", *lines]))
