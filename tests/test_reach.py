"""Who can reach whom: the promise of three tiers, and what happens to it when a template is changed in one place."""

from copy import deepcopy

import pytest

from review.__main__ import main
from review.problem import Problem
from review.reach import report
from review.reach.matrix import Matrix
from review.reach.parties import THE_INTERNET
from review.reach.ports import EVERYTHING, NOTHING, Ports, of_rule, tcp
from review.reach.promises import broken
from tests.nest import ENVIRONMENTS, flat

EGRESS_MODES = ["nat-gateway", "nat-gateway-per-zone", "interface-endpoints", "public-addresses"]
# name: (environment, parameters that differ)
SITES = {
    "lab": ("lab", {}),
    "reference": ("reference", {}),
    "production": ("production", {}),
    "endpoints": ("reference", {"EgressMode": "interface-endpoints", "DatabaseSubnets": "separate"}),
}


def site(name: str) -> dict[str, dict]:
    """The resources of one of SITES, to be changed."""
    env, parameters = SITES[name]
    return deepcopy(flat(env, **parameters))


def shown(resources) -> dict[tuple[str, str], str]:
    """The ways that there are: (from, to) -> ports."""
    matrix = Matrix(resources)
    everyone = [THE_INTERNET, *matrix.parties]
    ways = {(a.title, b.title): matrix.way(a, b) for a in everyone for b in everyone}
    assert all(way.some == way.every for way in ways.values())
    return {ends: str(way.some) for ends, way in ways.items() if way.some}


SERVICES = ("EcrApi", "EcrDkr", "Logs", "SecretsManager")

TIERS = {
    ("internet", "EdgeLoadBalancer"): "tcp 80",
    ("EdgeLoadBalancer", "ComputeService"): "tcp 80",
    ("ComputeService", "DataDBInstance"): "tcp 3306",
    ("ComputeService", "internet"): "tcp 443",
}


def test_the_reference_architecture_has_its_three_tables():
    """public: 80 from anywhere; private: 80 from public; rds: 3306 from private. And nothing else."""
    assert shown(flat("reference")) == TIERS
    assert [" ".join(line.split()) for line in report.rules(Matrix(flat("reference")))] == [
        "NetworkPublicSecurityGroup tcp 80 from 0.0.0.0/0",
        "NetworkPrivateSecurityGroup tcp 80 from NetworkPublicSecurityGroup",
        "NetworkRdsSecurityGroup tcp 3306 from NetworkPrivateSecurityGroup",
    ]


def test_with_https_and_a_replica():
    ways = {"EgressMode": "nat-gateway-per-zone", "ServiceEndpoints": "true"}
    assert shown(flat("production", **ways)) == TIERS | {
        ("internet", "EdgeLoadBalancer"): "tcp 80, 443",
        ("ComputeService", "EdgeLoadBalancer"): "tcp 443",
        **{("ComputeService", f"Egress{name}VPCEndpoint"): "tcp 443" for name in SERVICES},
        ("ComputeService", "DataReplicaDBInstance1"): "tcp 3306",
    }


def test_with_endpoints_nothing_reaches_the_internet():
    ways = shown(site("endpoints"))
    expected = {key: value for key, value in TIERS.items() if key[1] != "internet"}
    assert ways == expected | {("ComputeService", f"Egress{name}VPCEndpoint"): "tcp 443" for name in SERVICES}


@pytest.mark.parametrize("env", ENVIRONMENTS)
@pytest.mark.parametrize("egress", EGRESS_MODES)
@pytest.mark.parametrize("subnets", ["separate", "private"])
def test_the_promise_holds_however_it_is_deployed(env, egress, subnets):
    choices = {"EgressMode": egress, "DatabaseSubnets": subnets, "ReadReplicas": "2", "EnableExecuteCommand": "true"}
    assert broken(Matrix(flat(env, **choices))) == []


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_the_three_tiers_one_by_one(env):
    matrix = Matrix(flat(env))
    everyone = [THE_INTERNET, *matrix.parties]
    (balancer,), (tasks,) = matrix.of_kind("load balancer"), matrix.of_kind("tasks")
    databases = matrix.of_kind("database")
    assert matrix.way(THE_INTERNET, balancer).some <= tcp(80, 443)
    for party in everyone:
        if party is not balancer:
            assert not matrix.way(THE_INTERNET, party).some
            assert not matrix.way(party, tasks).some
        for database in databases:
            assert not matrix.way(database, party).some
            if party is not tasks:
                assert not matrix.way(party, database).some


