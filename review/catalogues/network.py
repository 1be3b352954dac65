"""Controls of EC2 and VPC."""

from review.catalogues.control import Control, Resources, between, each, of_type, tagged, target
from review.summary import WORLD, security_rules

VPC = "AWS::EC2::VPC"
SUBNET = "AWS::EC2::Subnet"
ENDPOINT = "AWS::EC2::VPCEndpoint"

# Ports that may be open to the world, and those that never may (Security Hub, EC2.18 and EC2.19).
AUTHORISED = {80, 443}
RISKY = {20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601, 8080, 8088}
RISKY |= {8888, 9200, 9300}

NO_CALLS = (
    "Nothing in this VPC calls that service: an endpoint would cost $14.60 a month and open a way that nobody uses"
)


def open_ports(rule: dict) -> range:
    """The ports of a rule; all of them for a protocol that has none."""
    if str(rule.get("IpProtocol")) == "-1":
        return range(65536)
    return range(int(rule.get("FromPort", 0)), int(rule.get("ToPort", 65535)) + 1)


def closed_to_the_world(wrong):
    """No inbound rule that lets the whole internet in has a port that is `wrong`."""

    def check(resources: Resources) -> list[str]:
        rules = [(title, rule) for title, rule in security_rules(resources, "Ingress") if is_open(rule)]
        return [title for title, rule in rules if any(wrong(port) for port in open_ports(rule))]

    return check


def is_open(rule: dict) -> bool:
    """Does the rule speak of the whole internet?"""
    return any(rule.get(key) in WORLD for key in ("CidrIp", "CidrIpv6") if isinstance(rule.get(key), str))


def has_flow_log(title: str, _given: dict, resources: Resources) -> bool:
    """Is there a flow log of this VPC?"""
    logs = of_type(resources, "AWS::EC2::FlowLog").values()
    return any(target(log["ResourceId"]) == title and log["TrafficType"] in ("ALL", "REJECT") for log in logs)


def has_endpoint(service: str):
    """A VPC has an interface endpoint of the service."""

    def check(title: str, _given: dict, resources: Resources) -> bool:
        endpoints = of_type(resources, ENDPOINT).values()
        return any(item["ServiceName"].endswith(f".{service}") and target(item["VpcId"]) == title for item in endpoints)

    return between(VPC, check)


def is_used(title: str, _given: dict, resources: Resources) -> bool:
    """Does a NAT gateway have this address?"""
    gateways = of_type(resources, "AWS::EC2::NatGateway").values()
    return any(target(gateway.get("AllocationId")) == title for gateway in gateways)


def is_of_this_nest(_title: str, given: dict, resources: Resources) -> bool:
    """Is the VPC one that this nest makes?"""
    return target(given.get("VpcId")) in of_type(resources, VPC)


TAGGED = {
    "EC2.34": "AWS::EC2::TransitGatewayRouteTable",
    "EC2.35": "AWS::EC2::NetworkInterface",
    "EC2.37": "AWS::EC2::EIP",
    "EC2.38": "AWS::EC2::Instance",
    "EC2.39": "AWS::EC2::InternetGateway",
    "EC2.40": "AWS::EC2::NatGateway",
    "EC2.41": "AWS::EC2::NetworkAcl",
    "EC2.42": "AWS::EC2::RouteTable",
    "EC2.43": "AWS::EC2::SecurityGroup",
    "EC2.44": SUBNET,
    "EC2.46": VPC,
    "EC2.48": "AWS::EC2::FlowLog",
    "EC2.49": "AWS::EC2::VPCPeeringConnection",
}

CLOSE = (
    "CloudFormation can neither name nor change the group that EC2 makes with a VPC; nothing here uses it. To close it:"
    " `aws ec2 describe-security-groups --filters Name=vpc-id,Values=VPC Name=group-name,Values=default`, then"
    " `aws ec2 revoke-security-group-ingress` and `-egress` with the ids of its rules"
)

