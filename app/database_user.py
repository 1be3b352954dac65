"""The application's own user of the database: it may read and write rows, in one database, and do nothing else.

Each function works on the migrating user's connection, to MySQL or MariaDB, and raises DatabaseUserError or the errors
of the driver. The order leaves a running application no moment without its rights, unless there are some to take away.
"""

import re

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

RIGHTS = "SELECT, INSERT, UPDATE, DELETE"
# The driver fills in %(name)s and %(password)s, quoted as the server's sql_mode wants it; %% is %. A new user gets its
# password with the first statement, so that it never exists without one; an old one gets it with the second.
ACCOUNT = "%(name)s@'%%'"
PASSWORD_STATEMENTS = (
    f"CREATE USER IF NOT EXISTS {ACCOUNT} IDENTIFIED BY %(password)s REQUIRE {{require}}",
    f"ALTER USER {ACCOUNT} IDENTIFIED BY %(password)s{{retain}} REQUIRE {{require}}",
)
# MySQL lets a user log in with the password before the present one too, if asked to: the tasks of the release before
# go on making connections while a new password is rolled out. A rollout starts several tasks; all of them come here,
# and only the first may put the former password beside. What was there before, it puts away.
RETAIN = " RETAIN CURRENT PASSWORD"
# No rollout takes an hour.
IS_OLD = "SELECT password_last_changed < NOW() - INTERVAL 1 HOUR FROM mysql.user WHERE user = %(name)s AND host = '%%'"
SYNTAX_ERROR = 1064
NO_RIGHT = 1142


class DatabaseUserError(Exception):
    """Why the user is not as it must be, in one line without its password."""


def bring_up_to_date(connection: Connection, name: str, password: str) -> str:
    """Make the user name, or give it this password and no right but RIGHTS, and say in one line what it may do.

    It belongs to the database of connection: rights that it has elsewhere are taken away too. Where this connection is
    encrypted, the user's must be.
    """
    set_password(connection, name, password, "SSL" if is_encrypted(connection) else "NONE")
    schema = schema_pattern(connection)
    grant(connection, name, schema)
    if extra := extra_grants(connection, name, schema):
        revoke(connection, name, extra)
        grant(connection, name, schema)
        if left := extra_grants(connection, name, schema):
            # MariaDB shows a hash of the password behind IDENTIFIED.
            raise DatabaseUserError(f"user {name} keeps a right: {left[0].partition(' IDENTIFIED')[0]}")
    return f"user {name} may read and write rows"


def set_password(connection: Connection, name: str, password: str, require: str) -> None:
    retain = RETAIN if keeps_two_passwords(connection) and is_old(connection, name) else ""
    for statement in PASSWORD_STATEMENTS:
        try:
            run(connection, statement.format(require=require, retain=retain), name, password)
        except DBAPIError as error:
            if error.orig.args[0] != SYNTAX_ERROR:
                raise
            # This one message of the server quotes the statement, and with it the password.
            words = " ".join(statement.split()[:2])
            raise DatabaseUserError(f"user {name}: the server does not know this form of {words}") from None


def keeps_two_passwords(connection: Connection) -> bool:
    """https://dev.mysql.com/doc/refman/8.4/en/password-management.html#dual-passwords; MariaDB has no such thing."""
    return not connection.dialect.is_mariadb and connection.dialect.server_version_info >= (8, 0, 14)


def is_old(connection: Connection, name: str) -> bool:
    """Whether the user has had its password for longer than a rollout takes. A user that is not there has none."""
    try:
        return bool(run(connection, IS_OLD, name).scalar())
    except DBAPIError as error:
        if error.orig.args[0] != NO_RIGHT:
            raise
        return False  # a server that does not let its master look; then the former password ends at once


def is_encrypted(connection: Connection) -> bool:
    return connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Ssl_cipher'").one()[1] != ""


def schema_pattern(connection: Connection) -> str:
    """Return the name of the connection's database quoted for GRANT.

    GRANT takes a pattern, where `_` and `%` stand for any characters unless escaped by a backslash; but a MySQL with
    partial_revokes on takes every character for itself, the backslash too.
    """
    schema = connection.exec_driver_sql("SELECT DATABASE()").scalar()
    literal = connection.exec_driver_sql("SHOW VARIABLES LIKE 'partial_revokes'").first()
    if literal is None or literal[1] != "ON":
        schema = re.sub(r"([\\_%])", r"\\\1", schema)
    return "`" + schema.replace("`", "``") + "`"


def grant(connection: Connection, name: str, schema: str) -> None:
    run(connection, f"GRANT {RIGHTS} ON {schema.replace('%', '%%')}.* TO {ACCOUNT}", name)


def extra_grants(connection: Connection, name: str, schema: str) -> list[str]:
    """Return the lines of SHOW GRANTS that say more than RIGHTS on schema, quoted by backticks in every sql_mode."""
    lines = [line.replace('"', "`") for (line,) in run(connection, f"SHOW GRANTS FOR {ACCOUNT}", name)]
    wanted = f"GRANT {RIGHTS} ON {schema}.* TO `{name}`@`%`".replace('"', "`")
    return [line for line in lines if line.startswith("GRANT ") and line != wanted and not is_no_right(line)]


def is_no_right(line: str) -> bool:
    return line.startswith("GRANT USAGE ON *.* TO ") and "GRANT OPTION" not in line


def revoke(connection: Connection, name: str, extra: list[str]) -> None:
    """Take away every right and the roles among extra, which REVOKE ALL leaves on MySQL."""
    for line in extra:
        if line.startswith("GRANT `"):
            roles = line.removeprefix("GRANT ").partition(f" TO `{name}`@")[0]
            run(connection, f"REVOKE {roles.replace('%', '%%')} FROM {ACCOUNT}", name)
    run(connection, f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {ACCOUNT}", name)


def run(connection: Connection, statement: str, name: str, password: str = ""):
    return connection.exec_driver_sql(statement, {"name": name, "password": password})
