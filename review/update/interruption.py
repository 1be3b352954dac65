"""What a change interrupts, in a sentence: a table by type and property, with its sources.

RDS: "Settings for DB instances", docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html, the
column of downtime; how long a failover takes: repost.aws/knowledge-center/rds-performance-impact (60 to 120 seconds).
MySQL: "Server System Variable Reference" of the 8.4 manual, the column Dynamic: what is not dynamic is read at start.
ECS: a rolling update starts new tasks before it stops old ones (MinimumHealthyPercent=100 in templates/service.py).
"""

from collections.abc import Callable
from dataclasses import dataclass

from review.update.change import IN_PLACE, MODIFY, REMOVE, REPLACED, Change, Difference
from review.update.guard import HOLDS
from review.update.replacement import is_named

DBINSTANCE = "AWS::RDS::DBInstance"


@dataclass(frozen=True)
class Effect:
    """`text` is for a person; `interrupts`: does somebody who uses the application notice?"""

    text: str
    interrupts: bool = False


def _switched(change: Change, why: str) -> Effect:
    if _is_replica(change):
        return Effect(f"{why}: some minutes without this replica", True)
    if _is_true(change, "MultiAZ"):
        return Effect(f"{why}: fails over to the standby, one or two minutes without the database", True)
    return Effect(f"{why}: some minutes without the database, it has no standby", True)


def _instance_class(change: Change, _: Difference) -> Effect:
    return _switched(change, "another class")


def _engine_version(change: Change, _: Difference) -> Effect:
    return Effect("another version: some minutes without the database, standby or not", True)


def _backups(change: Change, difference: Difference) -> Effect | None:
    if "0" in (str(difference.before), str(difference.after)):
        return _switched(change, "backups turned on or off")
    return None


def _storage(_: Change, difference: Difference) -> Effect:
    sizes = [_number(difference.before), _number(difference.after)]
    if None not in sizes and sizes[1] < sizes[0]:
        return Effect("RDS refuses: storage can grow, never shrink")
    return Effect("no interruption, but slower for hours; no other change of the storage for six hours")


# Dynamic and not, of those that are often set. Of others nothing is said for sure.
_DYNAMIC = {
    "binlog_format", "character_set_server", "collation_server", "event_scheduler", "general_log",
    "innodb_buffer_pool_size", "innodb_flush_log_at_trx_commit", "innodb_io_capacity", "innodb_lock_wait_timeout",
    "innodb_print_all_deadlocks", "interactive_timeout", "local_infile", "log_bin_trust_function_creators",
    "log_output", "log_queries_not_using_indexes", "long_query_time", "max_allowed_packet", "max_connections",
    "max_execution_time", "net_read_timeout", "net_write_timeout", "require_secure_transport", "slow_query_log",
    "sort_buffer_size", "sql_mode", "sync_binlog", "table_open_cache", "time_zone", "tmp_table_size",
    "transaction_isolation", "wait_timeout",
}  # fmt: skip
_AT_START = {
    "back_log", "innodb_buffer_pool_instances", "innodb_ft_min_token_size", "innodb_purge_threads",
    "innodb_read_io_threads", "innodb_write_io_threads", "lower_case_table_names", "performance_schema",
    "skip_name_resolve", "table_open_cache_instances", "thread_stack",
}  # fmt: skip


def _mysql_parameters(_: Change, difference: Difference) -> Effect | None:
    sides = [side if isinstance(side, dict) else {} for side in (difference.before, difference.after)]
    names = {name for side in sides for name in side if sides[0].get(name) != sides[1].get(name)}
    at_start, unknown = sorted(names & _AT_START), sorted(names - _AT_START - _DYNAMIC)
    if at_start:
        return Effect(f"{', '.join(at_start)}: read when MySQL starts; reboot the database when it suits you")
    if unknown or not names:
        return Effect(
            f"{', '.join(unknown) or 'what changes'}: may be read only when MySQL starts, then after a reboot"
        )
    return None


def _says(text: str, interrupts: bool = False) -> Callable[[Change, Difference], Effect]:
    return lambda *_: Effect(text, interrupts)


_ROLLING = _says("new tasks start before old ones stop: no interruption")

