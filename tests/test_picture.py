"""The picture of an environment: what is there is drawn, nothing else, and nothing stands in the way of anything."""

import copy
import re
from dataclasses import replace
from functools import cache
from itertools import combinations

import pytest

from review.picture.environment import picture
from review.price.bill import monthly
from review.price.report import money
from review.reach.matrix import Matrix
from review.reach.parties import THE_INTERNET
from review.reach.promises import SERVICES, SHELL
from tests.drawn import Area, Seen, box, outside, overlaps
from tests.nest import ENVIRONMENTS, nest

# Each shows what no environment does, or the other way round.
CHANGES = {
    "both ways out": ("production", {"EgressMode": "nat-gateway-per-zone", "ServiceEndpoints": "true"}),
    "no endpoints": ("production", {"ServiceEndpoints": "false", "EgressMode": "nat-gateway"}),
    "shell": ("production", {"EnableExecuteCommand": "true", "DatabaseSubnets": "private"}),
    "no replica": ("production", {"ReadReplicas": "0"}),
    "two replicas": ("production", {"ReadReplicas": "2", "VpcCidr": "172.16.192.0/18", "AlarmEmail": "a@example.com"}),
    "replicas alone": ("lab", {"ReadReplicas": "2", "DBInstanceClass": "db.t3.medium"}),
    "no firewall": ("production", {"Firewall": "false", "FlowLogs": "s3"}),
    "http": ("production", {"DomainName": "", "HostedZoneId": ""}),
    "https": (
        "standard",
        {"DomainName": f"www.{'a-long-name-' * 15}.example.com".replace("-.", "."), "HostedZoneId": "Z0EXAMPLE"},
    ),
    "given": ("lab", {"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0-1", "Firewall": "true"}),
    "spot": (
        "lab",
        {"OnDemandBase": "0", "OnDemandWeight": "0", "SpotWeight": "1", "TaskCpu": "4096", "TaskMemory": "16384"},
    ),
    "scaled": ("reference", {"AutoScaling": "true", "MinCapacity": "1", "MaxCapacity": "100"}),
}
CASES = {env: (env, {}) for env in ENVIRONMENTS} | CHANGES

# All resources of these types are in the picture.
DRAWN = {
    *(
        "AWS::EC2::VPC",
        "AWS::EC2::Subnet",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NatGateway",
        "AWS::EC2::VPCEndpoint",
    ),
    *("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::Listener", "AWS::WAFv2::WebACL"),
    *("AWS::CertificateManager::Certificate", "AWS::Route53::RecordSet", "AWS::RDS::DBInstance", "AWS::KMS::Key"),
    *("AWS::ECS::Cluster", "AWS::ECS::Service", "AWS::ECS::TaskDefinition", "AWS::S3::Bucket", "AWS::IAM::Role"),
    *("AWS::ApplicationAutoScaling::ScalableTarget", "AWS::SecretsManager::Secret", "AWS::Logs::LogGroup"),
    *("AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::SNS::Topic", "AWS::SNS::Subscription"),
}


def resolved(case):
    env, changes = CASES[case]
    return nest(env, **changes)


@cache
def seen(case):
    return Seen(picture(case, resolved(case), "us-east-1"))


@cache
def matrix(case):
    return Matrix(resolved(case).flat["Resources"])


@pytest.fixture(params=CASES)
def case(request):
    return request.param


def test_everything_is_on_the_paper(case):
    assert outside(seen(case)) == []


def test_nothing_overlaps_and_words_fit_their_boxes(case):
    assert list(overlaps(seen(case))) == []


def test_ways_run_beside_cards_and_words(case):
    """A line meets only the cards that it joins and those that it runs through, and no words but its own label."""
    found = seen(case)
    labels = [where for where, _ in found.labels]
    for way in found.ways:
        ends = {way.source, *way.targets, *way.via}
        through = [where for where, each in found.cards if ends & set(each.get("data-holds", "").split())]
        strange = [where for where, _ in found.cards if not any(own == where or own.holds(where) for own in through)]
        words = [where for where, _ in found.words if not any(each.holds(where) for each in [*labels, *through])]
        for part in way.parts:
            assert not [where for where in [*strange, *words] if part.meets(where)], (way.source, way.targets)