def edit(title, **properties):
    """Set properties of a resource; None removes one."""

    def change(resources):
        of_resource = resources[title]["Properties"]
        for name, value in properties.items():
            of_resource.pop(name, None)
            if value is not None:
                of_resource[name] = value

    return change


def drop(title):
    return lambda resources: resources.pop(title)


def add(kind, **properties):
    return lambda resources: resources.update(Added={"Type": kind, "Properties": properties})


def ref(name):
    return {"Ref": name}


def rule(group, port, last=None, **peer):
    ports = {"IpProtocol": "tcp", "FromPort": port, "ToPort": last or port}
    return {"GroupId": ref(f"Network{group}SecurityGroup")} | ports | peer


def closed_acl(resources):
    """A network ACL without entries, so one that lets nothing through, before the first private subnet."""
    resources["Acl"] = {"Type": "AWS::EC2::NetworkAcl", "Properties": {"VpcId": ref("NetworkVPC")}}
    association = {"SubnetId": ref("NetworkPrivateSubnet1"), "NetworkAclId": ref("Acl")}
    resources["AclOf"] = {"Type": "AWS::EC2::SubnetNetworkAclAssociation", "Properties": association}


ANYWHERE = {"CidrIp": "0.0.0.0/0"}
INGRESS, EGRESS = "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"
TO_BALANCER = "the internet reaches load balancer EdgeLoadBalancer on"
NO_BALANCER = "the internet cannot reach load balancer EdgeLoadBalancer on tcp 80"
NO_TASKS = "load balancer EdgeLoadBalancer cannot reach tasks ComputeService on tcp 80"
NO_DATABASE = "tasks ComputeService cannot reach database DataDBInstance on tcp 3306"
NO_SERVICE = "tasks ComputeService cannot reach"
OUT = "tasks ComputeService reaches the internet on"

