"""The picture of an environment: what is there is drawn, nothing else, and nothing stands in the way of anything."""

import copy
import re
from functools import cache
from itertools import combinations, pairwise
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from review.picture.environment import picture
from review.price.bill import monthly
from review.price.report import money
from review.reach.matrix import Matrix
from review.reach.parties import THE_INTERNET
from review.reach.promises import SERVICES, SHELL
from tests.nest import ENVIRONMENTS, nest

# Each shows what no environment does, or the other way round.
CHANGES = {
    "endpoints": ("production", {"EgressMode": "interface-endpoints"}),
    "no endpoints": ("production", {"ServiceEndpoints": "false", "EgressMode": "nat-gateway"}),
    "shell": ("production", {"EnableExecuteCommand": "true", "DatabaseSubnets": "private"}),
    "no replica": ("production", {"ReadReplicas": "0"}),
    "two replicas": ("production", {"ReadReplicas": "2", "VpcCidr": "172.16.192.0/18", "AlarmEmail": "a@example.com"}),
    "replicas alone": ("lab", {"ReadReplicas": "2", "DBInstanceClass": "db.t3.medium"}),
    "no firewall": ("production", {"Firewall": "false", "FlowLogs": "s3"}),
    "http": ("production", {"DomainName": "", "HostedZoneId": ""}),
    "https": ("standard", {"DomainName": "www.a-long-name-of-a-host.example.com", "HostedZoneId": "Z0EXAMPLE"}),
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


class Area(NamedTuple):
    """A rectangle by its corners."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other, by=0.6):
        apart = self.right <= other.left + by or other.right <= self.left + by
        return not apart and self.bottom > other.top + by and other.bottom > self.top + by

    def holds(self, other, by=0.6):
        inside = self.left <= other.left + by and other.right <= self.right + by
        return inside and self.top <= other.top + by and other.bottom <= self.bottom + by


class Seen:
    """A picture as a reader of its elements has it."""

    def __init__(self, text):
        self.root = ElementTree.fromstring(re.sub(r'\sxmlns="[^"]*"', "", text))
        *_, w, h = map(float, self.root.get("viewBox").split())
        self.canvas = Area(0, 0, w, h)
        self.words = [(area(each), each.text) for each in self.root.iter("text")]
        self.cards = self.boxes("data-card")
        self.labels = self.boxes("data-label")
        self.ways = [Line(each) for each in self.root.iter("g") if each.get("data-way")]
        held = [each.get("data-holds", "").split() for each in self.root.iter("g")]
        self.held = {title for titles in held for title in titles}

    def boxes(self, kind):
        return [(box(each), each) for each in self.root.iter("g") if each.get(kind) and each.get("data-box")]

    def text(self):
        return [words for _, words in self.words]


class Line:
    """A way as it is drawn."""

    def __init__(self, element):
        self.source, *self.targets = element.get("data-way").split()
        self.ports = element.get("data-ports")
        self.via = element.get("data-via", "").split()
        points = [tuple(map(float, each.split(","))) for each in element.get("data-points").split()]
        self.points = points
        self.parts = [
            Area(min(a[0], b[0]) - 1, min(a[1], b[1]) - 1, max(a[0], b[0]) + 1, max(a[1], b[1]) + 1)
            for a, b in pairwise(points)
        ]


def box(element):
    x, y, w, h = map(float, element.get("data-box").split())
    return Area(x, y, x + w, y + h)


def area(text):
    """Where a line of text stands: as wide as it is told to be, from its ascenders to its descenders."""
    x, y, size, w = (float(text.get(key)) for key in ("x", "y", "font-size", "textLength"))
    left = x - {"start": 0, "middle": w / 2, "end": w}[text.get("text-anchor", "start")]
    return Area(left, y - 0.76 * size, left + w, y + 0.2 * size)


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
    found = seen(case)
    areas = [where for where, _ in [*found.words, *found.cards, *found.labels, *found.boxes("data-frame")]]
    areas += [part for way in found.ways for part in way.parts]
    assert [where for where in areas if not found.canvas.holds(where)] == []


def test_words_fit_what_they_are_written_on(case):
    written = [(box(each), each) for each in seen(case).root.iter("g") if each.get("data-box")]
    for where, element in written:
        for text in element.iter("text"):
            assert where.holds(area(text)), text.text


def test_no_words_overlap(case):
    for (one, first), (other, second) in combinations(seen(case).words, 2):
        assert not one.meets(other), (first, second)


def test_cards_overlap_only_where_one_is_in_the_other(case):
    for (one, first), (other, second) in combinations(seen(case).cards, 2):
        inside = one.holds(other) or other.holds(one)
        assert inside or not one.meets(other), (first.get("data-card"), second.get("data-card"))


def test_words_beside_a_card_do_not_run_under_it(case):
    found = seen(case)
    for where, words in found.words:
        for card, element in found.cards:
            assert card.holds(where) or not card.meets(where), (words, element.get("data-card"))


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


def test_what_is_open_beside_the_tiers_is_told():
    resources = copy.deepcopy(resolved("standard").flat)
    groups = ("NetworkPublicSecurityGroup", "NetworkRdsSecurityGroup")
    ports = {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306}
    for title, group, peer, key in (
        ("In", groups[1], groups[0], "SourceSecurityGroupId"),
        ("Out", groups[0], groups[1], "DestinationSecurityGroupId"),
    ):
        kind = "AWS::EC2::SecurityGroupIngress" if title == "In" else "AWS::EC2::SecurityGroupEgress"
        rule = {"GroupId": {"Ref": group}, key: {"Ref": peer}}
        resources["Resources"][title] = {"Type": kind, "Properties": ports | rule}
    opened = resolved("standard")
    opened = type(opened)(opened.stacks, resources, opened.origin)
    text = picture("standard", opened, "us-east-1")
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
