"""What environments cost, held against sums made by hand."""

import re
import subprocess
import sys
from decimal import Decimal

import pytest

from review import workspace
from review.__main__ import main
from review.price import report
from review.price.bill import METERS, changes, monthly, remaining
from review.price.choices import alternatives
from review.price.compute import shares
from review.price.table import FOLDER, table
from review.price.traffic import Traffic, parse
from review.problem import Problem
from review.resolve import Nest
from tests.nest import CONFIG, ENVIRONMENTS, OUT, ROOT, flat, nest, of_type, stack

MONTH = 730
PUBLIC_ADDRESS = 0.005 * MONTH
BALANCER = 0.0225 * MONTH + 2 * PUBLIC_ADDRESS
NAT = 0.045 * MONTH + PUBLIC_ADDRESS
SECRETS = 3 * 0.40
NOBODY = parse(["requests=0", "database-log-gb=0"])


def arm(vcpu, gb):
    return (vcpu * 0.03238 + gb * 0.00356) * MONTH


def x86(vcpu, gb):
    return (vcpu * 0.04048 + gb * 0.004445) * MONTH


def storage(gb):
    return gb * 0.115


def records(every):
    return MONTH * 3600 / every * 6000 / 2**30 * 0.50


def near(usd):
    return pytest.approx(usd, abs=0.01)


def alarms(env):
    return 0.10 * len(of_type(flat(env), "AWS::CloudWatch::Alarm"))


WITHOUT_TRAFFIC = {
    "lab": lambda: BALANCER + SECRETS + 0.017 * MONTH + storage(20) + x86(0.25, 0.5) + PUBLIC_ADDRESS,
    "reference": lambda: (
        BALANCER + SECRETS + 0.016 * MONTH + storage(20) + x86(0.25, 0.5) + NAT + alarms("reference")
    ),
    "standard": lambda: (
        BALANCER + SECRETS + 0.032 * MONTH + storage(20) + records(60) + 2 * arm(0.5, 1) + NAT
        + alarms("standard") + 4 * 0.30 + 3.00 + 2 * 12 * MONTH * 0.005 / 1000
    ),
    "production": lambda: (
        BALANCER + SECRETS + 4 * 2 * 0.01 * MONTH + 1.00 + (5.00 + 5 * 1.00)
        + 2 * 0.065 * MONTH + storage(200) + records(60)
        + 0.065 * MONTH + storage(100) + records(60)
        + 2 * arm(0.5, 1)
        + 37 * 0.30 + (2 * 3 + 2) * MONTH * 60 * 1024 / 2**30 * 0.50
        + alarms("production") + 4 * 0.30 + 3.00 + 2 * 12 * MONTH * 0.005 / 1000
    ),
}  # fmt: skip


@pytest.mark.parametrize("env", WITHOUT_TRAFFIC)
def test_what_an_environment_costs_with_nobody_there(env):
    bill = monthly(nest(env), traffic=NOBODY)
    assert float(bill.month) == near(WITHOUT_TRAFFIC[env]())
    assert float(bill.hour) == near(WITHOUT_TRAFFIC[env]() / 730)
    assert float(bill.lab) == near(WITHOUT_TRAFFIC[env]() / 730 * 4)
    assert set(WITHOUT_TRAFFIC) == set(ENVIRONMENTS)


def test_what_visitors_cost():
    """Ten million requests a month in the lab: capacity units, answers, logs, questions to the database."""
    traffic = parse(["requests=10000000", "database-log-gb=0"])
    sent = 10e6 * 20000 / 2**30
    logs = 10e6 * 600 / 2**30
    by_hand = (
        max(10e6 / (MONTH * 3600) / 25, sent / MONTH) * MONTH * 0.008
        + sent * 0.09
        + logs * 0.50
        + logs * 7 / 30.42 * 0.03
        + 10e6 * 5000 / 2**30 * 0.01
    )
    bill = monthly(nest("lab"), traffic=traffic)
    assert float(bill.by_use) == near(by_hand)
    assert float(bill.month) == near(by_hand + WITHOUT_TRAFFIC["lab"]())


def test_many_small_requests_cost_connections():
    """A request of a few bytes: 25 new connections a second are a unit, not the GB."""
    bill = monthly(nest("lab"), traffic=parse(["requests=100000000", "response-bytes=100"]))
    units = [charge for charge in bill.charges if charge.price.name == "load-balancer-lcu"]
    assert float(units[0].usd) == near(100e6 / 3600 / 25 * 0.008)


GB = 1e6 / 2**30  # of a byte a request, at a million requests


