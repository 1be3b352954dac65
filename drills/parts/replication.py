"""One MariaDB follows another one, by GTID, and takes its place."""

import pymysql

from drills.parts.processes import wait_until
from drills.parts.servers import MariaDB


def allow(server: MariaDB) -> None:
    """Let others follow from here on; what was before is no part of it."""
    server.run("CREATE USER follower IDENTIFIED BY 'follower'", "GRANT REPLICATION SLAVE ON *.* TO follower")
    server.run("RESET MASTER")


def follow(server: MariaDB, primary: MariaDB) -> None:
    """Take over what the primary stores, from its beginning."""
    server.run(
        "RESET MASTER",
        "SET GLOBAL gtid_slave_pos = ''",
        "SET GLOBAL rpl_semi_sync_slave_enabled = ON",  # for a primary that waits for it
        f"CHANGE MASTER TO MASTER_HOST='{primary.host}', MASTER_PORT={primary.port}, MASTER_USER='follower',"
        " MASTER_PASSWORD='follower', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1",
        "START SLAVE",
    )


def wait_for(server: MariaDB) -> None:
    """From now on acknowledge only what has arrived at the replica, as RDS does with its standby."""
    server.run(
        "SET GLOBAL rpl_semi_sync_master_wait_point = 'AFTER_SYNC'",
        "SET GLOBAL rpl_semi_sync_master_timeout = 60000",
        "SET GLOBAL rpl_semi_sync_master_enabled = ON",
    )


def waited_for(server: MariaDB) -> int:
    ((_, count),) = server.rows("SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_master_clients'")
    return int(count)


def pause(server: MariaDB) -> None:
    """Fall behind: what the primary stores still arrives, and is not applied."""
    server.run("STOP SLAVE SQL_THREAD")


def go_on(server: MariaDB) -> None:
    server.run("START SLAVE SQL_THREAD")


def promote(server: MariaDB) -> None:
    """Apply all that has arrived, and from then on be the one that is written to."""
    server.run("STOP SLAVE IO_THREAD")
    wait_until(lambda: has_applied_all(server), what="the replica's log")
    server.run("STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL read_only = 0")


def has_applied_all(server: MariaDB) -> bool:
    with server.connect() as connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute("SHOW SLAVE STATUS")
        status = cursor.fetchone()
    return "waiting for more updates" in status["Slave_SQL_Running_State"]
