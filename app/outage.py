"""Which errors of the driver mean that the database cannot serve now, and which are our own mistakes.

PyMySQL calls nearly everything an OperationalError, an unknown column as well as a server that is gone: the number
tells. What is not known here is our mistake, so that it is answered with 500 and logged, and not waited for.
"""

import sqlite3

from sqlalchemy.exc import DBAPIError

OF_THE_CLIENT = range(2000, 3000)  # no connection, none any more, or none that can be trusted
# https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html and
# https://mariadb.com/docs/server/reference/error-codes/mariadb-error-code-reference
OF_THE_SERVER = {
    *(1044, 1045, 1049, 1142),  # not let in, no such database, no rights in it: to be mended there, not here
    *(1129, 1130),  # this host is not let in
    *(1040, 1203, 1226),  # too many connections
    *(1053, 1317, 1927, 4031),  # shutting down, or it ended the statement or the connection
    *(1969, 3024),  # the statement took longer than it may
    *(1205, 1213),  # others held locks for too long
    *(1290, 1792, 1836),  # it only reads: a failover made another one the writer
    *(1021, 1030, 1041, 1114),  # disk or memory is full
    1146,  # no such table: the migrations have not run yet
    *(3032, 3168, 3169),  # offline, or the session was ended
}


def is_outage(error: DBAPIError) -> bool:
    """Whether error, of PyMySQL or sqlite3, says that the database cannot serve now."""
    if isinstance(error.orig, sqlite3.Error):
        is_ours = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR) == sqlite3.SQLITE_ERROR
        return isinstance(error.orig, sqlite3.OperationalError) and (not is_ours or "no such table" in str(error.orig))
    number = code(error)
    # The server numbers its errors; without a number the driver has given up a connection.
    return error.connection_invalidated or number == 0 or number in OF_THE_CLIENT or number in OF_THE_SERVER


def code(error: DBAPIError) -> int:
    """Return the number of the server's or the driver's error, 0 if it has none."""
    first = error.orig.args[0] if error.orig.args else 0
    return first if isinstance(first, int) else 0


def one_line(error: Exception) -> str:
    """Return the error's own words: the driver's where there is one, since SQLAlchemy's add the statement and a URL."""
    return " ".join(str(getattr(error, "orig", None) or error).split())