@pytest.mark.parametrize(
    ("env", "changed", "usd"),
    [
        ("reference", {"EgressMode": "nat-gateway-per-zone"}, NAT),
        ("reference", {"EgressMode": "public-addresses"}, PUBLIC_ADDRESS - NAT - 600 * GB * 0.045),
        (
            "reference",
            {"EgressMode": "interface-endpoints"},
            4 * 2 * 0.01 * MONTH + 600 * GB * 0.01 - NAT - 600 * GB * 0.045,
        ),
        (
            "reference",
            {"EgressMode": "interface-endpoints", "EnableExecuteCommand": "true"},
            5 * 2 * 0.01 * MONTH + 600 * GB * 0.01 - NAT - 600 * GB * 0.045,
        ),
        ("lab", {"MultiAZ": "true"}, 0.017 * MONTH + storage(20)),
        ("standard", {"MultiAZ": "true"}, (0.065 - 0.032) * MONTH + storage(20)),
        ("lab", {"ReadReplicas": "2"}, 2 * (0.017 * MONTH + storage(20))),
        ("lab", {"AllocatedStorage": "100"}, storage(80)),
        ("lab", {"CpuArchitecture": "ARM64"}, arm(0.25, 0.5) - x86(0.25, 0.5)),
        ("lab", {"TaskCpu": "1024", "TaskMemory": "2048"}, x86(1, 2) - x86(0.25, 0.5)),
        ("lab", {"DesiredCount": "3"}, 2 * (x86(0.25, 0.5) + PUBLIC_ADDRESS)),
        ("lab", {"ContainerInsights": "enabled"}, 37 * 0.30 + (1 * 3 + 2) * MONTH * 60 * 1024 / 2**30 * 0.50),
        (
            "lab",
            {"ContainerInsights": "enhanced"},
            (16 * 5 + 8 * 9 + 7) * 0.07 + (1 * 3 + 2) * MONTH * 60 * 1024 / 2**30 * 0.50,
        ),
        ("lab", {"CustomerManagedKey": "true"}, 1.00),
        ("lab", {"Firewall": "true"}, 10 + 0.60 + 2000 * GB * (0.50 + 7 / 30.42 * 0.03)),
        ("lab", {"FlowLogs": "s3"}, 600 * GB * (0.25 + (7 + 7) / 30.42 * 0.023)),
        (
            "reference",
            {"FlowLogs": "cloud-watch-logs"},
            600 * GB * (0.50 + 30 / 30.42 * 0.03),
        ),
        ("reference", {"MonitoringInterval": "1"}, records(1)),
        ("reference", {"BackupRetentionPeriod": "35"}, 0),
        (
            "lab",
            {"OnDemandBase": "0", "OnDemandWeight": "0", "SpotWeight": "1"},
            (0.25 * 0.01288871 + 0.5 * 0.00141527) * MONTH - x86(0.25, 0.5),
        ),
    ],
)
def test_what_a_choice_changes(env, changed, usd):
    difference = monthly(nest(env, **changed)).month - monthly(nest(env)).month
    assert float(difference) == near(usd)


def test_backups_cost_beyond_the_size_of_the_database():
    traffic = parse(["database-used=0.9", "database-change=0.02"])
    beyond = monthly(nest("standard"), traffic=traffic).month - monthly(nest("standard")).month
    assert float(beyond) == near(20 * (0.9 + 14 * 0.02 - 1) * 0.095)


def test_at_the_most_tasks():
    fewest, most = (monthly(nest("standard"), traffic=NOBODY, most=most) for most in (False, True))
    assert float(most.month - fewest.month) == near(4 * arm(0.5, 1))
    spot = (0.5 * 0.01030969 + 1 * 0.00113349) * MONTH
    fewest, most = (monthly(nest("production"), traffic=NOBODY, most=most) for most in (False, True))
    task_records = 18 * 3 * MONTH * 60 * 1024 / 2**30 * 0.50
    assert float(most.month - fewest.month) == near(9 * arm(0.5, 1) + 9 * spot + task_records)


@pytest.mark.parametrize(
    ("count", "strategy", "expected"),
    [
        (4, [("FARGATE", 4, 1), ("FARGATE_SPOT", 0, 1)], [4, 0]),
        (20, [("FARGATE", 4, 1), ("FARGATE_SPOT", 0, 1)], [12, 8]),
        (2, [("FARGATE", 4, 1), ("FARGATE_SPOT", 0, 1)], [2, 0]),
        (5, [("FARGATE", 1, 0), ("FARGATE_SPOT", 0, 3)], [1, 4]),
        (0, [("FARGATE", 1, 1), ("FARGATE_SPOT", 0, 1)], [0, 0]),
    ],
)
def test_how_tasks_are_shared_out(count, strategy, expected):
    items = [dict(zip(("CapacityProvider", "Base", "Weight"), item, strict=True)) for item in strategy]
    assert list(shares(Decimal(count), items).values()) == expected


