"""A private MariaDB with one database a table size, filled as the application would have filled it."""

import os
import subprocess
import sys
from pathlib import Path

import pymysql

from app.store.words import words_of_entry
from rehearsal import database

ROOT = Path(__file__).parent.parent.parent
USER, PASSWORD = "bench", "on-loopback-only"
SEEDED = 1000  # entries that the application itself stores; larger tables repeat them
TOUCHED = 2000  # entries at most that a load changes, spread over the table, and that are put back afterwards
EXTRA_ID = 100_000_000  # above every id of the table itself
TEXT = {"title": "Check the boiler at home", "description": "As agreed by phone."}  # of each of them
RARE, RARE_COUNT = "heliotrope", 20
# A server in whose memory everything fits: what is compared is work, not disks.
LARGE = (
    "SET GLOBAL innodb_buffer_pool_size = 1536 * 1024 * 1024",
    "SET GLOBAL innodb_log_file_size = 512 * 1024 * 1024",
    "SET GLOBAL max_connections = 2000",
    "SET GLOBAL thread_cache_size = 256",
)
PUT_BACK = (
    "UPDATE entries JOIN kept_entries k USING (id) SET entries.title = k.title, entries.description = k.description,"
    " entries.status = k.status, entries.updated_at = k.updated_at, entries.version = k.version",
    "DELETE w FROM entry_words w JOIN kept_entries k ON k.id = w.entry_id",
    "INSERT INTO entry_words SELECT word, entry_id FROM kept_words",
)
# Counted by the server itself, whoever asked.
COUNTERS = ("Questions", "Handler_read")


class Server:
    """The server, and the databases in it."""

    def __init__(self, running: database.Database):
        self.running = running
        self.pid = running.process.pid
        for statement in LARGE:
            self.run(statement)

    def connect(self, name: str = ""):
        """A connection that gives up where a load has left a transaction open."""
        options = {"host": self.running.host, "port": self.running.port, "autocommit": True, "ssl_disabled": True}
        patience = "SET lock_wait_timeout = 60"
        return pymysql.connect(user=USER, password=PASSWORD, database=name or None, init_command=patience, **options)

    def run(self, *statements: str, name: str = "") -> tuple:
        """Run the statements one by one and return the rows of the last."""
        with self.connect(name) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()

    def environment(self, name: str) -> dict[str, str]:
        """What leads the application to a database."""
        return {
            "DATABASE_HOST": self.running.host,
            "DATABASE_PORT": str(self.running.port),
            "DATABASE_NAME": name,
            "DATABASE_USERNAME": USER,
            "DATABASE_PASSWORD": PASSWORD,
            "SECRET_KEY": "only-for-the-benchmark-0123456789",
        }


def counters(cursor) -> dict[str, int]:
    """How many statements were asked and how many rows were read so far; asking is a statement, too."""
    cursor.execute("SHOW GLOBAL STATUS WHERE Variable_name = 'Questions' OR Variable_name LIKE 'Handler_read%'")
    found = cursor.fetchall()
    return {name: sum(int(value) for key, value in found if key.startswith(name)) for name in COUNTERS}


def start(directory: Path, *options: str) -> Server:
    """Start the server, with more words for it, in a new directory; SystemExit with one line where there is none."""
    running = database.start(directory, "unused", USER, PASSWORD, *options)
    if running is None:
        raise SystemExit("bench: MariaDB is not installed: apt-get install mariadb-server, or an equal")
    return Server(running)


def make(server: Server, rows: int) -> str:
    """Make and fill a database with so many entries; return its name."""
    name = f"rows_{rows}"
    server.run(f"CREATE DATABASE {name}")
    flask(server, name, "migrate")
    flask(server, name, "seed-data", str(min(rows, SEEDED)))
    server.run(*growth(rows), name=name)
    server.run(*preparation(rows), name=name)
    return name


def flask(server: Server, name: str, *words: str) -> None:
    """Run one of the application's own commands."""
    environment = {"PATH": os.environ["PATH"], **server.environment(name)}
    command = [sys.executable, "-m", "flask", "--app", "app", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: flask {words[0]}: {done.stdout}{done.stderr}")


def growth(rows: int) -> list[str]:
    """The statements that repeat what is there until there are so many entries, each copy older than its original."""
    # Checks of each row would take most of the time; what is copied has passed them.
    statements = ["SET unique_checks = 0", "SET foreign_key_checks = 0"]
    present = min(rows, SEEDED)
    while present < rows:
        more = min(present, rows - present)
        times = ", ".join(f"TIMESTAMPADD(SECOND, -{present}, {name})" for name in ("created_at", "updated_at"))
        statements += [
            f"INSERT INTO entries SELECT id + {present}, title, description, status, {times}, version"
            f" FROM entries WHERE id <= {more}",
            f"INSERT INTO entry_words SELECT word, entry_id + {present} FROM entry_words WHERE entry_id <= {more}",
        ]
        present += more
    return statements


def touched(rows: int) -> str:
    """The condition for the entries that a load changes: TOUCHED of them, from one end of the table to the other."""
    return f"id % {step(rows)} = 1 % {step(rows)} AND id <= {step(rows) * TOUCHED}"


def step(rows: int) -> int:
    return max(1, rows // TOUCHED)


def preparation(rows: int) -> list[str]:
    """The statements that make the entries to be changed alike, keep a copy of them, and hide a rare word."""
    words = " UNION ALL ".join(f"SELECT '{word}' AS word" for word in words_of_entry(**TEXT))
    rare = f"id % {max(1, rows // RARE_COUNT)} = 0"
    return [
        f"CREATE TABLE kept_entries (PRIMARY KEY (id)) SELECT * FROM entries WHERE {touched(rows)}",
        "UPDATE kept_entries SET title = '{title}', description = '{description}', status = 'open'".format(**TEXT),
        "CREATE TABLE kept_words (PRIMARY KEY (entry_id, word))"
        f" SELECT word, id AS entry_id FROM kept_entries, ({words}) w",
        *PUT_BACK,
        f"UPDATE entries SET description = CONCAT(description, ' {RARE}') WHERE {rare} AND NOT ({touched(rows)})",
        f"INSERT INTO entry_words SELECT '{RARE}', id FROM entries WHERE {rare} AND NOT ({touched(rows)})",
        "ANALYZE TABLE entries, entry_words",
    ]


def to_delete(count: int) -> list[str]:
    """The statements that add entries to be deleted, whose ids begin at EXTRA_ID."""
    words = " UNION ALL ".join(f"SELECT '{word}' AS word" for word in words_of_entry(**TEXT))
    text, numbers = "'{title}', '{description}', 'open'".format(**TEXT), f"seq_0_to_{count - 1}"
    return [
        f"INSERT INTO entries SELECT {EXTRA_ID} + seq, {text}, UTC_TIMESTAMP(), UTC_TIMESTAMP(), 1 FROM {numbers}",
        f"INSERT INTO entry_words SELECT word, {EXTRA_ID} + seq FROM {numbers}, ({words}) w",
    ]


def put_back(server: Server, name: str, rows: int) -> None:
    """Undo what a load has changed, created and deleted."""
    added = [f"DELETE FROM entries WHERE id > {rows}", f"ALTER TABLE entries AUTO_INCREMENT = {rows + 1}"]
    server.run(*added, "DELETE FROM deleted_entries", "DELETE FROM idempotency_keys", *PUT_BACK, name=name)
