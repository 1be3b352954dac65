"""The rights of the application's own user: what it is refused, and that more than its own are taken away again."""

from types import SimpleNamespace

import pymysql
import pytest

from app import create_app
from app.database_user import revoke, schema_pattern

ESCAPED = r"`a\_b\%``c`"


def grants(mariadb, given):
    """What the server says of the application's user, without the hash of its password."""
    lines = mariadb.rows(f"SHOW GRANTS FOR '{given['APP_DATABASE_USERNAME']}'@'%'")
    return {line.partition(" IDENTIFIED")[0] for (line,) in lines}


def the_one_grant(given):
    user, schema = f"`{given['APP_DATABASE_USERNAME']}`@`%`", given["DATABASE_NAME"].replace("_", "\\_")
    return {f"GRANT USAGE ON *.* TO {user}", f"GRANT SELECT, INSERT, UPDATE, DELETE ON `{schema}`.* TO {user}"}


@pytest.fixture(scope="module")
def user(mariadb):
    """The environment of a migrated database, next to one whose name its name would fit as a pattern."""
    given = mariadb.database_of_master()
    other = given["DATABASE_NAME"].replace("_", "x")
    mariadb.run(f"CREATE DATABASE {other}", f"CREATE TABLE {other}.entries AS SELECT 1 AS id")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        assert create_app().test_cli_runner().invoke(args=["migrate"]).exit_code == 0
    return given


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t (a INT)",
        "ALTER TABLE entries ADD a INT",
        "DROP TABLE entries",
        "TRUNCATE TABLE entries",
        "CREATE INDEX i ON entries (status)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER t BEFORE INSERT ON entries FOR EACH ROW SET NEW.title = ''",
        "LOCK TABLES entries WRITE",
        "CREATE DATABASE mine",
        "DROP DATABASE {schema}",
        "SELECT * FROM {other}.entries",
        "SELECT * FROM mysql.user",
        "CREATE USER intruder",
        "GRANT SELECT ON {schema}.* TO intruder",
        "SET GLOBAL max_connections = 1",
        "SELECT title FROM entries INTO OUTFILE '/tmp/entries-of-a-test'",
    ],
)
def test_the_applications_user_is_refused(mariadb, user, statement):
    schema = user["DATABASE_NAME"]
    statement = statement.format(schema=schema, other=schema.replace("_", "x"))
    credentials = user["APP_DATABASE_USERNAME"], user["APP_DATABASE_PASSWORD"]
    with mariadb.connect(*credentials, database=schema) as connection, connection.cursor() as cursor:
        assert cursor.execute("SELECT 1 FROM entries") == 0
        with pytest.raises(pymysql.OperationalError) as error:
            cursor.execute(statement)
    assert error.value.args[0] in {1044, 1045, 1142, 1227, 1410, 1419}, error.value


@pytest.mark.slow
@pytest.mark.parametrize(
    "extra",
    [
        "GRANT ALL ON {schema}.* TO {user}",
        "GRANT CREATE ON `{pattern}`.* TO {user}",
        "GRANT SELECT ON `{pattern}`.* TO {user} WITH GRANT OPTION",
        "GRANT DROP ON {schema}.entries TO {user}",
        "GRANT REFERENCES (title) ON {schema}.entries TO {user}",
        "GRANT EXECUTE ON PROCEDURE {schema}.p TO {user}",
        "GRANT SELECT ON {schema}x.* TO {user}",
        "GRANT PROCESS ON *.* TO {user} WITH GRANT OPTION",
        "GRANT {role} TO {user}",
    ],
)
def test_more_rights_are_taken_away_again(mariadb, migrate_with, extra):
    given = mariadb.database_of_master()
    assert migrate_with(given).exit_code == 0
    names = {
        "schema": given["DATABASE_NAME"],
        "pattern": given["DATABASE_NAME"].replace("_", "\\_"),
        "user": f"'{given['APP_DATABASE_USERNAME']}'@'%'",
        "role": f"`role % of {given['DATABASE_NAME']}`",
    }
    prepare = ["CREATE PROCEDURE {schema}.p() SELECT 1", "CREATE ROLE {role}"]
    # The master is admin of its roles, as the one who makes them is.
    admin = f"GRANT {{role}} TO '{given['DATABASE_USERNAME']}'@'%' WITH ADMIN OPTION"
    mariadb.run(*(statement.format(**names) for statement in [*prepare, admin, extra]))
    assert grants(mariadb, given) != the_one_grant(given)
    result = migrate_with(given)
    assert result.exit_code == 0, result.output
    assert grants(mariadb, given) == the_one_grant(given)


@pytest.mark.slow
def test_a_right_that_cannot_be_taken_away_is_an_error(mariadb, migrate_with):
    given = mariadb.database_of_master()
    assert migrate_with(given).exit_code == 0
    user, master = given["APP_DATABASE_USERNAME"], given["DATABASE_USERNAME"]
    mariadb.run(f"GRANT PROXY ON '{master}'@'%' TO '{user}'@'%'")
    result = migrate_with(given)
    assert result.exit_code == 1
    line = result.output.replace("'", "`")
    assert line == f"migrate: error: user {user} keeps a right: GRANT PROXY ON `{master}`@`%` TO `{user}`@`%`\n"


class Server:
    """A connection that knows two answers; MariaDB has no variable of that name."""

    def __init__(self, partial_revokes):
        self.answers = {
            "SELECT DATABASE()": ["a_b%`c"],
            "SHOW VARIABLES LIKE 'partial_revokes'": partial_revokes and ["partial_revokes", partial_revokes],
        }

    def exec_driver_sql(self, statement):
        row = self.answers[statement]
        return SimpleNamespace(scalar=lambda: row[0], first=lambda: row)


@pytest.mark.parametrize(("partial_revokes", "pattern"), [(None, ESCAPED), ("OFF", ESCAPED), ("ON", "`a_b%``c`")])
def test_the_name_of_the_database_stands_for_itself(partial_revokes, pattern):
    assert schema_pattern(Server(partial_revokes)) == pattern


def test_roles_are_revoked_by_name_as_mysql_wants_it():
    """MariaDB takes them away with all privileges, MySQL does not."""
    sent = []
    connection = SimpleNamespace(exec_driver_sql=lambda statement, names: sent.append(statement % names))
    revoke(connection, "app", ["GRANT `a %`@`%`,`b`@`%` TO `app`@`%`", "GRANT DROP ON *.* TO `app`@`%`"])
    assert sent == ["REVOKE `a %`@`%`,`b`@`%` FROM app@'%'", "REVOKE ALL PRIVILEGES, GRANT OPTION FROM app@'%'"]