OPENED = [
    ("reference", add(INGRESS, **rule("Public", 22, **ANYWHERE)), f"{TO_BALANCER} tcp 22"),
    ("reference", add(INGRESS, **rule("Public", 443, **ANYWHERE)), f"{TO_BALANCER} tcp 443"),
    ("reference", add(INGRESS, **rule("Public", 8080, CidrIpv6="::/0")), f"{TO_BALANCER} tcp 8080"),
    ("reference", add(INGRESS, **rule("Public", 3389, CidrIp="203.0.113.0/24")), f"{TO_BALANCER} tcp 3389"),
    ("reference", edit("NetworkPublicHttpSecurityGroupIngress", FromPort=0, ToPort=65535), f"{TO_BALANCER} tcp 0-79"),
    (
        "reference",
        edit("NetworkPublicHttpSecurityGroupIngress", IpProtocol="-1"),
        f"{TO_BALANCER} tcp 0-79, 81-65535; udp",
    ),
    (
        "reference",
        edit("NetworkPublicSecurityGroup", SecurityGroupIngress=[{"IpProtocol": "udp", **ANYWHERE}]),
        f"{TO_BALANCER} udp",
    ),
    (
        "lab",
        edit("NetworkPrivateSecurityGroupIngress", SourceSecurityGroupId=None, **ANYWHERE),
        "the internet reaches tasks ComputeService on tcp 80",
    ),
    ("lab", add(INGRESS, **rule("Private", 22, **ANYWHERE)), "the internet reaches tasks ComputeService on tcp 22"),
    (
        "reference",
        edit("NetworkPublicSecurityGroup", SecurityGroupEgress=None),
        "load balancer EdgeLoadBalancer reaches the internet on everything",
    ),
    (
        "production",
        edit("NetworkRdsSecurityGroup", SecurityGroupEgress=None),
        "database DataDBInstance reaches load balancer EdgeLoadBalancer on tcp 80, 443",
    ),
    (
        "reference",
        edit("NetworkRdsSecurityGroup", SecurityGroupEgress=[{"IpProtocol": "-1", **ANYWHERE}]),
        "database DataDBInstance reaches the internet on everything",
    ),
    (
        "reference",
        edit("NetworkPrivateSecurityGroup", SecurityGroupEgress=None),
        f"{OUT} tcp 0-442, 444-65535; udp; other",
    ),
    ("reference", edit("NetworkPrivateHttpsSecurityGroupEgress", IpProtocol="-1"), f"{OUT} tcp 0-442"),
    ("reference", add(EGRESS, **rule("Private", 25, **ANYWHERE)), f"{OUT} tcp 25"),
    (
        "reference",
        edit("DataDBInstance", VPCSecurityGroups=[ref("NetworkPrivateSecurityGroup")]),
        "load balancer EdgeLoadBalancer reaches database DataDBInstance on tcp 80",
    ),
    (
        "reference",
        edit(
            "EdgeLoadBalancer", SecurityGroups=[ref("NetworkPrivateSecurityGroup"), ref("NetworkPublicSecurityGroup")]
        ),
        "load balancer EdgeLoadBalancer reaches database DataDBInstance on tcp 3306",
    ),
    (
        "endpoints",
        edit("EgressEndpointSecurityGroup", SecurityGroupEgress=None),
        "endpoint EgressEcrApiVPCEndpoint reaches load balancer EdgeLoadBalancer on tcp 80",
    ),
]

