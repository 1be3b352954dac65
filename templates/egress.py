"""Egress: how the private subnets reach image registry, secrets and logs. Nothing else waits for this stack."""

from awacs.aws import Action, Allow, PolicyDocument, Principal, Statement, StringEquals
from awacs.aws import Condition as Restriction
from troposphere import AccountId, And, Condition, GetAtt, If, Or, Ref, Select, Sub, Template, ec2

from templates.network import no_way_out
from templates.parts import (
    ANYWHERE,
    add_conditions,
    add_outputs,
    add_parameters,
    chosen,
    name_tag,
    new_template,
    note,
)

DESCRIPTION = "Egress: NAT gateways, or interface endpoints, or neither; the S3 endpoint always"

WIRING = [
    "NamePrefix",
    "VpcId",
    "PublicSubnetIds",
    "PrivateSubnetIds",
    "PublicRouteTableId",
    "PrivateRouteTable1Id",
    "PrivateRouteTable2Id",
    "PrivateSecurityGroupId",
]

# Interface endpoint: the service that a task on Fargate needs (ECS developer guide, VPC endpoints).
ENDPOINTS = {
    "EcrApiVPCEndpoint": "ecr.api",
    "EcrDkrVPCEndpoint": "ecr.dkr",
    "LogsVPCEndpoint": "logs",
    "SecretsManagerVPCEndpoint": "secretsmanager",
    "SsmMessagesVPCEndpoint": "ssmmessages",
}


def build() -> Template:
    """The egress stack."""
    t = new_template(DESCRIPTION)
    add_parameters(t, ["EgressMode", "ServiceEndpoints", "EnableExecuteCommand", *WIRING])
    add_conditions(
        t,
        {
            "IsNatPerZone": chosen("EgressMode", "nat-gateway-per-zone"),
            "HasNat": Or(chosen("EgressMode", "nat-gateway"), chosen("EgressMode", "nat-gateway-per-zone")),
            "HasEndpoints": Or(chosen("EgressMode", "interface-endpoints"), chosen("ServiceEndpoints")),
            "HasExecEndpoint": And(Condition("HasEndpoints"), chosen("EnableExecuteCommand")),
        },
    )
    add_s3_endpoint(t)
    add_nat(t)
    add_interface_endpoints(t)
    add_outputs(t, {"NatAddress": If("HasNat", Ref("NatEIP1"), "")})
    return t


def add_s3_endpoint(t: Template) -> None:
    """Add the way to S3, where the layers of images are."""
    note(t, "S3VPCEndpoint", "Free of charge: image layers come from S3 without passing a NAT gateway.")
    t.add_resource(
        ec2.VPCEndpoint(
            "S3VPCEndpoint",
            VpcEndpointType="Gateway",
            ServiceName=Sub("com.amazonaws.${AWS::Region}.s3"),
            VpcId=Ref("VpcId"),
            RouteTableIds=[Ref("PublicRouteTableId"), Ref("PrivateRouteTable1Id"), Ref("PrivateRouteTable2Id")],
            Tags=name_tag("s3"),
        )
    )


def add_nat(t: Template) -> None:
    """Add one NAT gateway, or one in each zone, and the routes of the private subnets through them."""
    note(
        t,
        "NatEIP1",
        "A NAT gateway costs about $33 a month. With one, its zone is needed by the tasks of both; with one in each\n"
        "zone, each is on its own.",
    )
    gateways = {
        "NatGateway1": ("NatEIP1", 0, "HasNat"),
        "NatGateway2": ("NatEIP2", 1, "IsNatPerZone"),
    }
    for title, (address, zone, condition) in gateways.items():
        t.add_resource(ec2.EIP(address, Condition=condition, Domain="vpc", Tags=name_tag(f"nat-{zone + 1}")))
        t.add_resource(
            ec2.NatGateway(
                title,
                Condition=condition,
                SubnetId=Select(zone, Ref("PublicSubnetIds")),
                AllocationId=GetAtt(address, "AllocationId"),
                Tags=name_tag(f"nat-{zone + 1}"),
            )
        )
    routes = {
        "PrivateRoute1": ("PrivateRouteTable1Id", Ref("NatGateway1")),
        "PrivateRoute2": ("PrivateRouteTable2Id", If("IsNatPerZone", Ref("NatGateway2"), Ref("NatGateway1"))),
    }
    for title, (table, gateway) in routes.items():
        t.add_resource(
            ec2.Route(
                title,
                Condition="HasNat",
                RouteTableId=Ref(table),
                DestinationCidrBlock=ANYWHERE,
                NatGatewayId=gateway,
            )
        )


def add_interface_endpoints(t: Template) -> None:
    """Add an endpoint a service in both zones, reached by the tasks only and by this account only."""
    note(
        t, "EndpointSecurityGroup", "AWS's services come into the VPC: instead of a way to the internet, or beside it."
    )
    t.add_resource(
        ec2.SecurityGroup(
            "EndpointSecurityGroup",
            Condition="HasEndpoints",
            GroupDescription="Endpoints of AWS services: reached from the tasks",
            VpcId=Ref("VpcId"),
            SecurityGroupEgress=[no_way_out()],
            Tags=name_tag("endpoints"),
        )
    )
    t.add_resource(
        ec2.SecurityGroupIngress(
            "EndpointSecurityGroupIngress",
            Condition="HasEndpoints",
            GroupId=Ref("EndpointSecurityGroup"),
            Description="HTTPS from the tasks",
            IpProtocol="tcp",
            FromPort=443,
            ToPort=443,
            SourceSecurityGroupId=Ref("PrivateSecurityGroupId"),
        )
    )
    for title, service in ENDPOINTS.items():
        t.add_resource(
            ec2.VPCEndpoint(
                title,
                Condition="HasExecEndpoint" if service == "ssmmessages" else "HasEndpoints",
                VpcEndpointType="Interface",
                ServiceName=Sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
                VpcId=Ref("VpcId"),
                SubnetIds=Ref("PrivateSubnetIds"),
                SecurityGroupIds=[Ref("EndpointSecurityGroup")],
                PrivateDnsEnabled=True,
                PolicyDocument=_this_account_only(),
                Tags=name_tag(service),
            )
        )


def _this_account_only():
    return PolicyDocument(
        Version="2012-10-17",
        Statement=[
            Statement(
                Sid="ThisAccount",
                Effect=Allow,
                Principal=Principal("*"),
                Action=[Action("*")],
                Resource=["*"],
                Condition=Restriction(StringEquals({"aws:PrincipalAccount": AccountId})),
            )
        ],
    )
