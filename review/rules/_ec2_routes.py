"""Ways out of the VPC: internet gateway, NAT gateways, addresses, routes."""

from __future__ import annotations

from typing import Any

from ._nest import Reference, Resource, Rule, Variant, text, together

EC2 = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/"
CFN = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
NAT, ROUTE, ATTACHMENT = "AWS::EC2::NatGateway", "AWS::EC2::Route", "AWS::EC2::VPCGatewayAttachment"

# Source: API reference, CreateRoute: one destination, one target.
DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
TARGETS = (
    "CarrierGatewayId",
    "CoreNetworkArn",
    "EgressOnlyInternetGatewayId",
    "GatewayId",
    "InstanceId",
    "LocalGatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "TransitGatewayId",
    "VpcEndpointId",
    "VpcPeeringConnectionId",
)


def resource_of(value: Any, *types: str) -> Resource | None:
    """The resource of these templates that a value refers to, if it has one of the types."""
    found = value.resource if isinstance(value, Reference) else None
    return found if found is not None and found.type in types else None


class NatMode(Rule):
    """A zonal NAT gateway has a subnet; a regional one has a VPC and neither subnet nor address of its own.

    Source: API reference, CreateNatGateway: SubnetId, VpcId, AvailabilityMode, AllocationId.
    """

    id = "E9120"
    shortdesc = "NAT gateway with properties of the other availability mode"
    source_url = EC2 + "API_CreateNatGateway.html"
    types = (NAT,)
    wrong_for_regional = ("SubnetId", "AllocationId", "PrivateIpAddress", "SecondaryAllocationIds")

    def judge(self, r):
        for v in r.variants("AvailabilityMode", "VpcId", "ConnectivityType", *self.wrong_for_regional):
            mode = v["AvailabilityMode"] or "zonal"
            if mode == "zonal" and v["SubnetId"] is None:
                yield v.fault("a zonal NAT gateway needs SubnetId")
            if mode != "regional":
                continue
            if v["VpcId"] is None:
                yield v.fault("a regional NAT gateway needs VpcId")
            if v["ConnectivityType"] == "private":
                yield v.fault("a regional NAT gateway is public", "ConnectivityType")
            for name in self.wrong_for_regional:
                if v[name] is not None:
                    yield v.fault(
                        f"a regional NAT gateway takes no {name}; use VpcId and AvailabilityZoneAddresses", name
                    )


class NatAddress(Rule):
    """A public zonal NAT gateway needs an elastic address; a private one takes none.

    Source: API reference, CreateNatGateway: "You cannot specify an Elastic IP address with a private NAT gateway".
    """

    id = "E9121"
    shortdesc = "NAT gateway and its address do not fit"
    source_url = EC2 + "API_CreateNatGateway.html"
    types = (NAT,)

    def judge(self, r):
        for v in r.variants("ConnectivityType", "AllocationId", "AvailabilityMode"):
            private = v["ConnectivityType"] == "private"
            if private and v["AllocationId"] is not None:
                yield v.fault("a private NAT gateway takes no AllocationId", "AllocationId")
            public = v["ConnectivityType"] in (None, "public") and v["AvailabilityMode"] in (None, "zonal")
            if public and v["AllocationId"] is None:
                yield v.fault("a public NAT gateway needs the AllocationId of an elastic address")


class RouteTarget(Rule):
    """A route has one destination and one target.

    Source: API reference, CreateRoute.
    """

    id = "E9122"
    shortdesc = "Route without one destination and one target"
    source_url = EC2 + "API_CreateRoute.html"
    types = (ROUTE,)

    def judge(self, r):
        for v in r.variants(*DESTINATIONS, *TARGETS):
            for what, names in (("destination", DESTINATIONS), ("target", TARGETS)):
                given = [name for name in names if v[name] is not None]
                if len(given) != 1:
                    yield v.fault(f"a route needs one {what}, this one has {', '.join(given) or 'none'}", *given[1:2])