CUT = [
    ("reference", drop("NetworkPublicHttpSecurityGroupIngress"), NO_BALANCER),
    ("reference", edit("NetworkPublicHttpSecurityGroupIngress", CidrIp="10.0.0.0/8"), NO_BALANCER),
    ("reference", edit("NetworkPublicHttpSecurityGroupIngress", CidrIp="203.0.113.0/24"), NO_BALANCER),
    ("reference", edit("EdgeLoadBalancer", Scheme="internal"), NO_BALANCER),
    ("reference", drop("NetworkPublicRoute"), NO_BALANCER),
    ("reference", edit("NetworkPublicRoute", DestinationCidrBlock="10.1.0.0/16"), NO_BALANCER),
    ("reference", drop("NetworkVPCGatewayAttachment"), NO_BALANCER),
    ("reference", drop("NetworkPublicSubnet2RouteTableAssociation"), NO_BALANCER),
    (
        "reference",
        edit("EdgeHttpListener", Port=8080),
        "the internet cannot reach load balancer EdgeLoadBalancer on tcp 8080",
    ),
    ("reference", drop("EdgeHttpListener"), "no listener leads to tasks ComputeService"),
    ("reference", edit("EdgeHttpListener", DefaultActions=[{"Type": "fixed-response"}]), "no listener leads to tasks"),
    ("production", drop("EdgeHttpsListener"), "EdgeHttpListener sends visitors to port 443, where nothing listens"),
    ("production", drop("NetworkPublicHttpsSecurityGroupIngress"), "EdgeLoadBalancer on tcp 443"),
    ("reference", drop("NetworkPublicSecurityGroupEgress"), NO_TASKS),
    ("reference", edit("NetworkPublicSecurityGroupEgress", FromPort=8000, ToPort=8000), NO_TASKS),
    ("reference", drop("NetworkPrivateSecurityGroupIngress"), NO_TASKS),
    (
        "reference",
        edit("NetworkPrivateSecurityGroupIngress", SourceSecurityGroupId=ref("NetworkRdsSecurityGroup")),
        NO_TASKS,
    ),
    ("reference", closed_acl, NO_TASKS),
    ("reference", drop("NetworkRdsSecurityGroupIngress"), NO_DATABASE),
    ("reference", edit("NetworkRdsSecurityGroupIngress", FromPort=3307, ToPort=3307), NO_DATABASE),
    (
        "reference",
        edit("NetworkRdsSecurityGroupIngress", SourceSecurityGroupId=ref("NetworkPublicSecurityGroup")),
        NO_DATABASE,
    ),
    (
        "reference",
        edit("NetworkRdsSecurityGroupIngress", SourceSecurityGroupId=None, CidrIp="10.0.3.0/24"),
        NO_DATABASE,
    ),
    ("reference", drop("NetworkPrivateMySqlSecurityGroupEgress"), NO_DATABASE),
    ("reference", edit("DataDBInstance", VPCSecurityGroups=None), NO_DATABASE),
    ("reference", edit("DataDBInstance", Port="3307"), "cannot reach database DataDBInstance on tcp 3307"),
    ("reference", drop("NetworkPrivateHttpsSecurityGroupEgress"), f"{NO_SERVICE} ecr.api"),
    ("reference", drop("EgressPrivateRoute2"), f"{NO_SERVICE} secretsmanager"),
    ("reference", edit("EgressNatGateway1", AllocationId=None), f"{NO_SERVICE} logs"),
    ("reference", edit("EgressNatGateway1", SubnetId=ref("NetworkPrivateSubnet1")), f"{NO_SERVICE} ecr.dkr"),
    (
        "reference",
        edit("EgressPrivateRoute1", NatGatewayId=None, GatewayId=ref("NetworkInternetGateway")),
        f"{NO_SERVICE} ecr.api",
    ),
    ("lab", lambda resources: awsvpc(resources).update(AssignPublicIp="DISABLED"), f"{NO_SERVICE} ecr.api"),
    ("lab", lambda resources: awsvpc(resources).pop("SecurityGroups"), NO_TASKS),
    ("endpoints", drop("EgressLogsVPCEndpoint"), f"{NO_SERVICE} logs"),
    ("endpoints", drop("EgressS3VPCEndpoint"), f"{NO_SERVICE} s3"),
    ("endpoints", edit("EgressS3VPCEndpoint", RouteTableIds=[ref("NetworkPrivateRouteTable1")]), f"{NO_SERVICE} s3"),
    ("endpoints", edit("EgressEcrApiVPCEndpoint", PrivateDnsEnabled=False), f"{NO_SERVICE} ecr.api"),
    ("endpoints", drop("EgressEndpointSecurityGroupIngress"), f"{NO_SERVICE} secretsmanager"),
    ("reference", lambda resources: web(resources)["PortMappings"][0].update(ContainerPort=81), "no listener leads"),
]


def awsvpc(resources):
    return resources["ComputeService"]["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]


def web(resources):
    return resources["ComputeTaskDefinition"]["Properties"]["ContainerDefinitions"][2]


@pytest.mark.parametrize("name", SITES)
def test_unchanged_nothing_is_broken(name):
    assert broken(Matrix(site(name))) == []


@pytest.mark.wrong
@pytest.mark.parametrize(("name", "change", "words"), OPENED)
def test_a_change_that_opens_a_way_is_seen(name, change, words):
    resources = site(name)
    change(resources)
    assert any(fault.startswith(words) for fault in broken(Matrix(resources)))


@pytest.mark.wrong
@pytest.mark.parametrize(
    "change",
    [
        add(EGRESS, **rule("Public", 3306, DestinationSecurityGroupId=ref("NetworkRdsSecurityGroup"))),
        add(INGRESS, **rule("Rds", 3306, **ANYWHERE)),
        add(INGRESS, **rule("Private", 8000, **ANYWHERE)),
        edit("DataDBInstance", PubliclyAccessible=True),
    ],
)
def test_one_side_alone_opens_nothing(change):
    resources = site("reference")
    change(resources)
    assert broken(Matrix(resources)) == []


@pytest.mark.wrong
@pytest.mark.parametrize(("name", "change", "words"), CUT)
def test_a_change_that_cuts_a_needed_way_is_seen(name, change, words):
    resources = site(name)
    change(resources)
    assert any(words in fault for fault in broken(Matrix(resources)))


@pytest.mark.wrong
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            add("AWS::EC2::Route", RouteTableId=ref("NetworkPrivateRouteTable1"), VpcPeeringConnectionId="pcx-1"),
            "Added: a route through VpcPeeringConnectionId is not judged",
        ),
        (
            add("AWS::Lambda::Function", VpcConfig={"SubnetIds": [ref("NetworkPrivateSubnet1")]}),
            "Added: a AWS::Lambda::Function has an address in the VPC",
        ),
        (
            add(INGRESS, **rule("Public", 80, SourcePrefixListId="pl-1")),
            "Added: whom this rule speaks of is not judged",
        ),
        (edit("ComputeService", NetworkConfiguration={}), "ComputeService: a service without AwsvpcConfiguration"),
    ],
)
def test_what_is_not_judged_is_no_silent_yes(change, words):
    resources = site("reference")
    change(resources)
    with pytest.raises(Problem) as caught:
        broken(Matrix(resources))
    assert words in str(caught.value)


