"""What others set up by default costs, held against sums made by hand."""

import re
import tomllib
from decimal import Decimal

import pytest

from bench import cost
from bench.application.load import Measured
from bench.application.report import of_a_million
from bench.application.results import Cell, Plan, Results
from review.__main__ import main
from review.price import peers
from review.price.bill import monthly
from review.price.report import cents
from review.price.table import table
from review.price.traffic import Traffic, parse
from tests.nest import ENVIRONMENTS, ROOT, nest

MONTH = 730
ADDRESS = 0.005 * MONTH
BALANCER = 0.0225 * MONTH
SMALL_TASK = (0.25 * 0.04048 + 0.5 * 0.004445) * MONTH
PRICES = table("us-east-1")
NOBODY = parse(["requests=0"])

BY_HAND = {
    "CDK": 2 * 0.045 * MONTH + BALANCER + 4 * ADDRESS + SMALL_TASK + 0.171 * MONTH + 100 * 0.115 + 0.40,
    "CDK, region given": 3 * 0.045 * MONTH + BALANCER + 6 * ADDRESS + SMALL_TASK + 0.171 * MONTH + 100 * 0.115 + 0.40,
    "Copilot": BALANCER + 3 * ADDRESS + SMALL_TASK + 0.5 * 0.12 * MONTH + 10 * 0.10 + 0.40,
    "Express Mode": (
        BALANCER + 3 * ADDRESS + (0.04048 + 2 * 0.004445) * MONTH + 0.10 + 0.032 * MONTH + 20 * 0.115 + 0.40
    ),
}  # fmt: skip


def setup(name, traffic=NOBODY):
    return {each.name: each for each in peers.peers(PRICES, traffic)}[name]


@pytest.mark.parametrize("name", BY_HAND)
def test_what_a_peer_costs_with_nobody_there(name):
    month = setup(name).month(PRICES, Decimal(0), peers.CPU_MS)
    assert float(month) == pytest.approx(BY_HAND[name], abs=0.01)
    assert set(BY_HAND) == {each.name for each in peers.peers(PRICES, NOBODY)}


def test_visitors_cost_everybody_the_same_and_logs_pass_a_nat_gateway():
    traffic = parse(["requests=10000000"])
    sent, logs = 10e6 * 20000 / 2**30, 10e6 * 600 / 2**30
    by_hand = sent * 0.008 + sent * 0.09 + logs * 0.50
    assert float(setup("Copilot", traffic).by_use) == pytest.approx(by_hand, abs=0.01)
    assert float(setup("CDK", traffic).by_use) == pytest.approx(by_hand + logs * 0.045, abs=0.01)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_our_own_row_is_our_own_bill(env):
    ours = peers.ours(env, "us-east-1", Traffic())
    bill = monthly(nest(env))
    assert ours.month(PRICES, Traffic().requests, peers.CPU_MS) == pytest.approx(bill.month)
    assert ours.by_use == bill.by_use


def test_a_million_requests_by_hand():
    """2.2 ms each are 2,200 vCPU seconds, at 60 % busy 3,667 of a task: of a quarter of a vCPU four times as many."""
    hours = 2200 / 3600 / 0.6
    assert float(setup("CDK").million(PRICES, Decimal("2.2"))) == pytest.approx(hours * (0.04048 + 2 * 0.004445))
    standard = peers.ours("standard", "us-east-1", Traffic())
    assert float(standard.million(PRICES, Decimal("2.2"))) == pytest.approx(hours * (0.03238 + 2 * 0.00356))
    assert setup("CDK").million(PRICES, Decimal("4.4")) == 2 * setup("CDK").million(PRICES, Decimal("2.2"))


def test_a_million_requests_cost_what_both_containers_took_for_the_mix():
    took = Measured(requests=1000, seconds=1, app_cpu=1.8, web_cpu=0.4, database_cpu=5, latencies={})
    direct, behind = (Cell("ours", "mix", 1000, 16, web=web) for web in (False, True))
    results = Results(Plan(), {direct: Measured(requests=1, app_cpu=9, latencies={}), behind: took}, {}, {}, {})
    lab, production = of_a_million(results)
    hours = 1_000_000 * 0.0022 / 3600 / 0.6
    assert (lab.unit, lab.repeatable) == ("$ of CPU", False)
    assert lab.ours == pytest.approx(hours * (0.04048 + 2 * 0.004445))
    assert production.ours == pytest.approx(hours * (0.03238 + 2 * 0.00356))  # ARM
    assert of_a_million(Results(Plan(), {direct: took}, {}, {}, {})) == []


@pytest.mark.parametrize(
    ("requests", "cpu_ms", "tasks"),
    # A quarter of a vCPU, 60 % busy, has 394,200 s a month: at 2.2 ms 179,181,818 requests.
    [(0, "2.2", 0), (1, "2.2", 1), (179181818, "2.2", 1), (179181819, "2.2", 2), (179181818, "4.4", 2)],
)
def test_tasks_for_a_load(requests, cpu_ms, tasks):
    assert setup("CDK").task.needed(Decimal(requests), Decimal(cpu_ms)) == tasks


