"""Network: a VPC in two zones, and who may talk to whom."""

from troposphere import Cidr, Equals, GetAtt, GetAZs, Not, Ref, Select, Template, ec2

from templates.parts import add_outputs, add_parameters, joined_refs, name_tag, new_template, note

DESCRIPTION = (
    "Network: VPC in two zones, public and private subnets, one NAT gateway, security groups of the three tiers"
)

# Subnet: (zone, block, its route table association). Block 1 of 10.0.0.0/16 is 10.0.1.0/24.
PUBLIC_SUBNETS = {
    "PublicSubnet1": (0, 1, "PublicSubnet1RouteTableAssociation"),
    "PublicSubnet2": (1, 2, "PublicSubnet2RouteTableAssociation"),
}
PRIVATE_SUBNETS = {
    "PrivateSubnet1": (0, 3, "PrivateSubnet1RouteTableAssociation"),
    "PrivateSubnet2": (1, 4, "PrivateSubnet2RouteTableAssociation"),
}
BLOCKS = 5  # 0 to 4; block 0 is left free

SECURITY_GROUPS = {
    "PublicSecurityGroup": ("public", "Load balancer: reached from the internet, reaches the tasks"),
    "PrivateSecurityGroup": ("private", "Tasks: reached from the load balancer, reach the database and HTTPS services"),
    "RdsSecurityGroup": ("rds", "Database: reached from the tasks, reaches nothing"),
}

ANYWHERE = "0.0.0.0/0"

# Rule: (group, TCP port, peer: a block or a group, description). The HTTPS rule exists only with a certificate.
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
CONDITIONS = {"PublicHttpsSecurityGroupIngress": "HasCertificate"}


def build() -> Template:
    """The network stack."""
    t = new_template(DESCRIPTION)
    add_parameters(t, ["VpcCidr", "SubnetHostBits", "CertificateArn", "NamePrefix"])
    t.add_condition("HasCertificate", Not(Equals(Ref("CertificateArn"), "")))
    add_vpc(t)
    note(
        t, "PublicSubnet1", "Public: the load balancer and the NAT gateway live here and are reached from the internet."
    )
    add_subnets(t, PUBLIC_SUBNETS, "PublicRouteTable", "public")
    add_internet_route(t)
    note(
        t, "PrivateSubnet1", "Private: tasks and database. They reach out through the NAT gateway; nothing reaches in."
    )
    add_subnets(t, PRIVATE_SUBNETS, "PrivateRouteTable", "private")
    add_nat(t, subnet="PublicSubnet1")
    add_security_groups(t)
    add_rules(t)
    add_outputs(
        t,
        {
            "VpcId": ("The VPC", Ref("VPC")),
            "PublicSubnetIds": ("Subnets of the load balancer, one a zone", joined_refs(list(PUBLIC_SUBNETS))),
            "PrivateSubnetIds": ("Subnets of tasks and database, one a zone", joined_refs(list(PRIVATE_SUBNETS))),
            "PublicSecurityGroupId": ("Security group of the load balancer", Ref("PublicSecurityGroup")),
            "PrivateSecurityGroupId": ("Security group of the tasks", Ref("PrivateSecurityGroup")),
            "RdsSecurityGroupId": ("Security group of the database", Ref("RdsSecurityGroup")),
            "NatAddress": ("Address from which the tasks are seen on the internet", Ref("NatEIP")),
        },
    )
    return t


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


def add_subnets(t: Template, subnets: dict[str, tuple[int, int, str]], route_table: str, purpose: str) -> None:
    """Add the subnets, and the route table that they share."""
    for title, (zone, block, _) in subnets.items():
        t.add_resource(
            ec2.Subnet(
                title,
                VpcId=Ref("VPC"),
                AvailabilityZone=Select(zone, GetAZs("")),
                CidrBlock=Select(block, Cidr(Ref("VpcCidr"), BLOCKS, Ref("SubnetHostBits"))),
                Tags=name_tag(f"{purpose}-{zone + 1}"),
            )
        )
    t.add_resource(ec2.RouteTable(route_table, VpcId=Ref("VPC"), Tags=name_tag(purpose)))
    for title, (_, _, association) in subnets.items():
        t.add_resource(ec2.SubnetRouteTableAssociation(association, SubnetId=Ref(title), RouteTableId=Ref(route_table)))


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


def add_nat(t: Template, subnet: str) -> None:
    """Add the NAT gateway in one zone and route the private subnets through it."""
    note(t, "NatEIP", "One NAT gateway in one zone: about $33 a month. If that zone fails, the tasks cannot reach out.")
    t.add_resource(ec2.EIP("NatEIP", DependsOn="VPCGatewayAttachment", Domain="vpc", Tags=name_tag("nat")))
    t.add_resource(
        ec2.NatGateway(
            "NatGateway", SubnetId=Ref(subnet), AllocationId=GetAtt("NatEIP", "AllocationId"), Tags=name_tag("nat")
        )
    )
    t.add_resource(
        ec2.Route(
            "PrivateRoute",
            RouteTableId=Ref("PrivateRouteTable"),
            DestinationCidrBlock=ANYWHERE,
            NatGatewayId=Ref("NatGateway"),
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
                SecurityGroupEgress=[
                    ec2.SecurityGroupRule(
                        IpProtocol="-1",
                        CidrIp="127.0.0.1/32",
                        Description="Nothing, in place of the default: everything",
                    )
                ],
                Tags=name_tag(name),
            )
        )


def add_rules(t: Template) -> None:
    """Add the rules, as resources of their own: groups that name each other would depend on each other in a circle."""
    for title, (group, port, peer, description) in INGRESS.items():
        source = {"CidrIp": peer} if peer == ANYWHERE else {"SourceSecurityGroupId": Ref(peer)}
        _add_rule(t, ec2.SecurityGroupIngress, title, group, port, description, source)
    for title, (group, port, peer, description) in EGRESS.items():
        destination = {"CidrIp": peer} if peer == ANYWHERE else {"DestinationSecurityGroupId": Ref(peer)}
        _add_rule(t, ec2.SecurityGroupEgress, title, group, port, description, destination)


def _add_rule(t, kind, title, group, port, description, peer):
    condition = {"Condition": CONDITIONS[title]} if title in CONDITIONS else {}
    t.add_resource(
        kind(
            title,
            **condition,
            GroupId=Ref(group),
            Description=description,
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            **peer,
        )
    )
