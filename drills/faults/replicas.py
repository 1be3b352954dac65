"""Two servers in replication: the replica lags, hangs, is gone; the primary fails over to it."""

import time

from drills import result
from drills.parts import replication
from drills.parts.layout import Edit
from drills.parts.processes import free_port, wait_until
from drills.parts.proxy import Proxy
from drills.parts.servers import only_with_mariadb
from drills.result import Bound, Result
from drills.stage import Drill, Guard, Stage

ENOUGH = 20  # reads of a replica that are more than the watching of it


class Pair:
    """A primary and the replica that follows it, on one port of two addresses of loopback."""

    def __init__(self, stage: Stage, synchronous: bool = False):
        """synchronous: the primary acknowledges only what has arrived at the replica, as RDS does with a standby."""
        only_with_mariadb()
        port = free_port()
        self.primary = stage.server(port=port, number=1)
        self.replica = stage.server(port=port, number=2, host="127.0.0.2")
        replication.allow(self.primary)
        if synchronous:
            replication.wait_for(self.primary)
        replication.follow(self.replica, self.primary)
        self.replica.run("SET GLOBAL read_only = 1")
        if synchronous:
            wait_until(lambda: replication.waited_for(self.primary), what="the replica")
        self.given = self.primary.database_of_master()

    def reads(self) -> int:
        """How many SELECTs the replica has been asked."""
        ((_, count),) = self.replica.rows("SHOW GLOBAL STATUS LIKE 'Com_select'")
        return int(count)


def without_the_replica(stage: Stage, begin, end, seconds: float) -> Result:
    """Judge a replica that is of no use for so many seconds: nobody notices, and afterwards it is used again."""
    pair = Pair(stage)
    site = stage.site(pair.given, DATABASE_READER_HOST=pair.replica.host)
    wait_until(lambda: used(pair, site), what="a read from the replica")
    start = pair.reads()
    with stage.under_load(site, pair.primary, readers=8, after=6.0) as scene:
        before = pair.reads() - start
        with scene.fault():
            begin(pair)
            time.sleep(seconds)
            end(pair)
        back = pair.reads()
    again = pair.reads() - back
    return scene.judged(
        Bound("the replica is read before", before > ENOUGH, f"{before} times"),
        Bound("and again afterwards", again > ENOUGH, f"{again} times"),
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
        lambda pair: replication.pause(pair.replica),
        lambda pair: replication.go_on(pair.replica),
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
    pair = Pair(stage, synchronous=True)
    with Proxy(pair.primary.port) as name:
        site = stage.site({**pair.given, "DATABASE_PORT": str(name.port)})
        with stage.under_load(site, pair.primary) as scene, scene.fault():
            end_primary(pair, name)
            time.sleep(stage.seconds(5, 1))
            replication.promote(pair.replica)
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
    """It ends while it waits for the replica: what it was storing then is on its way there, and nobody was told so."""
    name.target = None
    pair.replica.freeze()
    time.sleep(0.5)
    pair.primary.kill()
    pair.replica.thaw()


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
    Drill("replica-gone", gone, "the replica is killed (-9) and started again", FALL_BACK),
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
        "failover: the primary is killed (-9) while it stores, its replica is promoted and takes over its name",
        Guard(
            "a connection lost at COMMIT is an unknown outcome, and said to be one",
            (
                Edit(
                    "app/database.py",
                    "            raise OutcomeUnknown(error.statement, None, error.orig) from error\n",
                    "            raise\n",
                ),
            ),
        ),
    ),
)
