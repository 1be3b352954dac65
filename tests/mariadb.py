"""A private MariaDB server, and the databases and users that tests make in it."""

import signal
from contextlib import contextmanager

import pymysql
from pymysql.converters import escape_string

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
    """A private server on loopback; each database() is a new, empty one."""

    def __init__(self, port: int, process):
        self.port = port
        self.process = process
        self.count = 0

    def connect(self, user="root", password="", **options):
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user=user, password=password.encode(), autocommit=True, **options
        )

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
            "DATABASE_HOST": "127.0.0.1",
            "DATABASE_PORT": str(self.port),
            "DATABASE_NAME": name,
            "DATABASE_USERNAME": user,
            "DATABASE_PASSWORD": PASSWORD,
            "SECRET_KEY": SECRET_KEY,
        }

    @contextmanager
    def frozen(self):
        """Stop the server in its tracks: connections stay open and nothing answers."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)
