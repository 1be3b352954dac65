"""The network: addresses, routes, and who may talk to whom, in every environment."""

import pytest

from tests.nest import ENVIRONMENTS, flat, nest, of_type, stack

ANYWHERE = "0.0.0.0/0"
HTTPS = {"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1"}


def table_of(resources: dict, subnet: str) -> str:
    """The route table of a subnet."""
    associations = of_type(resources, "AWS::EC2::SubnetRouteTableAssociation").values()
    (table,) = [item["RouteTableId"]["Ref"] for item in associations if item["SubnetId"]["Ref"] == subnet]
    return table


def ways_out(resources: dict, subnet: str) -> set[str]:
    """What the subnet's routes to anywhere lead to."""
    table, found = table_of(resources, subnet), set()
    for body in resources.values():
        route = body.get("Properties", {})
        if body["Type"] == "AWS::EC2::Route" and route["RouteTableId"]["Ref"] == table:
            assert route["DestinationCidrBlock"] == ANYWHERE
            found.add((route.get("GatewayId") or route["NatGatewayId"])["Ref"])
    return found


def test_addresses_of_the_reference_architecture():
    subnets = of_type(flat("reference"), "AWS::EC2::Subnet")
    zones = {title: item["AvailabilityZone"]["Fn::Select"][0] for title, item in subnets.items()}
    assert {title: (item["CidrBlock"], int(zones[title])) for title, item in subnets.items()} == {
        "NetworkPublicSubnet1": ("10.0.1.0/24", 0),
        "NetworkPublicSubnet2": ("10.0.2.0/24", 1),
        "NetworkPrivateSubnet1": ("10.0.3.0/24", 0),
        "NetworkPrivateSubnet2": ("10.0.4.0/24", 1),
    }
    assert of_type(flat("reference"), "AWS::EC2::VPC")["NetworkVPC"]["CidrBlock"] == "10.0.0.0/16"


def test_the_database_has_subnets_without_any_way_out():
    resources = flat(DatabaseSubnets="separate")
    group = of_type(resources, "AWS::RDS::DBSubnetGroup")["DataDBSubnetGroup"]
    subnets = [item["Ref"] for item in group["SubnetIds"]]
    assert subnets == ["NetworkDatabaseSubnet1", "NetworkDatabaseSubnet2"]
    for subnet in subnets:
        assert ways_out(resources, subnet) == set()


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_public_subnets_reach_the_internet_directly(env):
    for subnet in ("NetworkPublicSubnet1", "NetworkPublicSubnet2"):
        assert ways_out(flat(env), subnet) == {"NetworkInternetGateway"}
    # EC2 refuses the route while the gateway is not attached.
    assert stack("network")["Resources"]["PublicRoute"]["DependsOn"] == "VPCGatewayAttachment"


@pytest.mark.parametrize(
    ("mode", "first", "second"),
    [
        ("nat-gateway", {"EgressNatGateway1"}, {"EgressNatGateway1"}),
        ("nat-gateway-per-zone", {"EgressNatGateway1"}, {"EgressNatGateway2"}),
        ("interface-endpoints", set(), set()),
        ("public-addresses", set(), set()),
    ],
)
def test_private_subnets_reach_out_as_chosen(mode, first, second):
    resources = flat(EgressMode=mode)
    assert ways_out(resources, "NetworkPrivateSubnet1") == first
    assert ways_out(resources, "NetworkPrivateSubnet2") == second
    gateways = of_type(resources, "AWS::EC2::NatGateway")
    assert set(gateways) == first | second
    for number, title in enumerate(sorted(gateways), 1):
        assert gateways[title]["SubnetId"] == {"Ref": f"NetworkPublicSubnet{number}"}


@pytest.mark.parametrize("mode", ["nat-gateway", "nat-gateway-per-zone", "interface-endpoints", "public-addresses"])
def test_s3_is_reached_through_its_own_endpoint_always(mode):
    (endpoint,) = [
        item
        for item in of_type(flat(EgressMode=mode), "AWS::EC2::VPCEndpoint").values()
        if item["VpcEndpointType"] == "Gateway"
    ]
    assert endpoint["ServiceName"] == "com.amazonaws.us-east-1.s3"
    tables = {item["Ref"] for item in endpoint["RouteTableIds"]}
    assert tables == {"NetworkPublicRouteTable", "NetworkPrivateRouteTable1", "NetworkPrivateRouteTable2"}


