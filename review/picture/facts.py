"""What an ops person asks first of an environment, in a few words."""

import re

from review.picture.cards import count
from review.reach.matrix import Matrix
from review.reach.parties import BALANCER, DATABASE, listeners


def facts(matrix: Matrix) -> dict[str, str]:
    """Question: answer."""
    return {
        "Database": _database(matrix),
        "TLS": _tls(matrix),
        "Backups": _backups(matrix),
        "Protected from deletion": ", ".join(_protected(matrix)) or "nothing",
        "Encrypted with": _keys(matrix),
        "Alarms": _alarms(matrix),
    }


def _instances(matrix):
    return [matrix.network.resources[party.title]["Properties"] for party in matrix.of_kind(DATABASE)]


def _database(matrix):
    instances = _instances(matrix)
    copies = sum("SourceDBInstanceIdentifier" in each for each in instances)
    zones = "Multi-AZ" if any(each.get("MultiAZ") for each in instances) else "single zone"
    return f"{zones}, {count(copies, 'replica')}" if copies else zones


def _tls(matrix):
    """By the names of security policies, as ELBSecurityPolicy-TLS13-1-2-2021-06: 1.3, and 1.2 at the least."""
    network = matrix.network
    policies = [
        each.get("SslPolicy", "")
        for party in matrix.of_kind(BALANCER)
        for _, each in listeners(network, party.title)
        if each["Protocol"] == "HTTPS"
    ]
    if not policies:
        return "none, HTTP only"
    found = re.match(r"ELBSecurityPolicy-TLS13-1-(\d)", policies[0])
    if found:
        return "1.3 only" if found[1] == "3" else f"1.{found[1]} and newer"
    return policies[0].removeprefix("ELBSecurityPolicy-") or "AWS's default"


def _backups(matrix):
    own = [each for each in _instances(matrix) if "SourceDBInstanceIdentifier" not in each]
    days = max((int(each.get("BackupRetentionPeriod", 1)) for each in own), default=0)
    return count(days, "day") if days else "none"


def _protected(matrix):
    if any(each.get("DeletionProtection") for each in _instances(matrix)):
        yield "database"
    for party in matrix.of_kind(BALANCER):
        attributes = matrix.network.resources[party.title]["Properties"].get("LoadBalancerAttributes", [])
        if {"Key": "deletion_protection.enabled", "Value": "true"} in attributes:
            yield "load balancer"


def _keys(matrix):
    instances = _instances(matrix)
    if not all(each.get("StorageEncrypted") or "SourceDBInstanceIdentifier" in each for each in instances):
        return "the database is not"
    return "a key of its own" if any("KmsKeyId" in each for each in instances) else "AWS's keys"


def _alarms(matrix):
    alarms = len(list(matrix.network.of_type("AWS::CloudWatch::Alarm")))
    if not alarms:
        return "none"
    if not list(matrix.network.of_type("AWS::SNS::Topic")):
        return f"{alarms}, for rollbacks"
    told = list(matrix.network.of_type("AWS::SNS::Subscription"))
    return f"{alarms}, by e-mail" if told else f"{alarms}, nobody told"