def test_before_and_after():
    before, after = monthly(nest("lab")), monthly(nest("lab", MultiAZ="true", DBInstanceClass="db.t3.small"))
    assert {title: float(usd) for title, usd in changes(before, after).items()} == {
        "DataDBInstance": near((2 * 0.034 - 0.017) * MONTH + storage(20))
    }
    assert changes(before, before) == {}
    with_firewall = changes(before, monthly(nest("lab", Firewall="true")))
    assert set(with_firewall) == {"EdgeWebACL", "EdgeFirewallLogGroup"}
    assert sum(with_firewall.values()) > 0


def test_what_goes_on_costing():
    """Key, snapshot of what is used of 100 GB, and what the buckets hold; nothing new is written to them."""
    left = remaining(nest("production"))
    assert float(left.of("KeysKey")) == near(1.00)
    assert float(left.of("DataDBInstance")) == near(50 * 0.095)
    access_log = 300 * GB * (365 + 7) / 30.42 * 0.023
    assert float(left.of("EdgeAccessLogBucket")) == near(access_log)
    assert remaining(nest("lab")).month == 0
    assert float(remaining(nest("reference")).month) == near(10 * 0.095)


def test_every_type_in_the_templates_is_priced_or_known_to_be_free():
    free = table("us-east-1").free
    used = {body["Type"] for path in OUT.glob("*.yaml") for body in stack(path.stem)["Resources"].values()}
    assert used - set(METERS) - set(free) == set()
    assert not set(METERS) & set(free)


def database(**properties):
    given = {"DBInstanceClass": "db.m5.large", "AllocatedStorage": "20"} | properties
    return {"Type": "AWS::RDS::DBInstance", "Properties": given}


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"Queue": {"Type": "AWS::SQS::Queue"}}, "Queue: what a AWS::SQS::Queue costs is not known"),
        (
            {"DB": database(DBInstanceClass="db.x9.huge")},
            "DB: review/prices/us-east-1.toml has no price rds-db-x9-huge",
        ),
        (
            {"DB": database(EnablePerformanceInsights=True, PerformanceInsightsRetentionPeriod=31)},
            "kept for 31 days is not priced",
        ),
        ({"Logs": {"Type": "AWS::Logs::LogGroup"}}, "Logs: logs that are kept for ever"),
        (
            {"LB": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Type": "network"}}},
            "of type network is not priced",
        ),
    ],
)
def test_what_cannot_be_priced_is_an_error(resources, words):
    with pytest.raises(Problem) as caught:
        monthly(Nest({}, {"Resources": resources}, {}))
    assert words in str(caught.value)


def test_a_metric_of_high_resolution_and_an_alarm_of_many_metrics():
    stat = {"MetricStat": {"Period": 60}}
    resources = {
        "Fast": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Period": 10}},
        "Sum": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [stat, stat, {"Expression": "a + b"}]}},
        "Name": {"Type": "AWS::Route53::RecordSet", "Properties": {"ResourceRecords": ["192.0.2.1"]}},
    }
    bill = monthly(Nest({}, {"Resources": resources}, {}))
    assert [float(bill.of(title)) for title in resources] == [near(0.30), near(0.20), near(0.40)]


def test_logs_pass_the_endpoint_or_the_nat_gateways_and_not_both():
    def logs(**choice):
        charges = monthly(nest("production", **choice)).charges
        return {charge.price.name for charge in charges if "logs" in charge.what and charge.price.name.endswith("-gb")}

    ways = {"EgressMode": "nat-gateway-per-zone"}
    assert "interface-endpoint-gb" in logs()
    assert "interface-endpoint-gb" in logs(**ways, ServiceEndpoints="true")
    assert "nat-gateway-gb" not in logs(**ways, ServiceEndpoints="true")
    assert "nat-gateway-gb" in logs(**ways)


def test_every_price_has_its_sources():
    for path in FOLDER.glob("*.toml"):
        prices = table(path.stem)
        assert prices.region == path.stem
        for price in prices.prices.values():
            assert price.usd > 0
            assert price.sources
            for source in price.sources:
                entry = prices.sources[source]
                assert entry["url"].startswith("https://")
                assert re.fullmatch(r"20\d\d(-\d\d){0,2}", entry["date"])
                assert entry["how"] in {"read", "quoted in public code"}
        asked = {source for price in prices.prices.values() for source in price.sources}
        assert asked == set(prices.sources)


def test_no_price_is_there_in_vain():
    """Every price but those of classes, processors and storage that no environment has is asked by a meter."""
    code = "".join(path.read_text() for path in (ROOT / "review/price").iterdir() if path.is_file())
    for name in table("us-east-1").prices:
        assert name in code or name.startswith(("rds-db-", "rds-gp", "fargate-")), name


