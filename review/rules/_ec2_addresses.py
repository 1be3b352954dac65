"""Address blocks of VPCs and subnets: their size, their place, their neighbours, their zones."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from ._nest import EMPTY, Reference, Resource, Rule, Unknown, Value, together

VPC, SUBNET = "AWS::EC2::VPC", "AWS::EC2::Subnet"
USER_GUIDE = "https://docs.aws.amazon.com/vpc/latest/userguide/"


def network(value: Any) -> Any:
    """The IPv4 block that a value is, in the canonical form that the API makes of it; None if it is none."""
    try:
        return ipaddress.IPv4Network(value, strict=False) if isinstance(value, str) and "/" in value else None
    except ValueError:
        return None


def blocks_of(resource: Resource) -> Iterator[tuple[Any, Value]]:
    for value in resource.values("CidrBlock"):
        block = network(value.value)
        if block is not None:
            yield block, value


def vpc_of(subnet: Resource, name: str = "VpcId") -> Iterator[tuple[Resource, Value]]:
    """The VPCs of these templates in which a resource can be."""
    for value in subnet.values(name):
        if isinstance(value.value, Reference) and value.value.resource.type == VPC:
            yield value.value.resource, value


class BlockSize(Rule):
    """A VPC or subnet has from 16 to 65,536 addresses: a block from /16 to /28.

    Source: VPC user guide, "IPv4 CIDR blocks" and "Subnet sizing for IPv4".
    """

    id = "E9110"
    shortdesc = "Address block of a size that EC2 refuses"
    source_url = USER_GUIDE + "vpc-cidr-blocks.html"
    types = (VPC, SUBNET, "AWS::EC2::VPCCidrBlock")

    def judge(self, r):
        for block, value in blocks_of(r):
            if not 16 <= block.prefixlen <= 28:
                yield value.fault(f"{block} is a /{block.prefixlen}; EC2 takes /16 to /28")


class BlockInVpc(Rule):
    """The block of a subnet lies inside a block of its VPC.

    Source: VPC user guide, "Subnet CIDR blocks"; the API answers InvalidSubnet.Range.
    """

    id = "E9111"
    shortdesc = "Subnet outside its VPC"
    source_url = USER_GUIDE + "subnet-sizing.html"
    types = (SUBNET,)

    def judge(self, r):
        for block, value in blocks_of(r):
            for vpc, at in vpc_of(r):
                more = {v for extra in r.view.everywhere("AWS::EC2::VPCCidrBlock") for v, _ in vpc_of(extra)}
                for whole, other in () if vpc in more else blocks_of(vpc):
                    where = together(value.where, at.where, other.where)
                    if where is not None and not block.subnet_of(whole):
                        yield value._replace(where=where).fault(f"{block} is not inside {whole}, the block of {vpc.id}")


class BlocksOverlap(Rule):
    """The blocks of the subnets of a VPC do not overlap.

    Source: VPC user guide, "Subnet sizing"; the API answers InvalidSubnet.Conflict.
    """

    id = "E9112"
    shortdesc = "Two subnets of a VPC overlap"
    source_url = USER_GUIDE + "subnet-sizing.html"

    def check(self, view):
        rows = [
            (subnet, block, value, vpc, at)
            for subnet in view.resources(SUBNET)
            for block, value in blocks_of(subnet)
            for vpc, at in same_vpc(subnet)
        ]
        for i, (subnet, block, value, vpc, at) in enumerate(rows):
            for other, neighbour, seen, home, place in rows[:i]:
                if other is subnet or home != vpc or not block.overlaps(neighbour):
                    continue
                where = together(value.where, at.where, seen.where, place.where)
                if where is not None:
                    yield value._replace(where=where).fault(f"{block} overlaps {neighbour} of {other.id}")


def same_vpc(resource: Resource) -> Iterator[tuple[Any, Value]]:
    """What says in which VPC a resource is: equal values are one VPC, if they are no plain text."""
    for value in resource.values("VpcId"):
        if isinstance(value.value, Reference | Unknown):
            yield value.value, value


class BlocksRunOut(Rule):
    """Fn::Cidr cannot cut more blocks, or larger ones, than the block that it is given holds.

    Source: CloudFormation reference, Fn::Cidr: count from 1 to 256, cidrBits leaves at least that many blocks.
    """

    id = "E9113"
    shortdesc = "Fn::Cidr asks for more blocks than there are"
    source_url = (
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-cidr.html"
    )
    types = (SUBNET,)

    def judge(self, r):
        for value in r.values("CidrBlock"):
            key = value.value.key if isinstance(value.value, Unknown) else ()
            if len(key) == 3 and key[0] == "Fn::Select" and isinstance(key[2], tuple):
                blocks = key[2]
            elif len(key) == 3 and isinstance(key[2], Unknown) and key[2].key[0] == "Fn::Cidr":
                blocks = ()
            else:
                continue
            if blocks or plain_arguments(key[2]):
                yield value.fault(f"there is no block number {key[1]}: Fn::Cidr makes {len(blocks)} of them here")


def plain_arguments(cut: Any) -> bool:
    """Are all arguments of this Fn::Cidr known?"""
    return isinstance(cut, Unknown) and all(isinstance(item, str | int) for item in cut.key[1])


class ZoneTwice(Rule):
    """The subnets of a load balancer or of an interface endpoint are in different zones, one each.

    Source: API references, CreateLoadBalancer ("only one subnet per Availability Zone") and CreateVpcEndpoint
    (DuplicateSubnetsInSameZone).
    """

    id = "E9114"
    shortdesc = "Two subnets in one zone where each zone may have one"
    source_url = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html"
    types = ("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::EC2::VPCEndpoint")

    def judge(self, r):
        name = "SubnetIds" if r.type == "AWS::EC2::VPCEndpoint" else "Subnets"
        for v in r.variants(name):
            seen: dict = {}
            for subnet in subnets(v[name]):
                for zone in subnet.values("AvailabilityZone"):
                    where = together(v.where, zone.where)
                    if where is None or isinstance(zone.value, list | dict):
                        continue
                    other = seen.setdefault(zone.value, (subnet, where))
                    if other[0] is not subnet and together(other[1], where) is not None:
                        yield v.fault(
                            f"{other[0].id} and {subnet.id} are in the same zone; give one subnet a zone", name
                        )


def subnets(value: Any) -> list[Resource]:
    """The subnets of these templates that a list names."""
    found = value if isinstance(value, list) else []
    return [item.resource for item in found if isinstance(item, Reference) and item.resource.type == SUBNET]


class OneZone(Rule):
    """An application load balancer, and a subnet group of a database, need subnets in two zones at least.

    Source: API references, CreateLoadBalancer and CreateDBSubnetGroup (DBSubnetGroupDoesNotCoverEnoughAZs).
    """

    id = "E9115"
    shortdesc = "Subnets in one zone where two are needed"
    source_url = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html"
    types = ("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::RDS::DBSubnetGroup")

    def judge(self, r):
        name = "SubnetIds" if r.type == "AWS::RDS::DBSubnetGroup" else "Subnets"
        for v in r.variants(name, "Type"):
            named = v[name]
            if not isinstance(named, list) or v["Type"] not in (None, "application"):
                continue
            if len(subnets(named)) != len(named):
                continue
            zones = [
                [zone.value for zone in s.values("AvailabilityZone") if together(v.where, zone.where)]
                for s in subnets(named)
            ]
            if all(len(found) == 1 for found in zones) and len({str(found[0]) for found in zones}) < 2:
                yield v.fault("all of these subnets are in one zone; two zones are needed", name)


class NamesWithoutResolver(Rule):
    """A VPC with EnableDnsHostnames needs EnableDnsSupport; interface endpoints with private names need both.

    Source: VPC user guide, "DNS attributes for your VPC"; AWS PrivateLink guide, "Private DNS".
    """

    id = "E9116"
    shortdesc = "DNS names in a VPC that does not resolve them"
    source_url = USER_GUIDE + "AmazonDNS-concepts.html"
    types = (VPC,)

    def judge(self, r):
        for v in r.variants("EnableDnsSupport", "EnableDnsHostnames"):
            support = str(v["EnableDnsSupport"]).lower() != "false"
            hostnames = str(v["EnableDnsHostnames"]).lower() == "true"
            if hostnames and not support:
                yield v.fault("EnableDnsHostnames needs EnableDnsSupport: true", "EnableDnsHostnames")
            if (hostnames and support) or not all(known_or_none(v[name]) for name in v.values):
                continue
            for endpoint in r.view.everywhere("AWS::EC2::VPCEndpoint"):
                if private_names_in(endpoint, r, v.where):
                    yield v.fault(
                        f"{endpoint.id} has PrivateDnsEnabled, so EnableDnsSupport and EnableDnsHostnames must be true"
                    )


def known_or_none(value: Any) -> bool:
    return value is None or isinstance(value, str | bool)


def private_names_in(endpoint: Resource, vpc: Resource, where: Any = EMPTY) -> bool:
    """Is this an endpoint with private names in that VPC?"""
    return any(
        str(v["PrivateDnsEnabled"]).lower() == "true"
        and isinstance(v["VpcId"], Reference)
        and v["VpcId"].resource is vpc
        and together(v.where, where) is not None
        for v in endpoint.variants("PrivateDnsEnabled", "VpcId")
    )
