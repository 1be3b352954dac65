"""Security groups: what they say, what they open, what EC2 refuses in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from ._nest import Block, Reference, Resource, Rule, Text, Unknown, Variant, known, number, text, together

GROUP, INGRESS, EGRESS = "AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"
EC2 = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/"

# Source: API reference, CreateSecurityGroup, GroupDescription and IpRange.Description; GroupName takes the same.
ALLOWED = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*")
EVERY = ("-1", "all")
PORTED = ("tcp", "udp", "6", "17")
PEERS = ("CidrIp", "CidrIpv6", "SourceSecurityGroupId", "SourcePrefixListId", "SourceSecurityGroupName")
PEERS += ("DestinationSecurityGroupId", "DestinationPrefixListId")
FIELDS = ("IpProtocol", "FromPort", "ToPort", *PEERS)


def rules(view: Any, *directions: str) -> Iterator[tuple[Resource, Block]]:
    """(resource, rule) for each rule of these directions, inline or as a resource of its own."""
    for direction in directions:
        inline = "SecurityGroupIngress" if direction == INGRESS else "SecurityGroupEgress"
        for group in view.resources(GROUP):
            yield from ((group, block) for block in group.blocks(inline))
        yield from ((resource, resource) for resource in view.resources(direction))


def protocol(v: Variant) -> str | None:
    """The protocol of a rule as EC2 reads it, which does not look at capitals."""
    named = text(v["IpProtocol"])
    return named.lower() if named is not None else None


def ports(v: Variant) -> tuple[int, int] | None:
    """The ports that a rule of TCP or UDP opens; all of them for every protocol; None if that is not known."""
    if protocol(v) in EVERY:
        return 0, 65535
    low, high = number(v["FromPort"]), number(v["ToPort"])
    if protocol(v) not in PORTED or low is None or high is None:
        return None
    return (0, 65535) if low == -1 else (low, high)


class Description(Rule):
    """Descriptions and names of security groups, at most 255 characters out of a-z A-Z 0-9 and ._-:/()#,@[]+=&;{}!$*.

    Source: API reference, CreateSecurityGroup and IpRange; the API answers InvalidParameterValue.
    """

    id = "E9130"
    shortdesc = "Text that a security group does not take"
    source_url = EC2 + "API_CreateSecurityGroup.html"
    types = (GROUP, INGRESS, EGRESS)
    texts: ClassVar = {
        GROUP: (
            "GroupDescription",
            "GroupName",
            "SecurityGroupIngress.*.Description",
            "SecurityGroupEgress.*.Description",
        ),
        INGRESS: ("Description",),
        EGRESS: ("Description",),
    }

    def judge(self, r):
        for name in self.texts[r.type]:
            for value in r.values(name):
                found = value.value
                pieces = (
                    [p for p in found.parts if isinstance(p, str)] if isinstance(found, Text) else [text(found) or ""]
                )
                wrong = sorted({c for piece in pieces for c in ALLOWED.sub("", piece)})
                if wrong:
                    yield value.fault(
                        f"EC2 takes no {' '.join(wrong)} here, only letters, digits and ._-:/()#,@[]+=&;{{}}!$*"
                    )
                if sum(map(len, pieces)) > 255:
                    yield value.fault(f"{sum(map(len, pieces))} characters; EC2 takes 255")
                if name == "GroupName" and pieces[:1] and pieces[0].lower().startswith("sg-"):
                    yield value.fault("the name of a group must not begin with sg-")


class PortOrder(Rule):
    """The ports of a rule run from 0 to 65535, and FromPort is not above ToPort.

    Source: API reference, IpPermission; the API answers InvalidParameterValue.
    """

    id = "E9134"
    shortdesc = "Port range that does not exist"
    source_url = EC2 + "API_IpPermission.html"

    def check(self, view):
        for _, rule in rules(view, INGRESS, EGRESS):
            for v in rule.variants("IpProtocol", "FromPort", "ToPort"):
                low, high = number(v["FromPort"]), number(v["ToPort"])
                if protocol(v) not in PORTED:
                    continue
                if low is not None and high is not None and low > high and high != -1:
                    yield v.fault(f"FromPort {low} is above ToPort {high}", "FromPort")
                for name, port in (("FromPort", low), ("ToPort", high)):
                    if port is not None and not -1 <= port <= 65535:
                        yield v.fault(f"port {port} is outside 0 to 65535", name)


class TwoPeers(Rule):
    """A rule has one peer: a block of addresses, a prefix list or a security group.

    Source: CloudFormation reference, AWS::EC2::SecurityGroupIngress and AWS::EC2::SecurityGroupEgress.
    """

    id = "E9135"
    shortdesc = "Rule with two peers"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroupingress.html"

    def check(self, view):
        for _, rule in rules(view, INGRESS, EGRESS):
            for v in rule.variants(*PEERS):
                given = [name for name in PEERS if v[name] is not None]
                if len(given) > 1:
                    yield v.fault(f"a rule has one peer, this one has {', '.join(given)}", given[1])


class NoPeer(Rule):
    """A rule without a block, a prefix list or a group opens nothing to nobody.

    Source: CloudFormation reference, AWS::EC2::SecurityGroupIngress: exactly one of the peers must be given.
    """

    id = "W9135"
    shortdesc = "Rule without a peer"
    source_url = TwoPeers.source_url

    def check(self, view):
        for _, rule in rules(view, INGRESS, EGRESS):
            for v in rule.variants(*PEERS):
                if all(v[name] is None for name in PEERS):
                    yield v.fault("the rule opens nothing to nobody; give it a block, a prefix list or a group")


class RuleTwice(Rule):
    """A group has a rule once.

    Source: API reference, AuthorizeSecurityGroupIngress; the API answers InvalidPermission.Duplicate.
    """

    id = "W9136"
    shortdesc = "The same rule twice in a group"
    source_url = EC2 + "API_AuthorizeSecurityGroupIngress.html"

    def check(self, view):
        for direction in (INGRESS, EGRESS):
            seen: dict[tuple, list] = {}
            for resource, rule in rules(view, direction):
                owners = [Reference(resource)] if resource is not rule else [v.value for v in rule.values("GroupId")]
                for v in rule.variants(*FIELDS):
                    for owner in owners:
                        yield from self.again(seen, owner, rule, v)

    def again(self, seen, owner, rule, v):
        key = (owner, *(text(v[name]) if known(v[name]) else v[name] for name in FIELDS))
        if isinstance(owner, Unknown | str) or not all(item is None or item.__hash__ for item in key):
            return
        if any(
            other is not rule and together(before.where, v.where) is not None for other, before in seen.get(key, ())
        ):
            yield v.fault("the group already has this rule; leave one of them out")
        seen.setdefault(key, []).append((rule, v))


class GroupByName(Rule):
    """In a VPC a security group is given by its id, not by its name.

    Source: CloudFormation reference, AWS::EC2::SecurityGroupIngress, GroupName and
    SourceSecurityGroupName: default VPC only.
    """

    id = "E9137"
    shortdesc = "Security group given by its name in a VPC"
    source_url = EC2 + "API_AuthorizeSecurityGroupIngress.html"

    def check(self, view):
        for resource, rule in rules(view, INGRESS):
            in_vpc = resource.type == GROUP and "VpcId" in resource.node
            for name in ("SourceSecurityGroupName", "GroupName") if resource is rule else ("SourceSecurityGroupName",):
                for value in rule.values(name):
                    group = value.value.resource if isinstance(value.value, Reference) else None
                    if in_vpc or (group is not None and "VpcId" in group.node):
                        yield value.fault(f"in a VPC use {name.replace('Name', 'Id')} and the id of the group")


class GroupOfOtherVpc(Rule):
    """The groups and subnets of one resource belong to one VPC.

    Source: API references, CreateLoadBalancer and CreateVpcEndpoint: InvalidConfigurationRequest, InvalidParameter.
    """

    id = "E9138"
    shortdesc = "Security groups, subnets or target groups of different VPCs"
    source_url = EC2 + "API_CreateVpcEndpoint.html"
    parts: ClassVar = {
        "AWS::ElasticLoadBalancingV2::LoadBalancer": ("Subnets", "SecurityGroups"),
        "AWS::EC2::VPCEndpoint": ("SubnetIds", "SecurityGroupIds"),
        "AWS::EC2::SubnetRouteTableAssociation": ("SubnetId", "RouteTableId"),
        "AWS::ECS::Service": (
            "NetworkConfiguration.AwsvpcConfiguration.Subnets",
            "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups",
        ),
    }
    types = tuple(parts)

    def judge(self, r):
        names = self.parts[r.type]
        for v in r.variants(*names):
            homes: dict = {}
            for name in names:
                for item in v[name] if isinstance(v[name], list) else [v[name]]:
                    owner = item.resource if isinstance(item, Reference) else None
                    for home in owner.values("VpcId") if owner else ():
                        if isinstance(home.value, Reference) and together(home.where, v.where) is not None:
                            homes.setdefault(home.value, (owner, name))
            if len(homes) > 1:
                (first, _), (second, name) = list(homes.values())[:2]
                yield v.fault(f"{first.id} and {second.id} are in different VPCs", name)
