"""Routes, security groups and network ACLs of a resolved nest."""

import ipaddress
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from review.problem import Problem
from review.reach.ports import EVERYTHING, LAST, NOTHING, Ports, of_rule
from review.text import references

INTERNET = "internet"
EVERYWHERE = ("0.0.0.0/0", "::/0")
DEFAULT = "the VPC's default security group"
# Where a connection's answers come back to; a network ACL must let them through.
EPHEMERAL = of_rule("tcp", 1024, LAST)
_NOT_THE_INTERNET = [
    ipaddress.ip_network(block)
    for block in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"),
        *("fc00::/7", "fe80::/10", "::1/128"),
    )
]
_TARGETS = ("GatewayId", "NatGatewayId")


@dataclass(frozen=True)
class Rule:
    """A rule of a security group: ports, and whom it speaks of."""

    title: str  # logical id of what has it
    ports: Ports
    cidr: str | None = None
    group: str | None = None  # logical id


class Network:
    """What is asked of a VPC's resources; they are those of the flat view.

    Problem: a route through something that is not judged here, as a peering connection.
    """

    def __init__(self, resources: dict[str, dict]):
        self.resources = resources
        self._by_type: dict[str, list[tuple[str, dict]]] = defaultdict(list)
        for title, body in resources.items():
            self._by_type[body["Type"]].append((title, body.get("Properties", {})))
        for title, route in self.of_type("AWS::EC2::Route"):
            if not any(key in route for key in _TARGETS):
                through = ", ".join(sorted(set(route) - {"RouteTableId", "DestinationCidrBlock"}))
                raise Problem(f"{title}: a route through {through} is not judged")
        # Asked anew for each pair of parties; the resources stay as they are.
        self.block, self.table, self.rules, self.acl = map(cache, (self.block, self.table, self.rules, self.acl))
        self.has_gateway, self.has_nat = map(cache, (self.has_gateway, self.has_nat))

    def of_type(self, kind: str) -> list[tuple[str, dict]]:
        """(logical id, properties) of the resources of a type."""
        return self._by_type.get(kind, [])

    def meant(self, value: object) -> str | None:
        """The logical id that a value refers to."""
        return next((name for name in sorted(references(value)) if name in self.resources), None)

    def block(self, subnet: str):
        """The addresses of a subnet."""
        return ipaddress.ip_network(self.resources[subnet]["Properties"]["CidrBlock"])

    # Routes

    def table(self, subnet: str) -> str | None:
        """The route table of a subnet; None: the VPC's own, which leads nowhere."""
        for _, properties in self.of_type("AWS::EC2::SubnetRouteTableAssociation"):
            if self.meant(properties["SubnetId"]) == subnet:
                return self.meant(properties["RouteTableId"])
        return None

    def has_gateway(self, subnet: str) -> bool:
        """Do the subnet's routes to the internet lead through its gateway, so that public addresses work there?"""
        return any(self._is_attached(self.meant(route.get("GatewayId"))) for route in self._routes_out(subnet))

    def has_nat(self, subnet: str) -> bool:
        """Do they lead through a NAT gateway that itself reaches the internet?"""
        gateways = (self.meant(route.get("NatGatewayId")) for route in self._routes_out(subnet))
        return any(self._translates(self.resources[gateway].get("Properties", {})) for gateway in gateways if gateway)

    def _routes_out(self, subnet):
        """The routes of a subnet to addresses of the internet."""
        table = self.table(subnet)
        for _, route in self.of_type("AWS::EC2::Route"):
            block = route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock", "")
            if table and self.meant(route["RouteTableId"]) == table and is_public(block):
                yield route

    def _is_attached(self, gateway):
        attachments = self.of_type("AWS::EC2::VPCGatewayAttachment")
        return gateway is not None and any(
            self.meant(each.get("InternetGatewayId")) == gateway for _, each in attachments
        )

    def _translates(self, gateway):
        public = gateway.get("ConnectivityType", "public") == "public" and "AllocationId" in gateway
        return public and self.has_gateway(self.meant(gateway["SubnetId"]))

    def gateway_endpoints(self, subnet: str) -> set[str]:
        """The services, as s3, to which a gateway endpoint leads from the subnet."""
        found = set()
        for _, endpoint in self.of_type("AWS::EC2::VPCEndpoint"):
            if endpoint.get("VpcEndpointType", "Gateway") == "Gateway":
                tables = [self.meant(each) for each in endpoint.get("RouteTableIds", [])]
                if self.table(subnet) in tables:
                    found.add(service_of(endpoint))
        return found

    # Security groups

    def rules(self, group: str, direction: str) -> list[Rule]:
        """The rules `Ingress` or `Egress` of a group, its own and those that stand beside it.

        A group that names no egress rule of its own lets everything out; rules beside it do not change that.
        """
        if group == DEFAULT:
            return [Rule(DEFAULT, EVERYTHING, group=DEFAULT)] if direction == "Ingress" else [_anywhere(DEFAULT)]
        own = self.resources[group].get("Properties", {}).get(f"SecurityGroup{direction}", [])
        rules = [self._rule(group, each) for each in own]
        if direction == "Egress" and not own:
            rules.append(_anywhere(group))
        for title, each in self.of_type(f"AWS::EC2::SecurityGroup{direction}"):
            if self.meant(each.get("GroupId")) == group:
                rules.append(self._rule(title, each))
        return rules

    def _rule(self, title, rule):
        ports = of_rule(rule.get("IpProtocol", "-1"), rule.get("FromPort"), rule.get("ToPort"))
        for key in ("SourceSecurityGroupId", "DestinationSecurityGroupId"):
            if key in rule:
                return Rule(title, ports, group=self.meant(rule[key]))
        for key in ("CidrIp", "CidrIpv6"):
            if isinstance(rule.get(key), str):
                return Rule(title, ports, cidr=rule[key])
        raise Problem(f"{title}: whom this rule speaks of is not judged: {sorted(rule)}")

    # Network ACLs

    def acl(self, subnet: str, direction: str, peer: str) -> Ports:
        """What a subnet's network ACL lets through to or from another or the internet; without one, everything."""
        acls = [
            self.meant(each["NetworkAclId"])
            for _, each in self.of_type("AWS::EC2::SubnetNetworkAclAssociation")
            if self.meant(each["SubnetId"]) == subnet
        ]
        if not acls:
            return EVERYTHING
        entries = [
            each
            for _, each in self.of_type("AWS::EC2::NetworkAclEntry")
            if self.meant(each["NetworkAclId"]) == acls[0]
            and bool(each.get("Egress", False)) == (direction == "Egress")
        ]
        allowed = decided = NOTHING
        for entry in sorted(entries, key=lambda each: int(each["RuleNumber"])):
            if not self._speaks_of(entry, peer):
                continue
            span = entry.get("PortRange", {})
            ports = of_rule(entry["Protocol"], span.get("From"), span.get("To")) - decided
            allowed = allowed | ports if entry["RuleAction"] == "allow" else allowed
            decided = decided | ports
        return allowed

    def _speaks_of(self, entry, peer):
        block = entry.get("CidrBlock") or entry.get("Ipv6CidrBlock", "")
        if peer == INTERNET:
            return is_public(block)
        network = ipaddress.ip_network(block)
        return network.version == 4 and network.overlaps(self.block(peer))


def _anywhere(title):
    return Rule(title, EVERYTHING, cidr="0.0.0.0/0")


def is_public(block: str) -> bool:
    """Does a block hold an address of the internet? One of private, local or loopback addresses only does not."""
    if not block:
        return False
    network = ipaddress.ip_network(block, strict=False)
    return not any(network.version == own.version and network.subnet_of(own) for own in _NOT_THE_INTERNET)


def service_of(endpoint: dict) -> str:
    """ecr.api of com.amazonaws.us-east-1.ecr.api."""
    return str(endpoint["ServiceName"]).split(".", 3)[-1]
