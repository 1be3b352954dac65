"""Private database servers on loopback, and the databases and users that drills and tests make in them.

They are MariaDB's. DRILLS_SERVER names a program of MySQL's (mysqld, or what starts it with the words it is given) that
drills use instead.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import pymysql
from pymysql.converters import escape_string

from drills.parts.processes import SYSTEM_PATH, Missing, accepts, end, free_port, start, wait_until

# For drills that do not end the database: it need not wait for a disk, which others may keep busy.
UNHURRIED = ("--innodb-flush-log-at-trx-commit=0",)
SECRET_KEY = "0123456789abcdef0123456789abcdef"
# What a generated password may hold, and what breaks URLs, shells and sed.
PASSWORD = "p@ss/w:rd%41#?&+ \"'$`|\\é"
APP_PASSWORD = "".join(chr(code) for code in range(32, 127))  # every printable character of ASCII
# What RDS lets the master user do, so that a migration that needs more fails here.
MASTER_RIGHTS = """
    SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES,
    CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW,
    CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER
"""


class MariaDB:
    """A private server with its data and log in a folder; each database() is a new, empty one.

    It listens on host, which is loopback unless within (words that run a command elsewhere) leads to another place.
    """

    # The log of a replica, a position for each transaction.
    GTID = ("--log-bin=binlog", "--log-slave-updates=ON", "--gtid-strict-mode=ON", "--sync-binlog=1")

    TWO_PASSWORDS = False  # whether a user may have the former password beside the present one

    def __init__(
        self, folder: Path, options: tuple = (), host: str = "127.0.0.1", within: tuple = (), port: int | None = None
    ):
        self.folder, self.options, self.host, self.within = folder, options, host, within
        self.port = port or free_port()
        self.log = folder / "log"
        self.process: subprocess.Popen | None = None
        self.count = 0

    def prepare(self) -> None:
        """Make the data directory; raise Missing where there is no MariaDB."""
        words = [program("mariadb-install-db"), *self.common(), "--auth-root-authentication-method=normal"]
        make(words)

    def common(self) -> list[str]:
        user = ["--user=root"] if os.geteuid() == 0 else []
        # In a directory that is shared, a server that starts removes the temporary tables of the others.
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        return ["--no-defaults", f"--datadir={self.folder / 'data'}", f"--tmpdir={temporary}", *user]

    def command(self) -> list[str]:
        return [program("mariadbd"), *self.common()]

    def start(self) -> None:
        """Start the server and return when it listens; its data are those that it had."""
        where = [f"--socket={self.folder}/socket", f"--port={self.port}", f"--bind-address={self.host}"]
        small = ["--innodb-buffer-pool-size=32M", "--skip-name-resolve", f"--pid-file={self.folder}/pid"]
        self.process = start([*self.within, *self.command(), *where, *small, *self.options], self.log)
        wait_until(self.listens, what="the database server")

    def listens(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError("\n".join(self.log.read_text(errors="replace").splitlines()[-10:]))
        with socket.socket(socket.AF_UNIX) as probe:
            is_open = probe.connect_ex(str(self.folder / "socket")) == 0
        return is_open and accepts(self.port, self.host)

    def kill(self) -> None:
        """End the server as a power cut does."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Shut the server down; its data stay."""
        end(self.process)

    def connect(self, user="root", password="", **options):
        """Connect: root through the socket, which needs neither network nor password; others as the application."""
        if user == "root":
            place = {"unix_socket": str(self.folder / "socket"), "ssl_disabled": True}
        else:
            place = {"host": self.host, "port": self.port}
        return pymysql.connect(**place, user=user, password=password.encode(), autocommit=True, **options)

    def rows(self, statement):
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def run(self, *statements):
        with self.connect() as connection:
            for statement in statements:
                connection.cursor().execute(statement)

    def database(self) -> dict:
        """Return the environment that leads to a new database, with a user who may do everything in it alone."""
        self.count += 1
        return self._new(f"test{self.count}", f"test{self.count}", f"ALL ON test{self.count}.* TO {{user}}")

    def database_of_master(self, name="shop_{}") -> dict:
        """Return the environment of `flask migrate` on a new database: the master's, with an application user to make.

        name is the database's, with {} for a number.
        """
        self.count += 1
        given = self._new(
            name.format(self.count), f"master{self.count}", f"{MASTER_RIGHTS} ON *.* TO {{user}} WITH GRANT OPTION"
        )
        app = {"APP_DATABASE_USERNAME": f"app-{self.count}", "APP_DATABASE_PASSWORD": APP_PASSWORD}
        return given | app

    def _new(self, name, user, rights) -> dict:
        quoted = name.replace("`", "``")
        self.run(
            f"CREATE DATABASE `{quoted}` CHARACTER SET latin1",  # our tables must not depend on the database's default
            f"CREATE USER '{user}'@'%' IDENTIFIED BY '{escape_string(PASSWORD)}'",
            "GRANT " + rights.format(user=f"'{user}'@'%'"),
        )
        return {
            "DATABASE_HOST": self.host,
            "DATABASE_PORT": str(self.port),
            "DATABASE_NAME": name,
            "DATABASE_USERNAME": user,
            "DATABASE_PASSWORD": PASSWORD,
            "SECRET_KEY": SECRET_KEY,
        }

    def sessions(self, database: str, connection=None) -> list[int]:
        """The ids of the sessions that use a database; asked on a connection of one's own, or on that one."""
        with nullcontext(connection) if connection else self.connect() as asked, asked.cursor() as cursor:
            cursor.execute("SHOW PROCESSLIST")
            return [number for number, _, _, name, *_ in cursor.fetchall() if name == database]

    def end_sessions(self, database: str, connection=None) -> int:
        """End every session that uses a database, and say how many there were."""
        numbers = self.sessions(database, connection)
        with nullcontext(connection) if connection else self.connect() as asked, asked.cursor() as cursor:
            for number in numbers:
                with suppress(pymysql.err.OperationalError):  # it has ended by itself
                    cursor.execute(f"KILL {number}")
        return len(numbers)

    def age_password(self, user: str) -> None:
        """Have the user's password be two hours old, where the server remembers that."""

    def freeze(self) -> None:
        """Stop the server in its tracks: connections stay open, no thread goes on."""
        self.process.send_signal(signal.SIGSTOP)
        threads = Path(f"/proc/{self.process.pid}/task")
        wait_until(lambda: all(_is_stopped(thread) for thread in threads.iterdir()), 5, "the stop of the database")

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    @contextmanager
    def frozen(self):
        self.freeze()
        try:
            yield
        finally:
            self.thaw()


