"""What else an environment could be, and what that would cost: computed by resolving it again."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from review import workspace
from review.price.bill import Bill, monthly
from review.price.table import Table, table
from review.price.traffic import Traffic
from review.problem import Problem

# What can be chosen: (parameter, {value: what it means}), dearer or more available further down.
CHOICES = [
    (
        "EgressMode",
        {
            "public-addresses": "tasks in the public subnets, with addresses of their own",
            "nat-gateway": "one for both zones, lost with its zone",
            "interface-endpoints": "AWS services only, no way to the internet",
            "nat-gateway-per-zone": "survives the loss of a zone",
        },
    ),
    (
        "ServiceEndpoints",
        {"false": "AWS's services by the way out", "true": "AWS's services inside the VPC, beside the way out"},
    ),
    ("CpuArchitecture", {"ARM64": "images built for ARM", "X86_64": "images built for x86"}),
    ("MultiAZ", {"false": "no standby: a lost zone means a restore", "true": "a standby in the other zone takes over"}),
    ("ReadReplicas", {"0": "none", "1": "one copy answers reads", "2": "two copies answer reads"}),
    ("Firewall", {"false": "no firewall", "true": "AWS WAF before the load balancer"}),
    ("AccessLogs", {"false": "no access log", "true": "the load balancer's access log, in a bucket"}),
    (
        "FlowLogs",
        {"none": "no flow logs", "s3": "flow logs in a bucket", "cloud-watch-logs": "flow logs, to be queried"},
    ),
    ("EnableMonitoring", {"false": "no alarms, no dashboard", "true": "alarms, dashboard, log metrics"}),
    (
        "ContainerInsights",
        {
            "disabled": "metrics of the service only",
            "enabled": "network, storage and task metrics",
            "enhanced": "metrics of each task and container",
        },
    ),
    ("CustomerManagedKey", {"false": "AWS's own keys", "true": "a key of your own"}),
]
SIZES = ["micro", "small", "medium", "large", "xlarge"]


@dataclass(frozen=True)
class Alternative:
    """Another choice and what it would change."""

    parameter: str
    chosen: str
    changes: dict[str, str]
    meaning: str
    usd: Decimal | None  # a month, against what is chosen; None: it is refused
    refused: str = ""  # why


def alternatives(env: str, region: str, traffic: Traffic, bill: Bill) -> list[Alternative]:
    """Every choice that an environment could have made otherwise."""
    loaded = workspace.load(env, region)
    values = {name: str(body.get("Default", "")) for name, body in loaded.definitions.items()} | loaded.values
    options = [*_listed(values), *_classes(values, table(region)), *_tasks(values)]
    return [_judge(env, region, traffic, bill, *option) for option in options]


def _listed(values) -> Iterator[tuple[str, str, dict, str]]:
    for parameter, meanings in CHOICES:
        if parameter in values:
            for value, meaning in meanings.items():
                if value != values[parameter]:
                    yield parameter, values[parameter], {parameter: value}, meaning


def _classes(values, prices: Table):
    """The next smaller and the next larger class of the same family."""
    _, family, size = values["DBInstanceClass"].split(".")
    there = [each for each in SIZES if f"rds-db-{family}-{each}" in prices.prices]
    if size not in there:
        return
    place = there.index(size)
    for at, meaning in ((place - 1, "the next smaller class"), (place + 1, "the next larger class")):
        if 0 <= at < len(there):
            changed = f"db.{family}.{there[at]}"
            yield "DBInstanceClass", values["DBInstanceClass"], {"DBInstanceClass": changed}, meaning


def _tasks(values):
    """One task fewer, one more, and all beyond the first on Spot."""
    parameter = "MinCapacity" if values["AutoScaling"] == "true" else "DesiredCount"
    count = int(values[parameter])
    if count > 1:
        yield parameter, str(count), {parameter: str(count - 1)}, "one task fewer"
    if parameter != "MinCapacity" or count < int(values["MaxCapacity"]):
        yield parameter, str(count), {parameter: str(count + 1)}, "one task more"
    spot = {"OnDemandBase": "1" if count > 1 else "0", "OnDemandWeight": "0", "SpotWeight": "1"}
    if any(values[name] != value for name, value in spot.items()):
        meaning = "all but one task on Spot" if count > 1 else "the task on Spot, which AWS may take away"
        yield "SpotWeight", values["SpotWeight"], spot, meaning


def _judge(env, region, traffic, bill, parameter, chosen, changes, meaning):
    try:
        changed = workspace.load(env, region, changes)
        usd = monthly(changed.nest, region, traffic).month - bill.month
        return Alternative(parameter, chosen, changes, meaning, usd)
    except Problem as problem:
        return Alternative(parameter, chosen, changes, meaning, None, str(problem).rpartition(": ")[2])