def test_more_load_needs_more_tasks_and_fewer_than_the_least_do_not_run():
    few, many = (setup("CDK").month(PRICES, Decimal(each), Decimal("2.2")) for each in (0, 179181819))
    assert float(many - few) == pytest.approx(SMALL_TASK)


def test_every_default_says_where_it_was_read():
    data = tomllib.loads(peers.PATH.read_text())
    used = {source for peer in data["peers"] for source in peer["sources"]}
    assert used == set(data["sources"])
    for entry in data["sources"].values():
        assert entry["url"].startswith("https://")
        assert entry["says"]


def test_the_table_has_everybody(capsys):
    assert main(["peers", "--cpu-ms", "1.1"]) == 0
    shown = capsys.readouterr().out
    for name in (*ENVIRONMENTS, *BY_HAND):
        (line,) = re.findall(rf"^{re.escape(name)}  +\$.*$", shown, re.MULTILINE)
        if name in BY_HAND:
            found = {each.name: each for each in peers.peers(PRICES, Traffic())}[name]
            assert cents(found.month(PRICES, Traffic().requests, Decimal("1.1"))) in line


COST = (ROOT / "docs/cost.md").read_text()
ROWS = {
    **{f"`{env}`": env for env in ENVIRONMENTS},
    "CDK: `ec2.Vpc`, `ApplicationLoadBalancedFargateService`, `rds.DatabaseInstance`": "CDK",
    "the same in a stack that names its region, so in three zones": "CDK, region given",
    "Copilot: Load Balanced Web Service, Aurora Serverless v2": "Copilot",
    "ECS Express Mode, and a database as `standard` has it": "Express Mode",
}
# What docs/cost.md says could be saved: (its row, environment, what is chosen instead).
SPOT = {"OnDemandBase": "0", "OnDemandWeight": "0", "SpotWeight": "1"}
SAVED = [
    ("the task on Spot", "lab", SPOT),
    ("ARM64", "lab", {"CpuArchitecture": "ARM64"}),
    ("`db.t4g.micro`", "lab", {"DBInstanceClass": "db.t4g.micro"}),
    ("the replica", "production", {"ReadReplicas": "0"}),
    ("80 GB of the database", "production", {"AllocatedStorage": "20"}),
    (
        "`db.t4g.medium`, not `small`",
        "production",
        {"DBInstanceClass": "db.t4g.small", "PerformanceInsights": "false"},
    ),
    ("firewall and its log", "production", {"Firewall": "false"}),
    ("Container Insights", "production", {"ContainerInsights": "disabled"}),
    ("alarms, dashboard, log metrics", "production", {"EnableMonitoring": "false"}),
    (
        "a key of one's own, flow logs, access log",
        "production",
        {"CustomerManagedKey": "false", "FlowLogs": "none", "AccessLogs": "false"},
    ),
]


@pytest.mark.parametrize("row", ROWS)
def test_the_document_has_the_computed_price(row):
    setups = [peers.ours(env, "us-east-1", Traffic()) for env in ENVIRONMENTS] + [*peers.peers(PRICES, Traffic())]
    found = {each.name: each.month(PRICES, Traffic().requests, peers.CPU_MS) for each in setups}[ROWS[row]]
    assert f"\n| {row} | ${found:.0f} | " in COST


@pytest.mark.parametrize(("row", "env", "changes"), SAVED, ids=[row for row, _, _ in SAVED])
def test_the_document_has_what_could_be_saved(row, env, changes):
    saved = monthly(nest(env)).month - monthly(nest(env, **changes)).month
    shown = f"{saved:.2f}" if env == "lab" else f"{saved:.0f}"
    assert f"\n| {row} | ${shown} | " in COST


@pytest.mark.parametrize("value", ["0", "-1", "fast", "NaN"])
def test_a_wrong_cpu_time_is_one_line(value, capsys):
    assert main(["peers", f"--cpu-ms={value}"]) == 1
    assert capsys.readouterr().err == f"error: --cpu-ms {value}: must be a number of milliseconds above 0, as in 2.2\n"


def test_the_benchmark_has_what_the_command_shows(capsys):
    """Each of ours beside each of the others, in the sums that `make peers` prints."""
    assert main(["peers"]) == 0
    shown = dict(re.findall(r"^(\S.*?) {2,}(\$\S+)", capsys.readouterr().out, re.MULTILINE))
    rows = cost.rows()
    assert len(rows) == len(cost.OURS) * len(BY_HAND)
    for row in rows:
        env, _, what = row.what.partition(": ")
        ours, theirs = (f"${money:,.2f}" for money in (row.ours, row.against))
        assert (ours, theirs) == (shown[env], shown[what.removeprefix("a month, beside ")])
    assert all(row.held for row in rows if row.what.startswith("lab: a month"))
    assert rows == cost.rows()