def _is_stopped(thread: Path) -> bool:
    return (thread / "stat").read_text().rpartition(")")[2].split()[0] == "T"


class MySQL(MariaDB):
    """The same with the program that DRILLS_SERVER names."""

    GTID = ("--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--sync-binlog=1")
    TWO_PASSWORDS = True

    def prepare(self) -> None:
        make([*self.command(), "--initialize-insecure"])

    def command(self) -> list[str]:
        return [os.environ["DRILLS_SERVER"], *self.common(), "--mysqlx=OFF", "--secure-file-priv="]

    def age_password(self, user: str) -> None:
        changed = "password_last_changed = NOW() - INTERVAL 2 HOUR"
        self.run(f"UPDATE mysql.user SET {changed} WHERE user = '{user}'", "FLUSH PRIVILEGES")


def make(command: list[str]) -> None:
    """Make a data directory; AssertionError with the last words of what makes it if that fails."""
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise AssertionError(" ".join(re.findall(r".*ERROR.*", done.stdout)) or done.stdout[-300:])


def version() -> str:
    """What the servers are that drills use."""
    server = os.environ.get("DRILLS_SERVER") or program("mariadbd")
    told = subprocess.run([server, "--no-defaults", "--version"], check=True, capture_output=True, text=True).stdout
    return told.partition("Ver ")[2].strip()


def program(name: str) -> str:
    """Where a program of MariaDB's is; raise Missing."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:{SYSTEM_PATH}")
    if not found:
        raise Missing(f"needs {name} (Debian: apt-get install mariadb-server)")
    return found


def kind() -> type[MariaDB]:
    """What drills use."""
    return MySQL if os.environ.get("DRILLS_SERVER") else MariaDB


def only_with_mariadb() -> None:
    """Raise Missing where drills use another server, whose replication and backups have other words."""
    if kind() is not MariaDB:
        raise Missing("needs MariaDB: leave out DRILLS_SERVER")


@contextmanager
def running_server(folder: Path, *options: str, of: type[MariaDB] | None = None, **place):
    """Run a private server with its data in folder; options are the server's own, place says where else than here."""
    server = (of or kind())(folder, options, **place)
    server.prepare()
    try:
        server.start()
        yield server
    finally:
        if server.process is not None:
            server.end()
