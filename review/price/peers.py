"""What the same application costs as others set it up by default, and what a million requests cost."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import cache
from pathlib import Path

from review import environment, workspace
from review.price.bill import monthly
from review.price.compute import SERVICE, tasks
from review.price.network import CONNECTIONS_PER_LCU
from review.price.report import cents
from review.price.site import Site
from review.price.table import Table, table
from review.price.traffic import HOURS, Traffic
from review.problem import Problem

PATH = Path(__file__).parent / "peers.toml"
CPU_MS = Decimal("2.2")  # of a task for a request; list page, 1,000 rows
BUSY = Decimal("0.6")  # share of its CPU that a task is filled to: CpuTargetPercent of templates/parameters/service.py
MILLION = Decimal(1000000)


@dataclass(frozen=True)
class Task:
    """One task's size."""

    cpu: Decimal  # units, 1,024 to a vCPU
    memory: Decimal  # MiB
    platform: str

    def hour(self, prices: Table) -> Decimal:
        """US dollars for an hour of it."""
        vcpu, gb = (prices.price(f"fargate-{self.platform}-{unit}", "a task").usd for unit in ("vcpu", "gb"))
        return vcpu * self.cpu / 1024 + gb * self.memory / 1024

    def needed(self, requests: Decimal, cpu_ms: Decimal) -> Decimal:
        """How many of it so many requests a month keep as busy as it may be, if they come evenly."""
        seconds = requests * cpu_ms / 1000
        return (seconds / (HOURS * 3600 * BUSY * self.cpu / 1024)).to_integral_value(ROUND_CEILING)


@dataclass(frozen=True)
class Setup:
    """What is paid for, in US dollars a month."""

    name: str
    what: str
    task: Task
    least: Decimal  # tasks
    fixed: Decimal  # without tasks
    by_use: Decimal

    def month(self, prices: Table, requests: Decimal, cpu_ms: Decimal) -> Decimal:
        """All of it, with as many tasks as so many requests need."""
        count = max(self.least, self.task.needed(requests, cpu_ms))
        return self.fixed + self.by_use + count * self.task.hour(prices) * HOURS

    def million(self, prices: Table, cpu_ms: Decimal) -> Decimal:
        """What the CPU of a million requests costs, with the memory that comes with it, at BUSY."""
        return MILLION * cpu_ms / 1000 / 3600 / BUSY / (self.task.cpu / 1024) * self.task.hour(prices)


@cache
def _read() -> dict:
    with PATH.open("rb") as file:
        return tomllib.load(file, parse_float=Decimal)


def peers(prices: Table, traffic: Traffic) -> Iterator[Setup]:
    """The others. What traffic costs is the same for all: capacity units, answers, logs."""
    sent = traffic.gb(traffic.response_bytes)
    units = max(traffic.requests / (HOURS * 3600) / CONNECTIONS_PER_LCU, sent / HOURS) * HOURS
    for peer in _read()["peers"]:
        use = [(prices.price(name, peer["name"]), Decimal(amount)) for name, amount in peer["use"].items()]
        fixed = sum(each.usd * amount * (HOURS if each.per.endswith("hour") else 1) for each, amount in use)
        logs = traffic.gb(traffic.task_log_bytes)
        by_use = {"load-balancer-lcu": units, "internet-gb": sent, "log-gb": logs}
        if "nat-gateway" in peer["use"]:
            by_use["nat-gateway-gb"] = logs
        traffic_usd = sum(prices.price(name, peer["name"]).usd * amount for name, amount in by_use.items())
        task = Task(Decimal(peer["task"]["cpu"]), Decimal(peer["task"]["memory"]), peer["task"]["platform"])
        yield Setup(peer["name"], peer["what"], task, Decimal(peer["tasks"]), fixed, traffic_usd)


def ours(env: str, region: str, traffic: Traffic) -> Setup:
    """One of our environments, taken from its bill. Tasks on Spot are counted at the price of others."""
    nest = workspace.load(env, region).nest
    bill, prices = monthly(nest, region, traffic), table(region)
    site = Site(nest.flat["Resources"], prices, traffic)
    ((title, service),) = site.of_type(SERVICE)
    definition = site.properties(site.meant(service["TaskDefinition"]))
    platform = definition.get("RuntimePlatform", {}).get("CpuArchitecture", "X86_64")
    task = Task(Decimal(definition["Cpu"]), Decimal(definition["Memory"]), platform)
    least = tasks(site, title)
    running = sum(charge.usd for charge in bill.charges if charge.price.name.startswith("fargate-"))
    return Setup(env, "", task, least, bill.month - bill.by_use - running, bill.by_use)


def lines(region: str, traffic: Traffic, cpu_ms: Decimal) -> Iterator[str]:
    """The table, what others consist of, and where that was read."""
    prices = table(region)
    setups = [ours(env, region, traffic) for env in environment.names(workspace.config())] + [*peers(prices, traffic)]
    yield f"{traffic.requests:f} requests a month, {cpu_ms:f} ms of CPU each; list prices of {region} of {prices.read}"
    yield f"{'':<20}{'a month':>12}{'without tasks':>16}{'of it traffic':>16}{'tasks':>8}{'CPU of a million':>19}"
    for setup in setups:
        count = max(setup.least, setup.task.needed(traffic.requests, cpu_ms))
        yield (
            f"{setup.name:<20}{cents(setup.month(prices, traffic.requests, cpu_ms)):>12}"
            f"{cents(setup.fixed + setup.by_use):>16}{cents(setup.by_use):>16}{count:>8f}"
            f"{_exact(setup.million(prices, cpu_ms)):>19}"
        )
    yield ""
    yield from (f"{peer['name']}: {peer['what']}" for peer in _read()["peers"])
    yield "Their defaults:"
    for entry in _read()["sources"].values():
        yield f"  {entry['says']}"
        yield f"    {entry['url']}"


def parse_cpu(text: str) -> Decimal:
    """Milliseconds of CPU for a request. Problem: it is no number above 0."""
    try:
        number = Decimal(text)
    except ArithmeticError:
        number = Decimal(0)
    if not number.is_finite() or number <= 0:
        raise Problem(f"--cpu-ms {text}: must be a number of milliseconds above 0, as in {CPU_MS}")
    return number


def _exact(usd):
    return f"${usd:.3f}"