class RouteTwice(Rule):
    """A route table has one route to a destination.

    Source: API reference, CreateRoute; the API answers RouteAlreadyExists.
    """

    id = "E9123"
    shortdesc = "Two routes of a table to one destination"
    source_url = EC2 + "API_CreateRoute.html"

    def check(self, view):
        seen: list[tuple[Any, str, Resource, Variant]] = []
        for route in view.resources(ROUTE):
            for v in route.variants("RouteTableId", *DESTINATIONS):
                destination = next((text(v[name]) for name in DESTINATIONS if v[name] is not None), None)
                if destination is None or not isinstance(v["RouteTableId"], Reference):
                    continue
                for table, known, other, before in seen:
                    same = (table, known) == (v["RouteTableId"], destination) and other is not route
                    if same and together(before.where, v.where) is not None:
                        yield v.fault(f"{other.id} already routes {destination} of this table")
                seen.append((v["RouteTableId"], destination, route, v))


def attachments(route: Resource, gateway: Resource) -> list[Resource]:
    """The attachments of an internet gateway that exist whenever the route does."""
    return [
        found
        for found in route.view.resources(ATTACHMENT)
        if any(resource_of(v.value, "AWS::EC2::InternetGateway") is gateway for v in found.values("InternetGatewayId"))
        and together(found.where, route.where) is not None
    ]


class RouteBeforeAttachment(Rule):
    """A route to an internet gateway must wait for the attachment of the gateway to the VPC, with DependsOn.

    Source: CloudFormation guide, DependsOn attribute: "When a DependsOn attribute is required".
    """

    id = "W9128"
    shortdesc = "Route to an internet gateway that may not be attached yet"
    source_url = CFN + "aws-attribute-dependson.html"
    types = (ROUTE,)

    def judge(self, r):
        for value in r.values("GatewayId"):
            gateway = resource_of(value.value, "AWS::EC2::InternetGateway")
            if gateway is None or gateway.view is not r.view:
                continue
            found = attachments(r, gateway)
            if found and not any(r.waits_for(attachment) for attachment in found):
                yield value.fault(f"the route must wait for the attachment: add DependsOn: {found[0].id}")


class NatBeforeAttachment(Rule):
    """A public NAT gateway fails in a VPC that has no internet gateway yet: it, or its address, waits for it.

    Source: VPC user guide, "NAT gateway creation fails": Network vpc-... has no Internet gateway attached; the
    CloudFormation guide's DependsOn example.
    """

    id = "W9124"
    shortdesc = "NAT gateway that may come before the internet gateway is attached"
    source_url = "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html"
    types = (NAT,)

    def judge(self, r):
        if all(v.value == "private" for v in r.values("ConnectivityType")) and "ConnectivityType" in r.node:
            return
        found = [a for a in r.view.resources(ATTACHMENT) if "InternetGatewayId" in a.node and same_vpc(a, r)]
        found = [a for a in found if together(a.where, r.where) is not None]
        if found and not any(r.waits_for(attachment) for attachment in found):
            yield r.fault(f"it must wait for the internet gateway: add DependsOn: {found[0].id}")


def same_vpc(attachment: Resource, nat: Resource) -> bool:
    """Is the NAT gateway in the VPC of the attachment?"""
    homes = [value.value for value in attachment.values("VpcId")]
    subnets = [resource_of(value.value, "AWS::EC2::Subnet") for value in nat.values("SubnetId")]
    found = [value.value for subnet in subnets if subnet for value in subnet.values("VpcId")]
    return any(home in homes for home in found + [value.value for value in nat.values("VpcId")])


class AttachmentOfOne(Rule):
    """An attachment joins a VPC with one gateway: an internet gateway or a VPN gateway.

    Source: CloudFormation reference, AWS::EC2::VPCGatewayAttachment: "either ... but not both".
    """

    id = "E9125"
    shortdesc = "Attachment of no gateway, or of two"
    source_url = CFN + "aws-resource-ec2-vpcgatewayattachment.html"
    types = (ATTACHMENT,)

    def judge(self, r):
        for v in r.variants("InternetGatewayId", "VpnGatewayId"):
            if (v["InternetGatewayId"] is None) == (v["VpnGatewayId"] is None):
                yield v.fault("give InternetGatewayId or VpnGatewayId, one of them")
