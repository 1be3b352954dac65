"""The network of the reference architecture: addresses, routes, and who may talk to whom."""

import ipaddress

from tests.nest import of_type, properties, stack

ANYWHERE = "0.0.0.0/0"


def block(subnet: str) -> str:
    """The subnet's address block with the default parameters: what Fn::Cidr gives on AWS."""
    index, cidr = properties("network", subnet)["CidrBlock"]["Fn::Select"]
    vpc, count, bits = cidr["Fn::Cidr"]
    defaults = {
        name: definition["Default"]
        for name, definition in stack("network")["Parameters"].items()
        if "Default" in definition
    }
    blocks = list(ipaddress.ip_network(defaults[vpc["Ref"]]).subnets(new_prefix=32 - defaults[bits["Ref"]]))
    return str(blocks[:count][index])


def zone(subnet: str) -> int:
    return properties("network", subnet)["AvailabilityZone"]["Fn::Select"][0]


def table_of(subnet: str) -> str:
    associations = of_type("network", "AWS::EC2::SubnetRouteTableAssociation").values()
    (table,) = [
        body["Properties"]["RouteTableId"]["Ref"]
        for body in associations
        if body["Properties"]["SubnetId"]["Ref"] == subnet
    ]
    return table


def default_route(table: str) -> dict:
    (route,) = [
        body
        for body in of_type("network", "AWS::EC2::Route").values()
        if body["Properties"]["RouteTableId"]["Ref"] == table
    ]
    assert route["Properties"]["DestinationCidrBlock"] == ANYWHERE
    return route


def test_addresses():
    assert stack("network")["Parameters"]["VpcCidr"]["Default"] == "10.0.0.0/16"
    assert {subnet: (block(subnet), zone(subnet)) for subnet in of_type("network", "AWS::EC2::Subnet")} == {
        "PublicSubnet1": ("10.0.1.0/24", 0),
        "PublicSubnet2": ("10.0.2.0/24", 1),
        "PrivateSubnet1": ("10.0.3.0/24", 0),
        "PrivateSubnet2": ("10.0.4.0/24", 1),
    }


def test_public_subnets_reach_the_internet_directly():
    for subnet in ("PublicSubnet1", "PublicSubnet2"):
        route = default_route(table_of(subnet))
        assert route["Properties"]["GatewayId"] == {"Ref": "InternetGateway"}
        # EC2 refuses the route while the gateway is not attached.
        assert route["DependsOn"] == "VPCGatewayAttachment"


def test_private_subnets_reach_it_through_one_nat_gateway():
    assert len(of_type("network", "AWS::EC2::NatGateway")) == 1
    for subnet in ("PrivateSubnet1", "PrivateSubnet2"):
        assert default_route(table_of(subnet))["Properties"]["NatGatewayId"] == {"Ref": "NatGateway"}
    assert table_of(properties("network", "NatGateway")["SubnetId"]["Ref"]) == "PublicRouteTable"


def rules(kind: str, peer: str) -> set[tuple]:
    """(group, TCP port, peer, condition) of every rule of a kind."""
    found = set()
    for body in of_type("network", f"AWS::EC2::SecurityGroup{kind}").values():
        rule = body["Properties"]
        assert rule["IpProtocol"] == "tcp"
        assert rule["FromPort"] == rule["ToPort"]
        other = rule.get("CidrIp") or rule[peer]["Ref"]
        found.add((rule["GroupId"]["Ref"], rule["FromPort"], other, body.get("Condition")))
    return found


def test_who_may_talk_to_whom():
    assert rules("Ingress", "SourceSecurityGroupId") == {
        ("PublicSecurityGroup", 80, ANYWHERE, None),
        ("PublicSecurityGroup", 443, ANYWHERE, "HasCertificate"),
        ("PrivateSecurityGroup", 80, "PublicSecurityGroup", None),
        ("RdsSecurityGroup", 3306, "PrivateSecurityGroup", None),
    }
    assert rules("Egress", "DestinationSecurityGroupId") == {
        ("PublicSecurityGroup", 80, "PrivateSecurityGroup", None),
        ("PrivateSecurityGroup", 3306, "RdsSecurityGroup", None),
        ("PrivateSecurityGroup", 443, ANYWHERE, None),
    }


def test_no_group_has_rules_besides_those():
    for title, body in of_type("network", "AWS::EC2::SecurityGroup").items():
        assert "SecurityGroupIngress" not in body["Properties"], title
        # This one stands in for the rule that EC2 would add otherwise: everything to everywhere.
        (placeholder,) = body["Properties"]["SecurityGroupEgress"]
        assert placeholder["CidrIp"] == "127.0.0.1/32", title


def test_every_rule_and_group_is_described():
    for kind in ("SecurityGroupIngress", "SecurityGroupEgress"):
        assert all(body["Properties"]["Description"] for body in of_type("network", f"AWS::EC2::{kind}").values())
    assert all(
        body["Properties"]["GroupDescription"] for body in of_type("network", "AWS::EC2::SecurityGroup").values()
    )