# (type, property) -> what its change in place does, if anything is to be said of it.
IN_PLACE_EFFECTS: dict[tuple[str, str], Callable[[Change, Difference], Effect | None]] = {
    (DBINSTANCE, "DBInstanceClass"): _instance_class,
    (DBINSTANCE, "EngineVersion"): _engine_version,
    (DBINSTANCE, "BackupRetentionPeriod"): _backups,
    (DBINSTANCE, "AllocatedStorage"): _storage,
    (DBINSTANCE, "StorageType"): _storage,
    (DBINSTANCE, "MultiAZ"): _says("no interruption; writes are slower while a standby is made"),
    (DBINSTANCE, "Port"): _says("the database restarts at once", True),
    (DBINSTANCE, "DBParameterGroupName"): _says("parameters that MySQL reads at its start wait for a reboot"),
    (DBINSTANCE, "CACertificateIdentifier"): _says("no restart with MySQL 8.4; clients must know the new authority"),
    ("AWS::RDS::DBParameterGroup", "Parameters"): _mysql_parameters,
    ("AWS::ECS::Service", "TaskDefinition"): _ROLLING,
    ("AWS::ECS::Service", "NetworkConfiguration"): _ROLLING,
    ("AWS::ECS::Service", "LoadBalancers"): _ROLLING,
    ("AWS::SecretsManager::Secret", "GenerateSecretString"): _says(
        "a NEW password is generated; the database does not learn it by itself, and tasks read it when they start", True
    ),
}  # fmt: skip

# Type -> what its replacement does to who uses the application, and what its removal does.
END_EFFECTS: dict[str, tuple[Effect | None, Effect | None]] = {
    DBINSTANCE: (
        Effect("the application goes on with an empty database", True),
        Effect("the application is without a database", True),
    ),
    "AWS::EC2::VPC": (Effect("all that is in the network is made anew", True), None),
    "AWS::EC2::NatGateway": (
        Effect("connections outwards break; later ones come from another address", True),
        Effect("connections outwards break, and new ones need another way", True),
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        Effect("another address: clients must look the name up again", True),
        Effect("nobody answers at its address any more", True),
    ),
    # The listener, in the stack before, leads to the new group before tasks are in it.
    "AWS::ElasticLoadBalancingV2::TargetGroup": (
        Effect("no answer until the tasks are registered with the new one", True),
        Effect("requests that went to it get no answer", True),
    ),
    "AWS::ElasticLoadBalancingV2::Listener": (None, Effect("nobody answers on its port any more", True)),
    "AWS::ECS::Service": (
        Effect("a second service starts before the first one stops: no interruption"),
        Effect("its tasks stop", True),
    ),
    "AWS::Logs::LogGroup": (Effect("its log is lost"), Effect("its log is lost")),
}

# DeletionPolicy or UpdateReplacePolicy -> what becomes of the one that was there.
_OLD = {
    "Delete": "the old one is deleted for good",
    "Snapshot": "a snapshot of the old one is taken and kept",
    "Retain": "the old one stays in the account, outside the stack",
    "RetainExceptOnCreate": "the old one stays in the account, outside the stack",
}

NAMED = Effect("CloudFormation refuses: it has a name of its own; give it another name to replace it")


def effects(change: Change) -> list[Effect]:
    """What the change does to who uses the application, and what else is to be known; nothing if nothing is."""
    if change.action == REMOVE or (change.action == MODIFY and change.verdict != IN_PLACE):
        return _of_end(change)
    found = [IN_PLACE_EFFECTS[change.kind, item.name](change, item) for item in _in_table(change)]
    return list(dict.fromkeys(effect for effect in found if effect))


def _in_table(change):
    if change.action != MODIFY:
        return []
    return [item for item in change.differences if (change.kind, item.name) in IN_PLACE_EFFECTS]


def _of_end(change):
    sides = [(body or {}).get("Properties", {}) for body in (change.before, change.after)]
    if change.verdict == REPLACED and is_named(change.kind, *sides):
        return [NAMED]
    ended = END_EFFECTS.get(change.kind, (None, None))[change.action == REMOVE]
    if _is_replica(change):
        ended = Effect("who reads from this replica gets no answer", True)
    return [*([ended] if ended else []), *_kept(change)]


def _kept(change):
    """What becomes of the resource that was there, of one that holds data."""
    policy = "DeletionPolicy" if change.action == REMOVE else "UpdateReplacePolicy"
    words = _OLD.get(str((change.before or {}).get(policy, "Delete")))
    return [Effect(words)] if words and change.kind in HOLDS and change.before else []


def _is_replica(change):
    return "SourceDBInstanceIdentifier" in (change.before or {}).get("Properties", {})


def _is_true(change, name):
    bodies = [body for body in (change.before, change.after) if body]
    return bool(bodies) and all(body.get("Properties", {}).get(name) in (True, "true") for body in bodies)


def _number(value):
    return int(value) if str(value).isdecimal() else None
