"""Private database servers on loopback, and the databases and users that drills and tests make in them.

They are MariaDB's. DRILLS_SERVER names a program of MySQL's (mysqld, or what starts it with the words it is given) that
drills use instead.
"""

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pymysql
from pymysql.converters import escape_string

from drills.processes import SYSTEM_PATH, Missing, accepts, end, free_port, start, wait_until

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
        subprocess.run(
            [program("mariadb-install-db"), *self.common(), "--auth-root-authentication-method=normal"],
            check=True,
            capture_output=True,
        )

    def common(self) -> list[str]:
        user = ["--user=root"] if os.geteuid() == 0 else []
        return ["--no-defaults", f"--datadir={self.folder / 'data'}", *user]

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
        return accepts(self.port, self.host)

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

    def allow_replication(self) -> None:
        """Let others follow from here on; what was before is no part of it."""
        self.run("CREATE USER follower IDENTIFIED BY 'follower'", "GRANT REPLICATION SLAVE ON *.* TO follower")
        self.run("RESET MASTER")

    def follow(self, primary: "MariaDB") -> None:
        """Take over what the primary stores, from its beginning."""
        self.run(
            "RESET MASTER",
            "SET GLOBAL gtid_slave_pos = ''",
            "SET GLOBAL rpl_semi_sync_slave_enabled = ON",  # for a primary that waits for it
            f"CHANGE MASTER TO MASTER_HOST='{primary.host}', MASTER_PORT={primary.port}, MASTER_USER='follower',"
            " MASTER_PASSWORD='follower', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1",
            "START SLAVE",
        )

    def wait_for_replica(self) -> None:
        """From now on acknowledge only what has arrived at the replica, as RDS does with its standby."""
        self.run(
            "SET GLOBAL rpl_semi_sync_master_wait_point = 'AFTER_SYNC'",
            "SET GLOBAL rpl_semi_sync_master_timeout = 60000",
            "SET GLOBAL rpl_semi_sync_master_enabled = ON",
        )

    def pause_applying(self) -> None:
        """Fall behind: what the primary stores still arrives, and is not applied."""
        self.run("STOP SLAVE SQL_THREAD")

    def go_on_applying(self) -> None:
        self.run("START SLAVE SQL_THREAD")

    def promote(self) -> None:
        """Apply all that has arrived, and from then on be the one that is written to."""
        self.run("STOP SLAVE IO_THREAD")
        wait_until(self.has_applied_all, what="the replica's log")
        self.run("STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL read_only = 0")

    def has_applied_all(self) -> bool:
        with self.connect() as connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute("SHOW SLAVE STATUS")
            status = cursor.fetchone()
        return "waiting for more updates" in status["Slave_SQL_Running_State"]

    def freeze(self) -> None:
        """Stop the server in its tracks: connections stay open and nothing answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    @contextmanager
    def frozen(self):
        self.freeze()
        try:
            yield
        finally:
            self.thaw()

    def version(self) -> str:
        ((text,),) = self.rows("SELECT CONCAT(@@version_comment, ' ', @@version)")
        return text


class MySQL(MariaDB):
    """The same with the program that DRILLS_SERVER names."""

    GTID = ("--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--sync-binlog=1")

    def prepare(self) -> None:
        subprocess.run([*self.command(), "--initialize-insecure"], check=True, capture_output=True)

    def command(self) -> list[str]:
        return [os.environ["DRILLS_SERVER"], *self.common(), "--mysqlx=OFF", "--secure-file-priv="]


def program(name: str) -> str:
    """Where a program of MariaDB's is; raise Missing."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:{SYSTEM_PATH}")
    if not found:
        raise Missing(f"needs {name} (Debian: apt-get install mariadb-server)")
    return found


def kind() -> type[MariaDB]:
    return MySQL if os.environ.get("DRILLS_SERVER") else MariaDB


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