CONTROLS = [
    Control(
        "EC2.2",
        "FSBP NIST CIS",
        "The default security group lets nothing in or out",
        each(VPC, lambda given: False),
        {"*": CLOSE},
    ),
    Control("EC2.6", "FSBP NIST CIS", "Connections in the VPC are recorded", between(VPC, has_flow_log)),
    Control("EC2.10", "FSBP NIST", "EC2's own API is reached inside the VPC", has_endpoint("ec2"), {"*": NO_CALLS}),
    Control("EC2.12", "NIST", "No address is kept unused", between("AWS::EC2::EIP", is_used)),
    Control("EC2.13", "NIST PCI", "SSH is closed to the internet", closed_to_the_world(lambda port: port == 22)),
    Control(
        "EC2.14", "PCI", "Remote desktop is closed to the internet", closed_to_the_world(lambda port: port == 3389)
    ),
    Control(
        "EC2.15",
        "FSBP NIST PCI",
        "Subnets give out no public addresses",
        each(SUBNET, lambda given: given.get("MapPublicIpOnLaunch", False) is False),
    ),
    Control(
        "EC2.18",
        "FSBP NIST",
        "Only ports 80 and 443 are open to the internet",
        closed_to_the_world(lambda port: port not in AUTHORISED),
    ),
    Control(
        "EC2.19",
        "FSBP NIST",
        "No port of high risk is open to the internet",
        closed_to_the_world(lambda port: port in RISKY),
    ),
    Control(
        "EC2.53",
        "PCI CIS",
        "Administration is closed to the internet, IPv4",
        closed_to_the_world(lambda port: port in (22, 3389)),
    ),
    Control(
        "EC2.54",
        "PCI CIS",
        "Administration is closed to the internet, IPv6",
        closed_to_the_world(lambda port: port in (22, 3389)),
    ),
    Control("EC2.55", "FSBP NIST", "The image registry's API is reached inside the VPC", has_endpoint("ecr.api")),
    Control("EC2.56", "FSBP NIST", "The image registry is reached inside the VPC", has_endpoint("ecr.dkr")),
    Control("EC2.57", "FSBP NIST", "Systems Manager is reached inside the VPC", has_endpoint("ssm"), {"*": NO_CALLS}),
    Control(
        "EC2.58",
        "FSBP NIST",
        "Contacts of Incident Manager are reached inside the VPC",
        has_endpoint("ssm-contacts"),
        {"*": NO_CALLS},
    ),
    Control(
        "EC2.60",
        "FSBP NIST",
        "Incident Manager is reached inside the VPC",
        has_endpoint("ssm-incidents"),
        {"*": NO_CALLS},
    ),
    Control(
        "no-unrestricted-route-to-igw",
        "NIST CONFIG",
        "No route leads to the internet",
        each("AWS::EC2::Route", lambda given: "GatewayId" not in given),
        {"*PublicRoute": "The load balancer is public, and NAT gateways need it; nothing else is in those subnets"},
    ),
    Control(
        "internet-gateway-authorized-vpc-only",
        "CONFIG",
        "Internet gateways are attached to a VPC that is meant",
        between("AWS::EC2::VPCGatewayAttachment", is_of_this_nest),
    ),
    Control(
        "EC2.172",
        "FSBP",
        "VPC Block Public Access refuses internet gateways",
        account="It is a setting of account and region, and a public site needs its internet gateway",
    ),
    Control(
        "EC2.7", "FSBP NIST CIS", "Volumes are encrypted by default", account="aws ec2 enable-ebs-encryption-by-default"
    ),
    Control(
        "EC2.1",
        "FSBP NIST",
        "No snapshot of a volume is public",
        account="The stack has no volumes; EC2.182 sees to those of others",
    ),
    Control(
        "EC2.182",
        "FSBP",
        "Snapshots of volumes are never public",
        account="aws ec2 enable-snapshot-block-public-access --state block-all-sharing",
    ),
    *(Control(id_, "tags", f"{kind.rpartition(':')[2]} has a tag", tagged(kind)) for id_, kind in TAGGED.items()),
]