def entry(number, egress, action, block, first, last):
    """A network ACL's entry for TCP."""
    return {
        "Type": "AWS::EC2::NetworkAclEntry",
        "Properties": {
            "NetworkAclId": ref("Acl"),
            "RuleNumber": number,
            "Egress": egress,
            "RuleAction": action,
            "Protocol": 6,
            "CidrBlock": block,
            "PortRange": {"From": first, "To": last},
        },
    }


@pytest.mark.wrong
def test_a_network_acl_decides_by_its_first_rule_and_needs_the_answers():
    resources = site("reference")
    closed_acl(resources)
    resources |= {
        "In": entry(100, False, "allow", "10.0.0.0/16", 80, 80),
        "Answers": entry(100, True, "allow", "10.0.0.0/16", 1024, 65535),
    }
    lines = broken(Matrix(resources))
    assert NO_TASKS not in lines
    assert NO_DATABASE in lines  # nothing lets the database's answers in
    resources["Before"] = entry(50, False, "deny", "10.0.1.0/24", 80, 80)
    assert NO_TASKS in broken(Matrix(resources))
    resources["Before"] = entry(150, False, "deny", "10.0.1.0/24", 80, 80)
    assert NO_TASKS not in broken(Matrix(resources))
    del resources["Answers"]
    assert NO_TASKS in broken(Matrix(resources))


def test_sets_of_ports():
    some, web_ports = of_rule("tcp", 20, 100), tcp(80, 443)
    assert str(some & web_ports) == "tcp 80"
    assert str(some | web_ports) == "tcp 20-100, 443"
    assert str(some - web_ports) == "tcp 20-79, 81-100"
    assert str(some.others() & of_rule("udp", None, None)) == "udp"
    assert str(tcp(80, 81, 82)) == "tcp 80-82"
    assert of_rule("-1", None, None) == EVERYTHING == NOTHING.others()
    assert str(EVERYTHING - tcp(0)) == "tcp 1-65535; udp; other"
    assert of_rule("icmp", 8, 0) == of_rule(1, -1, -1) == Ports(frozenset({("other", 0, 0)}))
    assert NOTHING <= web_ports <= EVERYTHING
    assert not some <= web_ports
    assert str(NOTHING) == "-"


def test_the_command_shows_it_and_fails_when_it_does_not_hold(capsys, monkeypatch):
    assert main(["reach", "reference"]) == 0
    lines = capsys.readouterr().out
    assert "The promise holds" in lines
    assert "ComputeService    tcp 443   -                 -               tcp 3306" in lines
    monkeypatch.setattr(report, "broken", lambda matrix: ["the internet reaches everything"])
    assert main(["reach", "reference"]) == 1
    assert "BROKEN: the internet reaches everything" in capsys.readouterr().out
