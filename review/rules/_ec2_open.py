"""Security groups that are open: to the world, or to everything in it."""

from __future__ import annotations

from ._ec2_security_groups import EGRESS, EVERY, GROUP, INGRESS, ports, protocol, rules
from ._nest import Rule, chosen, text

HUB = "https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html"

# Source: Security Hub, EC2.19: ports that must not be open to the world.
SENSITIVE = (20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601, 6379)
SENSITIVE += (8088, 8888, 9200, 9300, 11211, 27017)
PUBLIC_PORTS = (80, 443)
WORLD = ("0.0.0.0/0", "::/0")


class OpenToTheWorld(Rule):
    """Ports of administration, databases and the like are not open to every address, nor are all ports.

    Source: Security Hub, EC2.13, EC2.14, EC2.19; CIS AWS Foundations Benchmark 5.2, 5.3.
    """

    id = "W9139"
    shortdesc = "Sensitive port, or every port, open to the world"
    source_url = HUB + "#ec2-19"
    sensitive = True

    def check(self, view):
        for _, rule in rules(view, INGRESS):
            for v in rule.variants("IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6"):
                name = next((name for name in ("CidrIp", "CidrIpv6") if text(v[name]) in WORLD), None)
                opened = ports(v)
                if name is None or opened is None or chosen(v.where):
                    continue
                low, high = opened
                if self.sensitive != any(low <= port <= high for port in SENSITIVE):
                    continue
                if not (low == high and low in PUBLIC_PORTS):
                    which = f"port {low}" if low == high else f"ports {low} to {high}"
                    yield v.fault(
                        f"{which} open to {text(v[name])}; name the security group or block that needs it", name
                    )


class OtherPortOpen(OpenToTheWorld):
    """Only 80 and 443 are open to every address.

    Source: Security Hub, EC2.18 "Security groups should only allow unrestricted incoming traffic for authorized ports".
    """

    id = "W9131"
    shortdesc = "Port other than 80 and 443 open to the world"
    source_url = HUB + "#ec2-18"
    sensitive = False


class DefaultEgress(Rule):
    """A group without SecurityGroupEgress may open connections to everything, also if it has egress resources.

    Source: CloudFormation reference, AWS::EC2::SecurityGroup, SecurityGroupEgress; Well-Architected, SEC05-BP02.
    """

    id = "W9132"
    shortdesc = "Security group with the default egress: everything"
    source_url = (
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html"
    )
    types = (GROUP,)

    def judge(self, r):
        for v in r.variants("SecurityGroupEgress"):
            if v["SecurityGroupEgress"] in (None, []):
                yield v.fault("it may reach everything; list SecurityGroupEgress (127.0.0.1/32 for none)")


class EgressToEverything(Rule):
    """An egress rule names ports, or addresses, or both.

    Source: Well-Architected security pillar, SEC05-BP02 "Control traffic flow within your network layers".
    """

    id = "W9133"
    shortdesc = "Egress of every protocol to every address"
    source_url = (
        "https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_network_protection_layered.html"
    )

    def check(self, view):
        for _, rule in rules(view, EGRESS):
            for v in rule.variants("IpProtocol", "CidrIp", "CidrIpv6"):
                if protocol(v) in EVERY and (text(v["CidrIp"]) in WORLD or text(v["CidrIpv6"]) in WORLD):
                    yield v.fault(
                        "every port of every address may be reached; name the ports that are needed", "IpProtocol"
                    )
