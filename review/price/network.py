"""Meters of the network and the edge."""

from collections.abc import Iterator

from review.price import watching
from review.price.site import Charge, Site
from review.price.traffic import HOURS
from review.problem import Problem

CONNECTIONS_PER_LCU = 25  # new ones a second; an LCU also holds a GB an hour


def nat_gateway(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """Its hours, and its share of what tasks send through it: logs, and what the application sends itself."""
    yield site.charge(title, "nat-gateway", HOURS, "NAT gateway")
    gateways = sum(1 for _ in site.of_type("AWS::EC2::NatGateway"))
    own = site.traffic.outbound_gb / gateways
    if any(is_of_logs(endpoint) for _, endpoint in site.of_type("AWS::EC2::VPCEndpoint")):
        yield site.charge(title, "nat-gateway-gb", own, "through it: the application's own calls", True)
        return
    through = own + watching.task_log_gb(site) / gateways
    yield site.charge(title, "nat-gateway-gb", through, "through it: logs and the application's own calls", True)


def is_of_logs(endpoint: dict) -> bool:
    """Do logs leave the VPC by this endpoint?"""
    return str(endpoint["ServiceName"]).endswith(".logs")


def address(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """A public address, used or not."""
    yield site.charge(title, "public-address", HOURS, "public address")


def endpoint(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """An interface endpoint in each of its subnets. A gateway endpoint is free."""
    if properties.get("VpcEndpointType", "Gateway") == "Gateway":
        return
    zones = len(properties["SubnetIds"])
    yield site.charge(title, "interface-endpoint", zones * HOURS, f"endpoint in {zones} zones")
    if is_of_logs(properties):
        yield site.charge(title, "interface-endpoint-gb", watching.task_log_gb(site), "logs through it", True)


def load_balancer(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """Its hours, addresses, capacity units, and what it sends to the internet."""
    if properties.get("Type", "application") != "application":
        raise Problem(f"{title}: a load balancer of type {properties['Type']} is not priced")
    yield site.charge(title, "load-balancer", HOURS, "load balancer")
    sent = site.traffic.gb(site.traffic.response_bytes)
    connections = site.traffic.requests / (HOURS * 3600) / CONNECTIONS_PER_LCU
    units = max(connections, sent / HOURS) * HOURS
    yield site.charge(title, "load-balancer-lcu", units, "capacity units, each request a new connection", True)
    if properties.get("Scheme", "internet-facing") == "internet-facing":
        subnets = len(properties["Subnets"])
        yield site.charge(title, "public-address", subnets * HOURS, f"{subnets} public addresses")
        yield site.charge(title, "internet-gb", sent, "answers to the internet", True)


def record(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """Questions for a name; those that an alias to a load balancer answers are free."""
    if "AliasTarget" not in properties:
        yield site.charge(title, "dns-query", site.traffic.requests, "one question a request", True)


def web_acl(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """The firewall, its rules, and the requests that it looks at."""
    yield site.charge(title, "web-acl", 1, "web ACL")
    rules = len(properties.get("Rules", []))  # a managed group of AWS's own costs what a rule does
    yield site.charge(title, "web-acl-rule", rules, "rules and managed rule groups")
    yield site.charge(title, "web-acl-request", site.traffic.requests, "requests looked at", True)


METERS = {
    "AWS::EC2::NatGateway": nat_gateway,
    "AWS::EC2::EIP": address,
    "AWS::EC2::VPCEndpoint": endpoint,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": load_balancer,
    "AWS::Route53::RecordSet": record,
    "AWS::WAFv2::WebACL": web_acl,
}