def test_an_alternative_is_refused_with_the_reason():
    bill = monthly(nest("lab"))
    found = {
        (each.parameter, *each.changes.values()): each for each in alternatives("lab", "us-east-1", Traffic(), bill)
    }
    assert float(found["EgressMode", "nat-gateway"].usd) == near(NAT - PUBLIC_ADDRESS + 600 * GB * 0.045)
    assert found["FlowLogs", "cloud-watch-logs"].usd is None
    assert found["FlowLogs", "cloud-watch-logs"].refused.startswith("A Learner Lab cannot make the role")
    assert ("EgressMode", "public-addresses") not in found
    assert float(found["DBInstanceClass", "db.t3.small"].usd) == near(0.017 * MONTH)


def test_the_command_shows_it(capsys):
    assert main(["price", "lab", "--traffic", "requests=2000000", "response-bytes=1000"]) == 0
    shown = capsys.readouterr().out
    traffic = parse(["requests=2000000", "response-bytes=1000"])
    bill = monthly(workspace.load("lab").nest, traffic=traffic)
    assert shown.startswith(f"lab: {report.money(bill.month)} a month, {report.cents(bill.hour)} an hour, ")
    stacks = re.findall(r"^  [A-Z]\w+ +([\d.]+)$", shown, re.MULTILINE)
    assert sum(map(Decimal, stacks)) == pytest.approx(bill.month, abs=Decimal("0.02"))
    assert "requests                2000000  requests a month" in shown
    assert "one source only" in shown
    assert "free tier" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["price", "lab", "--traffic", "visitors=1"],
            "traffic: visitors=1: expected NAME=NUMBER with one of requests,",
        ),
        (["price", "lab", "--traffic", "requests"], "traffic: requests: expected NAME=NUMBER"),
        (["price", "lab", "--traffic", "requests=many"], "traffic: requests=many: must be a number"),
        (["price", "lab", "--traffic", "requests=-1"], "traffic: requests=-1: must be a number, not below 0"),
        (["price", "lab", "--traffic", "requests=nan"], "must be a number"),
        (["price", "lab", "--region", "eu-west-1"], "there are no prices for eu-west-1: review/prices/ has us-east-1"),
    ],
)
def test_a_wrong_command_is_one_line(words, message, capsys):
    assert main(words) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1


def test_the_other_verbs_do_not_wait_for_it():
    command = (
        "import sys, review.__main__ as m; m.main(['summary', 'lab']); sys.exit('review.price.bill' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True, capture_output=True)


README = (ROOT / "README.md").read_text()
# What stands for a word in the README's column "most of it".
PARTS = {
    "load balancer": ["load-balancer"],
    "database": ["rds-"],
    "database with standby and replica": ["rds-"],
    "public addresses": ["public-address"],
    "task": ["fargate-"],
    "tasks": ["fargate-"],
    "NAT gateway": ["nat-gateway"],
    "NAT gateways": ["nat-gateway"],
    "endpoints": ["interface-endpoint"],
}


def part(bill, name):
    """The charges of which a word in the README speaks, without those by use."""
    names = tuple(PARTS[name])
    return sum(charge.usd for charge in bill.charges if charge.price.name.startswith(names) and not charge.by_use)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_the_documents_quote_the_computed_price(env):
    bill = monthly(nest(env))
    month, hour = report.money(bill.month), report.cents(bill.hour)
    assert re.search(rf"^\| `{env}` \| .*; {re.escape(month)}( a month)? \|$", README, re.MULTILINE), month
    row = re.search(rf"^\| `{env}` \| (\S+) \| (\S+) \| (.*) \|$", README, re.MULTILINE)
    assert (row[1], row[2]) == (month, hour)
    for name, dollars in re.findall(r"([\w ]+?),? (\$\d+)", row[3].replace("the same and a ", "")):
        assert f"${part(bill, name.strip(', ')):.0f}" == dollars, name
    assert f"bout {month} a month" in (CONFIG / f"{env}.env").read_text()


def test_the_parameters_quote_the_computed_price():
    texts = {name: body["Description"] for name, body in stack("root")["Parameters"].items()}
    prices = table("us-east-1").prices
    assert f"{report.money(prices['nat-gateway'].usd * MONTH)} a month" in texts["EgressMode"]
    firewall = monthly(nest("lab", Firewall="true"), traffic=NOBODY).month - monthly(nest("lab"), traffic=NOBODY).month
    assert f"{report.money(firewall)} a month" in texts["Firewall"]
    assert f"${prices['key'].usd.normalize()} a month" in texts["CustomerManagedKey"]
    assert f"${prices['rds-backup'].usd} per GB and month" in README
    assert f"{report.cents(prices['public-address'].usd * MONTH)} a month" in (CONFIG / "lab.env").read_text()