def test_labels_stand_on_their_own_line_alone(case):
    found = seen(case)
    for where, element in found.labels:
        own = [way for way in found.ways if any(part.meets(where) for part in way.parts)]
        assert [way.ports for way in own] == [element.get("data-label")]
        assert not [card for card, _ in found.cards if card.meets(where)]
        assert sum(other.meets(where) for other, _ in found.labels) == 1


def test_heads_of_ways_are_seen(case):
    """The last ten units of a line are its head."""
    found = seen(case)
    for way in found.ways:
        (x, y), (before, above) = way.points[-1], way.points[-2]
        dx, dy = ((end > start) - (end < start) for start, end in ((before, x), (above, y)))
        across, along = (x, x - 10 * dx), (y, y - 10 * dy)
        head = Area(min(across) - 1, min(along) - 1, max(across) + 1, max(along) + 1)
        assert not [label for label, _ in found.labels if label.meets(head)], way.targets


def test_words_beside_cards_cross_no_frame(case):
    found = seen(case)
    for where, words in found.words:
        if not any(card.holds(where) for card, _ in [*found.cards, *found.labels]):
            crossed = [frame for frame, _ in found.boxes("data-frame") if frame.meets(where) and not frame.holds(where)]
            assert not crossed, words


def test_ways_do_not_cross(case):
    for one, other in combinations(seen(case).ways, 2):
        assert not [1 for a in one.parts for b in other.parts if a.meets(b, by=0)], (one.targets, other.targets)


def test_ways_end_at_whom_they_lead_to(case):
    found = seen(case)
    for way in found.ways:
        ends = [box(each) for each in found.root.iter("g") if {*way.targets} & {*each.get("data-holds", "").split()}]
        ends += [box(each) for each in found.root.iter("g") if each.get("data-group") == "Called by the tasks"]
        x, y = way.points[-1]
        assert any(end.left <= x <= end.right and end.top <= y <= end.bottom for end in ends), way.targets


def test_all_that_is_drawn_is_there_and_the_other_way_round(case):
    resources = resolved(case).flat["Resources"]
    assert seen(case).held - {"internet"} == {title for title, body in resources.items() if body["Type"] in DRAWN}


def told(case):
    """{(source, target): ports} of lines and of what is told beside them."""
    found = {(way.source, target): f"tcp {way.ports}" for way in seen(case).ways for target in way.targets}
    for words in seen(case).text():
        if also := re.fullmatch(r"Also: (\w+) reaches (\w+) on (.*)\.", words):
            found[also[1], also[2]] = also[3]
    return found


def test_ways_are_the_matrix(case):
    everyone = [THE_INTERNET, *matrix(case).parties]
    names = {party.title for party in everyone}
    expected = {
        (source.title, target.title): str(ports)
        for source in everyone
        for target in everyone
        if (ports := matrix(case).way(source, target).some)
    }
    assert {ends: ports for ends, ports in told(case).items() if set(ends) <= names} == expected


def test_services_are_called_as_the_matrix_says(case):
    found = seen(case)
    (tasks,) = matrix(case).of_kind("tasks")
    ways = matrix(case).services(tasks, SERVICES + SHELL)
    by_internet = {name for way in found.ways if way.source == "internet" for name in way.targets} & set(ways)
    by_endpoint = {name for way in found.ways if "Endpoint" in way.source for name in way.targets}
    shell = resolved(case).flat["Resources"][tasks.title]["Properties"]["EnableExecuteCommand"]
    asked = {name: way for name, way in ways.items() if shell or name not in SHELL}
    assert by_internet == {name for name, way in asked.items() if way == "internet"}
    assert by_endpoint == {name for name, way in asked.items() if way == "endpoint"}


def changed(env, edit):
    """The picture of an environment with something else in its resources."""
    found = resolved(env)
    flat = copy.deepcopy(found.flat)
    edit(flat["Resources"])
    return picture(env, replace(found, flat=flat), "us-east-1")


def test_what_an_endpoint_does_not_answer_goes_by_the_internet():
    found = Seen(
        changed("both ways out", lambda all_: all_["EgressEcrApiVPCEndpoint"]["Properties"].pop("PrivateDnsEnabled"))
    )
    ways = {way.source: way.targets for way in found.ways}
    assert ways["internet"] == ["ecr.api"]
    assert ways["EgressEcrApiVPCEndpoint"] == ["ecr.dkr", "logs", "secretsmanager"]
    assert list(overlaps(found)) == []


