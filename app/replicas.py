"""Which reads may go to a replica: those of visitors who then see at least what they themselves wrote.

Every second or so a thread of each process writes the time into the table `heartbeat` on the primary, unless another
process just did, and reads it on every replica. A replica that shows a time holds all that was stored before that
time. Who writes gets a cookie with the time; until a replica has shown a later one, this visitor's reads go to the
primary. So do all reads while no replica answers in time or is up to date, and those that ask for it by the header
`Cache-Control: no-cache`. The thread rests while nobody reads. See docs/decisions/0012-reads-from-replicas.md.
"""

import itertools
import threading
import time
from dataclasses import dataclass

from flask import Flask, g, has_request_context, request
from sqlalchemy import BigInteger, Column, Engine, Integer, Table, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.models import db

# Seconds.
INTERVAL = 1.0
MOST_LAG = 5.0
REST_AFTER = 30.0  # without a read
CLOCKS_DIFFER = 1.0  # by which two tasks' clocks may be apart

COOKIE = "wrote_at"
COOKIE_AGE = 300  # a replica that lags more is not used anyway

HEARTBEAT = Table(
    "heartbeat",
    db.metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("beat", BigInteger, nullable=False),  # milliseconds since 1970
)


@dataclass
class Replica:
    """A server that follows the primary."""

    engine: Engine
    holds_until: float = 0.0  # it holds all that was stored before this time, in seconds since 1970


class Replicas:
    """The replicas of one application, none or more, and what this process knows of them."""

    def __init__(self, app: Flask, primary: Engine, engines: list[Engine], connect):
        self.app, self.primary, self.connect = app, primary, connect
        self.all = [Replica(engine) for engine in engines]
        self.turn = itertools.count()
        self.beat = 0.0  # the primary's latest known
        self.last_read = 0.0  # monotonic
        self.starting = threading.Lock()
        self.stopped = threading.Event()
        self.thread: threading.Thread | None = None
        if self.all:
            app.after_request(tell_browser)

    def choose(self) -> Replica | None:
        """Return a replica that may serve the request at hand, or None for the primary."""
        if not self.all or not has_request_context():
            return None
        self.last_read = time.monotonic()
        self.keep_watching()
        needed = own_write()
        fit = [replica for replica in self.all if self.is_fit(replica, needed)]
        return fit[next(self.turn) % len(fit)] if fit else None

    def is_fit(self, replica: Replica, needed: float) -> bool:
        followed = self.beat - replica.holds_until <= MOST_LAG and replica.holds_until > 0
        return followed and replica.holds_until >= needed

    def send_away(self, replica: Replica, error: Exception) -> None:
        """Leave a replica alone until it has answered the thread."""
        replica.holds_until = 0.0
        self.app.logger.warning("replica %s not used: %s", replica.engine.url.host, getattr(error, "orig", error))

    def remember_write(self) -> None:
        """Note that this visitor wrote just now."""
        if self.all and has_request_context():
            g.wrote_at = time.time()

    def keep_watching(self) -> None:
        """Start the thread unless it runs. Not earlier: it would not live on in the workers that Gunicorn forks."""
        running = self.thread is not None and self.thread.is_alive()
        if not running and not self.stopped.is_set() and self.starting.acquire(blocking=False):
            try:
                self.thread = threading.Thread(target=self.watch, name="replicas", daemon=True)
                self.thread.start()
            finally:
                self.starting.release()

    def watch(self) -> None:
        """Look at every server each INTERVAL until nobody has read for a while."""
        try:
            with self.app.app_context():
                while time.monotonic() - self.last_read < REST_AFTER and not self.stopped.is_set():
                    self.look()
                    self.stopped.wait(INTERVAL)
        finally:
            for replica in self.all:
                replica.holds_until = 0.0  # what is known grows old while nobody looks

    def stop(self) -> None:
        """End the thread, for good."""
        self.stopped.set()
        if self.thread is not None:
            self.thread.join()

    def look(self) -> None:
        """Beat, and see how far each replica has come."""
        try:
            with self.connect(self.primary) as connection:
                self.beat = keep_beating(connection, time.time())
        except (DBAPIError, PoolTimeout) as error:
            # Who cannot write cannot leave a replica behind: they go on serving.
            self.app.logger.warning("no heartbeat: %s", getattr(error, "orig", error))
        for replica in self.all:
            try:
                with self.connect(replica.engine) as connection:
                    replica.holds_until = (connection.scalar(select(HEARTBEAT.c.beat)) or 0) / 1000
            except PoolTimeout:
                pass  # busy, so it answers others
            except DBAPIError as error:
                self.send_away(replica, error)


def keep_beating(connection, now: float) -> float:
    """Return the time of the primary's heartbeat, after writing now into it if it is older than half an INTERVAL."""
    beat = connection.scalar(select(HEARTBEAT.c.beat))
    if beat is not None and now - beat / 1000 < INTERVAL / 2:
        return beat / 1000
    if beat is None:
        connection.execute(insert(HEARTBEAT).prefix_with("IGNORE", dialect="mysql").values(id=1, beat=int(now * 1000)))
    else:
        connection.execute(update(HEARTBEAT).where(HEARTBEAT.c.id == 1).values(beat=int(now * 1000)))
    return now


def own_write() -> float:
    """Return the time that a replica must have reached to show this visitor's own writes; 0 if any will do."""
    if "wrote_at" in g or request.cache_control.no_cache:
        return float("inf")
    text = request.cookies.get(COOKIE, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 13):
        return 0.0
    return int(text) / 1000 + CLOCKS_DIFFER


def tell_browser(response):
    """Give who wrote the cookie that says when."""
    if "wrote_at" in g:
        response.set_cookie(
            COOKIE,
            str(int(g.wrote_at * 1000)),
            max_age=COOKIE_AGE,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    return response