@pytest.mark.parametrize(("shell", "more"), [("false", set()), ("true", {"ssmmessages"})])
def test_without_internet_the_services_that_a_task_needs_have_endpoints(shell, more):
    resources = flat(EgressMode="interface-endpoints", EnableExecuteCommand=shell)
    endpoints = [
        item for item in of_type(resources, "AWS::EC2::VPCEndpoint").values() if item["VpcEndpointType"] == "Interface"
    ]
    services = {item["ServiceName"].removeprefix("com.amazonaws.us-east-1.") for item in endpoints}
    assert services == {"ecr.api", "ecr.dkr", "logs", "secretsmanager"} | more
    for item in endpoints:
        assert item["PrivateDnsEnabled"] is True
        assert item["SecurityGroupIds"] == [{"Ref": "EgressEndpointSecurityGroup"}]
        assert [subnet["Ref"] for subnet in item["SubnetIds"]] == ["NetworkPrivateSubnet1", "NetworkPrivateSubnet2"]


def rules(resources: dict, kind: str, peer: str) -> set[tuple]:
    """(group, TCP port, peer) of every rule of a kind."""
    found = set()
    for rule in of_type(resources, f"AWS::EC2::SecurityGroup{kind}").values():
        assert rule["IpProtocol"] == "tcp"
        assert rule["FromPort"] == rule["ToPort"]
        assert rule["Description"]
        found.add((rule["GroupId"]["Ref"], rule["FromPort"], rule.get("CidrIp") or rule[peer]["Ref"]))
    return found


PUBLIC, PRIVATE, RDS = "NetworkPublicSecurityGroup", "NetworkPrivateSecurityGroup", "NetworkRdsSecurityGroup"
ENDPOINT = "EgressEndpointSecurityGroup"
INGRESS = {(PUBLIC, 80, ANYWHERE), (PRIVATE, 80, PUBLIC), (RDS, 3306, PRIVATE)}


@pytest.mark.parametrize(
    ("env", "changes", "more"),
    [
        ("reference", {}, set()),
        ("lab", {}, set()),
        ("standard", {}, set()),
        ("standard", HTTPS, {(PUBLIC, 443, ANYWHERE)}),
        ("production", {}, {(PUBLIC, 443, ANYWHERE), (ENDPOINT, 443, PRIVATE)}),
        ("production", {"EgressMode": "nat-gateway-per-zone"}, {(PUBLIC, 443, ANYWHERE)}),
        (None, {"EgressMode": "interface-endpoints"}, {(ENDPOINT, 443, PRIVATE)}),
    ],
)
def test_who_may_talk_to_whom(env, changes, more):
    resources = flat(env, **changes)
    assert rules(resources, "Ingress", "SourceSecurityGroupId") == INGRESS | more
    assert rules(resources, "Egress", "DestinationSecurityGroupId") == {
        (PUBLIC, 80, PRIVATE),
        (PRIVATE, 3306, RDS),
        (PRIVATE, 443, ANYWHERE),
    }


@pytest.mark.parametrize("mode", ["nat-gateway", "interface-endpoints"])
def test_no_group_has_rules_besides_those(mode):
    for title, group in of_type(flat(EgressMode=mode), "AWS::EC2::SecurityGroup").items():
        assert "SecurityGroupIngress" not in group, title
        assert group["GroupDescription"]
        # This one stands in for the rule that EC2 would add otherwise: everything to everywhere.
        (placeholder,) = group["SecurityGroupEgress"]
        assert placeholder["CidrIp"] == "127.0.0.1/32", title


def test_flow_logs_go_where_they_are_asked_to():
    destinations = {
        "s3": {"LogDestination": {"Fn::GetAtt": ["NetworkFlowLogBucket", "Arn"]}},
        "cloud-watch-logs": {"LogGroupName": {"Ref": "NetworkFlowLogGroup"}},
    }
    for where, destination in destinations.items():
        (log,) = of_type(flat(FlowLogs=where), "AWS::EC2::FlowLog").values()
        assert log["LogDestinationType"] == where
        assert destination.items() <= log.items()
        assert log["TrafficType"] == "ALL"
    # A bucket needs no role, which a Learner Lab could not make.
    assert "DeliverLogsPermissionArn" not in of_type(flat(FlowLogs="s3"), "AWS::EC2::FlowLog")["NetworkBucketFlowLog"]
    assert of_type(flat(FlowLogs="none"), "AWS::EC2::FlowLog") == {}


def test_the_database_does_not_wait_for_a_nat_gateway():
    """Only what truly depends waits: the nest's stacks, by what their parameters refer to."""
    waits = {}
    for title, body in stack("root")["Resources"].items():
        values = body["Properties"]["Parameters"].values()
        named = {value["Fn::GetAtt"][0] for value in values if "Fn::GetAtt" in value}
        waits[title] = named | set(body.get("DependsOn", []))
    assert waits["Data"] == {"Network"}
    assert waits["Edge"] == {"Network"}
    assert waits["Egress"] == {"Network"}
    assert waits["Compute"] == {"Network", "Egress", "Edge", "Data"}


def test_resolved_nest_has_no_parameter_left():
    assert not nest("production").flat.get("Parameters")