def test_an_endpoint_that_is_reached_and_answers_nothing_is_told_or_drawn():
    """And one that is reached on other ports than those beside it."""

    def edit(resources):
        for body in resources.values():
            if body["Type"] == "AWS::EC2::VPCEndpoint":
                body["Properties"].pop("PrivateDnsEnabled", None)
        group = {"GroupId": {"Ref": "NetworkPrivateSecurityGroup"}}
        ports = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
        peer = {"Ref": "EgressLogsGroup"}
        resources["EgressLogsGroup"] = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"SecurityGroupIngress": []}}
        resources["EgressLogsVPCEndpoint"]["Properties"]["SecurityGroupIds"] = [peer]
        rules = {
            "LogsIn": ("Ingress", {"GroupId": peer, "SourceSecurityGroupId": group["GroupId"]}),
            "LogsOut": ("Egress", group | {"DestinationSecurityGroupId": peer}),
        }
        for title, (kind, rule) in rules.items():
            resources[title] = {"Type": f"AWS::EC2::SecurityGroup{kind}", "Properties": ports | rule}

    found = Seen(changed("production", edit))
    (way,) = [way for way in found.ways if "EgressEcrApiVPCEndpoint" in way.targets]
    assert way.targets == ["EgressEcrApiVPCEndpoint", "EgressEcrDkrVPCEndpoint", "EgressSecretsManagerVPCEndpoint"]
    assert way.ports == "443"
    assert "Also: ComputeService reaches EgressLogsVPCEndpoint on tcp 80." in found.text()
    assert list(overlaps(found)) == []


def test_what_is_open_beside_the_tiers_is_told():
    public, rds = "NetworkPublicSecurityGroup", "NetworkRdsSecurityGroup"
    ports = {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306}
    into = {"GroupId": {"Ref": rds}, "SourceSecurityGroupId": {"Ref": public}}
    out = {"GroupId": {"Ref": public}, "DestinationSecurityGroupId": {"Ref": rds}}

    def open_up(resources):
        resources["In"] = {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": ports | into}
        resources["Out"] = {"Type": "AWS::EC2::SecurityGroupEgress", "Properties": ports | out}

    text = changed("standard", open_up)
    assert "Also: EdgeLoadBalancer reaches DataDBInstance on tcp 3306." in text
    assert "Also:" not in picture("standard", resolved("standard"), "us-east-1")


@pytest.mark.parametrize(
    ("name", "tasks"), {"lab": 1, "standard": 2, "production": 2, "scaled": 1, "spot": 1}.items(), ids=str
)
def test_a_task_in_each_zone_if_there_are_as_many(name, tasks):
    assert [each.get("data-card") for _, each in seen(name).cards].count("Task") == tasks


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lab", ["flaskcrud, lab", "single zone", "none, HTTP only", "1 day", "nothing", "AWS's keys", "none"]),
        ("reference", ["single zone", "7 days", "2, for rollbacks", "1 task of 0.25 vCPU, 0.5 GB, X86_64"]),
        ("standard", ["14 days", "database", "2 to 6 tasks of 0.5 vCPU, 1 GB, ARM64", "20 to 100 GB gp3"]),
        ("production", ["Multi-AZ, 1 replica", "1.2 and newer", "35 days", "database, load balancer"]),
        ("production", ["a key of its own", "Standby", "Read replica", "AWS WAF, 5 rules", "ACM certificate"]),
        ("production", ["HTTPS 443", "HTTP 80, redirects to HTTPS", "beyond the first 2, 50 % of them on Spot"]),
        ("two replicas", ["Multi-AZ, 2 replicas", "172.16.193.0/24", "tells by e-mail"]),
        ("given", ["ACM certificate, given", "AWS WAF, 5 rules"]),
        ("spot", ["1 task of 4 vCPU, 16 GB, X86_64", "100 % of them on Spot"]),
        ("scaled", ["1 to 100 tasks of 0.25 vCPU, 0.5 GB, X86_64"]),
    ],
)
def test_it_says_what_is_asked(name, words):
    assert [each for each in words if each not in seen(name).text()] == []
    assert f"{money(monthly(resolved(name)).month)} a month" in seen(name).text()
    assert any("in us-east-1, 2 Availability Zones" in each for each in seen(name).text())
