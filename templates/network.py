"""Network: a VPC in two zones, its subnets and route tables, and who may talk to whom."""

from troposphere import Cidr, GetAZs, If, Or, Ref, Select, Template, ec2

from templates.flow_logs import add_flow_logs
from templates.parts import (
    ANYWHERE,
    accepted,
    add_conditions,
    add_outputs,
    add_parameters,
    chosen,
    given,
    joined_refs,
    name_tag,
    new_template,
    note,
)

DESCRIPTION = "Network: VPC in two zones, subnets and route tables, security groups of the three tiers, flow logs"

# Subnet: (zone, block, route table, its association). Block 1 of 10.0.0.0/16 is 10.0.1.0/24; block 0 is left free.
PUBLIC_SUBNETS = {
    "PublicSubnet1": (0, 1, "PublicRouteTable", "PublicSubnet1RouteTableAssociation"),
    "PublicSubnet2": (1, 2, "PublicRouteTable", "PublicSubnet2RouteTableAssociation"),
}
PRIVATE_SUBNETS = {
    "PrivateSubnet1": (0, 3, "PrivateRouteTable1", "PrivateSubnet1RouteTableAssociation"),
    "PrivateSubnet2": (1, 4, "PrivateRouteTable2", "PrivateSubnet2RouteTableAssociation"),
}
DATABASE_SUBNETS = {
    "DatabaseSubnet1": (0, 5, "DatabaseRouteTable", "DatabaseSubnet1RouteTableAssociation"),
    "DatabaseSubnet2": (1, 6, "DatabaseRouteTable", "DatabaseSubnet2RouteTableAssociation"),
}
BLOCKS = 7

# Route table: its Name tag.
ROUTE_TABLES = {
    "PublicRouteTable": "public",
    "PrivateRouteTable1": "private-1",
    "PrivateRouteTable2": "private-2",
    "DatabaseRouteTable": "database",
}

SECURITY_GROUPS = {
    "PublicSecurityGroup": ("public", "Load balancer: reached from the internet, reaches the tasks"),
    "PrivateSecurityGroup": ("private", "Tasks: reached from the load balancer, reach the database and HTTPS services"),
    "RdsSecurityGroup": ("rds", "Database: reached from the tasks, reaches nothing"),
}

# Rule: (group, TCP port, peer: a block or a group, description). The HTTPS rule exists only with HTTPS.
INGRESS = {
    "PublicHttpSecurityGroupIngress": ("PublicSecurityGroup", 80, ANYWHERE, "HTTP from anywhere"),
    "PublicHttpsSecurityGroupIngress": ("PublicSecurityGroup", 443, ANYWHERE, "HTTPS from anywhere"),
    "PrivateSecurityGroupIngress": ("PrivateSecurityGroup", 80, "PublicSecurityGroup", "HTTP from the load balancer"),
    "RdsSecurityGroupIngress": ("RdsSecurityGroup", 3306, "PrivateSecurityGroup", "MySQL from the tasks"),
}
EGRESS = {
    "PublicSecurityGroupEgress": ("PublicSecurityGroup", 80, "PrivateSecurityGroup", "HTTP to the tasks"),
    "PrivateMySqlSecurityGroupEgress": ("PrivateSecurityGroup", 3306, "RdsSecurityGroup", "MySQL to the database"),
    "PrivateHttpsSecurityGroupEgress": (
        "PrivateSecurityGroup",
        443,
        ANYWHERE,
        "HTTPS to the image registry, Secrets Manager and CloudWatch Logs",
    ),
}
CONDITIONS = {"PublicHttpsSecurityGroupIngress": "HasHttps"}
ACCEPTED = {
    "PublicHttpSecurityGroupIngress": {
        "CKV_AWS_260": "Visitors come by HTTP first; with a certificate they are redirected"
    }
}

CHOICES = [
    "VpcCidr",
    "SubnetHostBits",
    "EgressMode",
    "DatabaseSubnets",
    "FlowLogs",
    "CertificateArn",
    "DomainName",
    "LogRetentionInDays",
]


def build() -> Template:
    """The network stack."""
    t = new_template(DESCRIPTION)
    add_parameters(t, [*CHOICES, "NamePrefix", "KeyArn"])
    add_conditions(
        t,
        {
            "HasHttps": Or(given("CertificateArn"), given("DomainName")),
            "HasDatabaseSubnets": chosen("DatabaseSubnets", "separate"),
            "IsPublicEgress": chosen("EgressMode", "public-addresses"),
        },
    )
    add_vpc(t)
    note(t, "PublicSubnet1", "Public: the load balancer and NAT gateways are here, reached from the internet.")
    add_subnets(t, PUBLIC_SUBNETS)
    add_internet_route(t)
    note(t, "PrivateSubnet1", "Private: nothing reaches in. How the tasks reach out, the egress stack says.")
    add_subnets(t, PRIVATE_SUBNETS)
    note(t, "DatabaseSubnet1", "Database: no route leads out of these subnets, and none leads in from outside the VPC.")
    add_subnets(t, DATABASE_SUBNETS, condition="HasDatabaseSubnets")
    add_security_groups(t)
    add_rules(t)
    add_flow_logs(t)
    add_network_outputs(t)
    return t


