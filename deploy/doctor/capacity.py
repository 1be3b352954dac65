"""Whether the account has room for what an environment holds."""

from collections import Counter
from dataclasses import dataclass

from deploy.doctor.finding import OK, PROBLEM, WARNING, Finding


@dataclass(frozen=True)
class Quota:
    """A limit of Service Quotas: its service and code, and what is counted against it."""

    service: str
    code: str
    counted: str


QUOTAS = {
    "vpcs": Quota("vpc", "L-F678F1CE", "VPCs in the region"),
    "addresses": Quota("ec2", "L-0263D0A3", "elastic addresses in the region"),
    "gateways": Quota("vpc", "L-FE5A380F", "NAT gateways in a zone"),
    "balancers": Quota("elasticloadbalancing", "L-53DA6B97", "application load balancers in the region"),
    "databases": Quota("rds", "L-7B6409FD", "database instances in the region"),
    "processors": Quota("fargate", "L-3032A538", "vCPUs of Fargate tasks in the region"),
}

_TYPES = {
    "AWS::EC2::VPC": "vpcs",
    "AWS::EC2::EIP": "addresses",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "balancers",
    "AWS::RDS::DBInstance": "databases",
}


def needed(resources: dict[str, dict], parameters: dict[str, str]) -> dict[str, float]:
    """What a resolved nest takes of each quota; `parameters` with their defaults."""
    counts = Counter(_TYPES[one["Type"]] for one in resources.values() if one["Type"] in _TYPES)
    # Gateways lie in different zones, so that a zone has one at most.
    counts["gateways"] = int(any(one["Type"] == "AWS::EC2::NatGateway" for one in resources.values()))
    scaled = parameters.get("AutoScaling") == "true"
    tasks = int(parameters["MaxCapacity" if scaled else "DesiredCount"])
    # During a deployment old and new tasks run beside each other.
    counts["processors"] = 2 * tasks * int(parameters["TaskCpu"]) / 1024
    return {name: counts[name] for name in QUOTAS}


def quota(name: str, limit: float, used: float | None, need: float) -> Finding:
    """A limit, what is used of it (None: that is not counted) and what the environment adds."""
    quota = QUOTAS[name]
    taken = "what runs already is not counted" if used is None else f"{used:g} used"
    text = f"{quota.counted}: {taken}, {need:g} more needed, {limit:g} allowed"
    total = (used or 0) + need
    if total > limit:
        return Finding(PROBLEM, f"{text}: remove some, or ask for more under Service Quotas ({quota.code})")
    if total == limit:
        return Finding(WARNING, f"{text}: none is left after that")
    return Finding(OK, text)
