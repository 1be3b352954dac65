"""Which subnets are public, and what must stand in them, or must not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ._ec2_routes import NAT, ROUTE, resource_of
from ._nest import Reference, Resource, Rule, references, text, together

WORLD = ("0.0.0.0/0", "::/0")


def tables_of(subnet: Resource) -> Iterator[tuple[Any, Any]]:
    """(route table, where) for each association of a subnet."""
    for found in subnet.view.everywhere("AWS::EC2::SubnetRouteTableAssociation"):
        for v in found.variants("SubnetId", "RouteTableId"):
            if resource_of(v["SubnetId"], "AWS::EC2::Subnet") is subnet:
                yield v["RouteTableId"], v.where


def internet_routes(view: Any) -> Iterator[tuple[Any, Any]]:
    """(route table, where) for each route of the world to an internet gateway, in the whole nest."""
    for route in view.everywhere(ROUTE):
        for v in route.variants("RouteTableId", "DestinationCidrBlock", "DestinationIpv6CidrBlock", "GatewayId"):
            world = text(v["DestinationCidrBlock"]) in WORLD or text(v["DestinationIpv6CidrBlock"]) in WORLD
            if world and v["GatewayId"] is not None:
                yield v["RouteTableId"], v.where


def is_public(subnet: Resource, where: Any) -> bool | None:
    """Has a subnet a route to an internet gateway? None if the templates do not show its route table or all routes."""
    tables = [(table, w) for table, w in tables_of(subnet) if together(where, w) is not None]
    routes = list(internet_routes(subnet.view))
    if any(table == other and together(where, w, found) is not None for table, w in tables for other, found in routes):
        return True
    hidden = set(references(subnet.view.root.section("Outputs")))
    shown = tables and all(isinstance(table, Reference) and table.resource.id not in hidden for table, _ in tables)
    return False if shown else None


class NatInPrivateSubnet(Rule):
    """A public NAT gateway stands in a subnet with a route to the internet gateway, else nothing gets out through it.

    Source: VPC user guide, "NAT gateway basics": create a public NAT gateway in a public subnet.
    """

    id = "E9126"
    shortdesc = "Public NAT gateway in a subnet without a route to the internet"
    source_url = "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html"
    types = (NAT,)

    def judge(self, r):
        for v in r.variants("SubnetId", "ConnectivityType"):
            subnet = resource_of(v["SubnetId"], "AWS::EC2::Subnet")
            if subnet and v["ConnectivityType"] in (None, "public") and is_public(subnet, v.where) is False:
                yield v.fault(f"{subnet.id} has no route to an internet gateway", "SubnetId")


class NatForItself(Rule):
    """The route table of a NAT gateway's own subnet does not send the world to that NAT gateway.

    Source: VPC user guide, "NAT gateway basics": the subnet of the NAT gateway routes to the internet gateway.
    """

    id = "E9127"
    shortdesc = "Subnet of a NAT gateway routed through that NAT gateway"
    source_url = "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html"
    types = (ROUTE,)

    def judge(self, r):
        for v in r.variants("NatGatewayId", "RouteTableId"):
            nat = resource_of(v["NatGatewayId"], NAT)
            for value in nat.values("SubnetId") if nat else ():
                subnet = resource_of(value.value, "AWS::EC2::Subnet")
                for table, where in tables_of(subnet) if subnet else ():
                    if table == v["RouteTableId"] and together(where, v.where, value.where) is not None:
                        yield v.fault(f"{nat.id} stands in {subnet.id}, which this table serves", "NatGatewayId")


class DatabaseInPublicSubnet(Rule):
    """The subnets of a database have no route to an internet gateway and give no public addresses.

    Source: Security Hub, RDS.46 "RDS DB instances should not be deployed in public subnets".
    """

    id = "W9126"
    shortdesc = "Database subnets that are public"
    source_url = "https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-46"
    types = ("AWS::RDS::DBSubnetGroup",)

    def judge(self, r):
        for v in r.variants("SubnetIds"):
            for item in v["SubnetIds"] if isinstance(v["SubnetIds"], list) else ():
                subnet = resource_of(item, "AWS::EC2::Subnet")
                if subnet and is_public(subnet, v.where):
                    yield v.fault(
                        f"{subnet.id} has a route to an internet gateway; give databases subnets without", "SubnetIds"
                    )
                for found in subnet.values("MapPublicIpOnLaunch") if subnet else ():
                    if text(found.value) == "true" and together(found.where, v.where) is not None:
                        yield v.fault(f"{subnet.id} gives public addresses (MapPublicIpOnLaunch)", "SubnetIds")