def add_network_outputs(t: Template) -> None:
    """Add what the other stacks take."""
    add_outputs(
        t,
        {
            "VpcId": Ref("VPC"),
            "PublicSubnetIds": joined_refs(list(PUBLIC_SUBNETS)),
            "PrivateSubnetIds": joined_refs(list(PRIVATE_SUBNETS)),
            "TaskSubnetIds": If(
                "IsPublicEgress", joined_refs(list(PUBLIC_SUBNETS)), joined_refs(list(PRIVATE_SUBNETS))
            ),
            "DatabaseSubnetIds": If(
                "HasDatabaseSubnets", joined_refs(list(DATABASE_SUBNETS)), joined_refs(list(PRIVATE_SUBNETS))
            ),
            "PublicRouteTableId": Ref("PublicRouteTable"),
            "PrivateRouteTable1Id": Ref("PrivateRouteTable1"),
            "PrivateRouteTable2Id": Ref("PrivateRouteTable2"),
            "PublicSecurityGroupId": Ref("PublicSecurityGroup"),
            "PrivateSecurityGroupId": Ref("PrivateSecurityGroup"),
            "RdsSecurityGroupId": Ref("RdsSecurityGroup"),
        },
    )


def add_vpc(t: Template) -> None:
    """Add the VPC with its internet gateway."""
    t.add_resource(
        ec2.VPC(
            "VPC",
            CidrBlock=Ref("VpcCidr"),
            EnableDnsSupport=True,
            EnableDnsHostnames=True,
            Tags=name_tag("vpc"),
        )
    )
    t.add_resource(ec2.InternetGateway("InternetGateway", Tags=name_tag("internet-gateway")))
    t.add_resource(
        ec2.VPCGatewayAttachment("VPCGatewayAttachment", VpcId=Ref("VPC"), InternetGatewayId=Ref("InternetGateway"))
    )


def add_subnets(t: Template, subnets: dict[str, tuple[int, int, str, str]], condition: str | None = None) -> None:
    """Add subnets of one purpose with their route tables."""
    under = {"Condition": condition} if condition else {}
    purpose = next(iter(subnets)).removesuffix("Subnet1").lower()
    for title, (zone, block, _, _) in subnets.items():
        t.add_resource(
            ec2.Subnet(
                title,
                **under,
                VpcId=Ref("VPC"),
                AvailabilityZone=Select(zone, GetAZs("")),
                CidrBlock=Select(block, Cidr(Ref("VpcCidr"), BLOCKS, Ref("SubnetHostBits"))),
                Tags=name_tag(f"{purpose}-{zone + 1}"),
            )
        )
    for table in dict.fromkeys(table for _, _, table, _ in subnets.values()):
        t.add_resource(ec2.RouteTable(table, **under, VpcId=Ref("VPC"), Tags=name_tag(ROUTE_TABLES[table])))
    for title, (_, _, table, association) in subnets.items():
        t.add_resource(
            ec2.SubnetRouteTableAssociation(association, **under, SubnetId=Ref(title), RouteTableId=Ref(table))
        )


def add_internet_route(t: Template) -> None:
    """Route the public subnets to the internet.

    CloudFormation sees no dependency of the route on the attachment, without which EC2 refuses it.
    """
    t.add_resource(
        ec2.Route(
            "PublicRoute",
            DependsOn="VPCGatewayAttachment",
            RouteTableId=Ref("PublicRouteTable"),
            DestinationCidrBlock=ANYWHERE,
            GatewayId=Ref("InternetGateway"),
        )
    )


def add_security_groups(t: Template) -> None:
    """Add the three groups, each closed.

    Without an outbound rule of its own EC2 gives a group one that allows everything; a rule to the loopback address,
    which leaves no machine, takes its place (EC2 user guide, security group rules).
    """
    note(t, "PublicSecurityGroup", "Who may talk to whom: internet -> public -> private -> rds, and nothing else.")
    for title, (name, description) in SECURITY_GROUPS.items():
        t.add_resource(
            ec2.SecurityGroup(
                title,
                GroupDescription=description,
                VpcId=Ref("VPC"),
                SecurityGroupEgress=[no_way_out()],
                Tags=name_tag(name),
            )
        )


def no_way_out() -> ec2.SecurityGroupRule:
    """An outbound rule that lets nothing out, in place of EC2's default that lets everything out."""
    return ec2.SecurityGroupRule(
        IpProtocol="-1", CidrIp="127.0.0.1/32", Description="Nothing, in place of the default: everything"
    )


def add_rules(t: Template) -> None:
    """Add the rules, as resources of their own: groups that name each other would depend on each other in a circle.

    The VPC's own DNS resolver is reached whatever the rules say (VPC user guide, security groups).
    """
    for title, (group, port, peer, description) in INGRESS.items():
        source = {"CidrIp": peer} if peer == ANYWHERE else {"SourceSecurityGroupId": Ref(peer)}
        _add_rule(t, ec2.SecurityGroupIngress, title, group, port, description, source)
    for title, (group, port, peer, description) in EGRESS.items():
        destination = {"CidrIp": peer} if peer == ANYWHERE else {"DestinationSecurityGroupId": Ref(peer)}
        _add_rule(t, ec2.SecurityGroupEgress, title, group, port, description, destination)


def _add_rule(t, kind, title, group, port, description, peer):
    more = {"Condition": CONDITIONS[title]} if title in CONDITIONS else {}
    if title in ACCEPTED:
        more["Metadata"] = accepted(ACCEPTED[title])
    t.add_resource(
        kind(
            title,
            **more,
            GroupId=Ref(group),
            Description=description,
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            **peer,
        )
    )
