"""What pausing an environment means: which counts, which database states, what goes on costing."""

from dataclasses import dataclass

from deploy.problem import Problem

STOP, START, WAIT, NOTHING = "stop", "start", "wait until it is stopped, then start", "nothing"

_STOPPED = {"stopped", "stopping"}
_PAUSE = {"available": STOP, "stopping": NOTHING, "stopped": NOTHING}
_RESUME = {"available": NOTHING, "starting": NOTHING, "stopped": START, "stopping": WAIT}

# Types of the nest that go on costing by the hour while it is paused.
_STILL_COST = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "the load balancer and its public addresses",
    "AWS::EC2::NatGateway": "NAT gateways and their addresses",
    "AWS::EC2::VPCEndpoint": "interface endpoints",
    "AWS::WAFv2::WebACL": "the firewall",
    "AWS::KMS::Key": "the key",
    "AWS::CloudWatch::Dashboard": "alarms and dashboard",
    "AWS::SecretsManager::Secret": "secrets",
    "AWS::RDS::DBInstance": "the database's storage and backups",
}


@dataclass(frozen=True)
class Counts:
    """How many tasks an environment wants; `highest` is None where nothing scales them."""

    lowest: int
    highest: int | None


def counts(parameters: dict[str, str]) -> Counts:
    """The counts that the stack's parameters ask for."""
    if parameters.get("AutoScaling") == "true":
        return Counts(int(parameters["MinCapacity"]), int(parameters["MaxCapacity"]))
    return Counts(int(parameters["DesiredCount"]), None)


def before_pause(database: dict | None) -> str:
    """What to do with the database for a pause. Problem: RDS would refuse, and in which words it says why.

    RDS stops neither an instance that has read replicas nor a replica. Source: RDS User Guide, "Stopping an Amazon RDS
    DB instance temporarily", limitations.
    """
    if database is None:
        return NOTHING
    replicas = database.get("ReadReplicaDBInstanceIdentifiers", [])
    if replicas:
        raise Problem(
            f"RDS stops no instance that has read replicas ({', '.join(replicas)}): set ReadReplicas=0 and deploy first"
        )
    return _what(_PAUSE, database, "paused")


def before_resume(database: dict | None) -> str:
    """What to do with the database so that it runs. Problem: it is in a state that has to end first."""
    return NOTHING if database is None else _what(_RESUME, database, "resumed")


def _what(table, database, word):
    status = database["DBInstanceStatus"]
    if status not in table:
        raise Problem(f"the database is {status}: it can be {word} when that has ended; `make status` shows it")
    return table[status]


def is_paused(database: dict | None) -> bool:
    """Whether the database is stopped or about to be."""
    return database is not None and database["DBInstanceStatus"] in _STOPPED


def still_costs(types: set[str], egress_mode: str) -> str:
    """What of these resource types goes on costing by the hour during a pause.

    Of endpoints only the interface ones cost, which the egress mode tells.
    """
    if egress_mode != "interface-endpoints":
        types = types - {"AWS::EC2::VPCEndpoint"}
    return ", ".join(words for kind, words in _STILL_COST.items() if kind in types)
