"""Two servers in replication: the replica lags, hangs, is gone; the primary fails over to it."""

import time

from drills import result
from drills.layout import Edit
from drills.processes import free_port, wait_until
from drills.proxy import Proxy
from drills.result import Bound, Result
from drills.stage import Drill, Guard, Stage

READS = {"list": 30, "search": 15, "read": 25, "create": 15, "form": 5, "change": 7, "delete": 3}


class Pair:
    """A primary and the replica that follows it, on one port of two addresses of loopback."""

    def __init__(self, stage: Stage):
        port = free_port()
        self.primary = stage.server(port=port, number=1)
        self.replica = stage.server(port=port, number=2, host="127.0.0.2")
        self.primary.allow_replication()
        self.replica.follow(self.primary)
        self.replica.run("SET GLOBAL read_only = 1")
        self.given = self.primary.database_of_master()

    def reads(self) -> int:
        """How many SELECTs the replica has been asked."""
        ((_, count),) = self.replica.rows("SHOW GLOBAL STATUS LIKE 'Com_select'")
        return int(count)


def without_the_replica(stage: Stage, begin, end, seconds: float, catch_up: float = 0.0) -> Result:
    """Judge a replica that is of no use for so many seconds: nobody notices, and afterwards it is used again."""
    pair = Pair(stage)
    site = stage.site(pair.given, DATABASE_READER_HOST=pair.replica.host)
    wait_until(lambda: used(pair, site), what="a read from the replica")
    with stage.under_load(site, pair.primary, mix=READS, after=5.0 + catch_up) as scene:
        before = pair.reads()
        with scene.fault():
            begin(pair)
            time.sleep(seconds)
            end(pair)
        back = pair.reads()
    return scene.judged(
        Bound("the replica is read before", before > 20, f"{before} times"),
        Bound("and again afterwards", pair.reads() - back > 20, f"{pair.reads() - back} times"),
        result.faults_are_only(scene.load.requests),
        result.all_ready(scene.watch.checks),
    )


def used(pair: Pair, site) -> bool:
    """Visit, and say whether that went to the replica."""
    before = pair.reads()
    site.call("/")
    return pair.reads() > before


def lagging(stage: Stage) -> Result:
    return without_the_replica(
        stage,
        lambda pair: pair.replica.pause_applying(),
        lambda pair: pair.replica.go_on_applying(),
        stage.seconds(15, 4),
    )


def frozen(stage: Stage) -> Result:
    return without_the_replica(
        stage, lambda pair: pair.replica.freeze(), lambda pair: pair.replica.thaw(), stage.seconds(15, 4)
    )


def gone(stage: Stage) -> Result:
    return without_the_replica(
        stage, lambda pair: pair.replica.kill(), lambda pair: pair.replica.start(), stage.seconds(10, 3)
    )


def failover(stage: Stage, end_primary) -> Result:
    """Judge the move of the primary's name to the promoted replica, some seconds after the primary has stopped writing.

    The name is a port of the drill's own that leads to the primary, then to the replica: each connection stays where it
    was made, as with the DNS name of an RDS database.
    """
    pair = Pair(stage)
    pair.primary.wait_for_replica()
    with Proxy(pair.primary.port) as name:
        site = stage.site({**pair.given, "DATABASE_PORT": str(name.port)})
        with stage.under_load(site, pair.primary) as scene, scene.fault():
            end_primary(pair, name)
            time.sleep(stage.seconds(5, 1))
            pair.replica.promote()
            name.host, name.target = pair.replica.host, pair.replica.port
        scene.server = pair.replica
        return scene.judged(
            result.fails_at_all(scene.load.requests),
            result.faults_are_only(scene.load.requests, "503"),
        )


def read_only(pair: Pair, name: Proxy) -> None:
    """The old primary stays and answers, but takes no more writes: error 1290."""
    pair.primary.run("SET GLOBAL read_only = 1")


def lost(pair: Pair, name: Proxy) -> None:
    name.target = None
    pair.primary.kill()


OWN_WRITES = Guard(
    "who wrote reads from the primary until the replica has it",
    (Edit("app/replicas.py", "    return int(text) / 1000 + CLOCKS_DIFFER", "    return 0.0"),),
)
FALL_BACK = Guard(
    "a read that fails on a replica is done on the primary",
    (Edit("app/database.py", "            database.replicas.send_away(replica, error)\n", "            raise\n"),),
)

DRILLS = (
    Drill("replica-lagging", lagging, "the replica applies nothing for 15 s", OWN_WRITES),
    Drill("replica-frozen", frozen, "the replica is stopped in its tracks (SIGSTOP) for 15 s", FALL_BACK),
    Drill("replica-gone", gone, "the replica is killed (-9) and started again", FALL_BACK, in_short=True),
    Drill(
        "failover-read-only",
        lambda stage: failover(stage, read_only),
        "failover: the primary becomes read-only, its replica is promoted and takes over its name",
        Guard(
            "connections to a server that has become read-only are dropped",
            (Edit("app/database.py", "USELESS = {1053, 1290, 1836, 3168, 3169}", "USELESS = set()"),),
        ),
        in_short=True,
    ),
    Drill(
        "failover-killed",
        lambda stage: failover(stage, lost),
        "failover: the primary is killed (-9), its replica is promoted and takes over its name",
        Guard(
            "the driver's errors about connections are known as outages",
            (Edit("app/outage.py", "OF_THE_CLIENT = range(2000, 3000)", "OF_THE_CLIENT = range(0)"),),
        ),
    ),
)
