"""How long things take: as recorded in earlier deployments of the stack, else as others have measured."""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

# Seconds that the creation of a type took where it is worth waiting for: satoshi256kbyte/cdk-express-mode, 2026-07
# (load balancer 205, RDS MySQL db.t3.micro 446, Fargate service behind a load balancer 426 with it); a NAT gateway one
# to two minutes. Single runs of others: an order of magnitude, until there is a recording of one's own.
TYPICAL = {
    "AWS::RDS::DBInstance": 446,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": 205,
    "AWS::ECS::Service": 221,
    "AWS::EC2::NatGateway": 90,
}

# How many recordings of a stack are read, the newest ones.
RECORDINGS = 5

Key = tuple[str, str]  # path, and CREATE, UPDATE or DELETE; the root's path is empty


def action(status: str) -> str:
    """What is done to a resource in this state: CREATE, UPDATE, DELETE, or another first word such as ROLLBACK."""
    return status.partition("_")[0]


def durations(events: Iterable[dict]) -> Iterator[tuple[Key, float]]:
    """What took how many seconds, from recorded events: from its first event in progress until it was complete."""
    began: dict[Key, datetime] = {}
    for event in sorted(events, key=lambda event: event["time"]):
        key = event["path"], action(event["status"])
        time = datetime.fromisoformat(event["time"])
        if event["status"] == f"{key[1]}_IN_PROGRESS":
            began.setdefault(key, time)
        elif event["status"] == f"{key[1]}_COMPLETE" and key in began:
            yield key, (time - began.pop(key)).total_seconds()


def recorded(base: Path, stack: str) -> dict[Key, float]:
    """Durations of the stack's earlier deployments recorded under `base`, the newest one's first; none unreadable."""
    known: dict[Key, float] = {}
    own = re.compile(rf"\d{{8}}T\d{{6}}Z-{re.escape(stack)}(\.\d+)?")
    folders = [path for path in base.glob("*/events.jsonl") if own.fullmatch(path.parent.name)]
    for path in sorted(folders, reverse=True)[:RECORDINGS]:
        for key, seconds in durations(_read(path)):
            known.setdefault(key, seconds)
    return known


def _read(path: Path) -> Iterator[dict]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        try:
            event = json.loads(line)
            event["time"], event["path"], event["status"]
        except (ValueError, KeyError, TypeError):
            continue  # the last line of a process that was killed
        yield event


def estimate(known: dict[Key, float], path: str, kind: str, status: str) -> float | None:
    """Seconds that what is under way at `path` will take in all; None if nobody knows."""
    key = path, action(status)
    if key in known:
        return known[key]
    return TYPICAL.get(kind) if key[1] == "CREATE" else None
