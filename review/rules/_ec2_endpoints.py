"""VPC endpoints and flow logs."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from ._checks import Choices
from ._ec2_security_groups import INGRESS
from ._nest import Reference, Rule, Text, flag, text
from ._reach import reached

ENDPOINT, FLOW_LOG = "AWS::EC2::VPCEndpoint", "AWS::EC2::FlowLog"
EC2 = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/"
PRIVATE_LINK = "https://docs.aws.amazon.com/vpc/latest/privatelink/"

# Source: API reference, CreateVpcEndpoint: what each type takes; Gateway is the default type.
NOT_FOR = {
    "Gateway": ("SubnetIds", "SecurityGroupIds", "PrivateDnsEnabled"),
    "Interface": ("RouteTableIds",),
    "GatewayLoadBalancer": ("RouteTableIds", "SecurityGroupIds", "PrivateDnsEnabled"),
}
# Source: AWS PrivateLink guide, "Gateway endpoints": Amazon S3 (and S3 Express One Zone) and DynamoDB only.
GATEWAY_SERVICES = ("s3", "dynamodb", "s3express")


def service(value: Any) -> str | None:
    """The service that a ServiceName like com.amazonaws.REGION.SERVICE names."""
    tail = value.parts[-1] if isinstance(value, Text) else text(value)
    match = re.search(
        r"^(?:\.|(?:com|cn)\.(?:com\.)?amazonaws(?:\.com)?\.[a-z0-9-]+\.)([\w.-]+)$",
        tail if isinstance(tail, str) else "",
    )
    return match[1] if match else None


class EndpointParts(Rule):
    """A gateway endpoint stands in route tables, an interface endpoint in subnets behind security groups.

    Source: API reference, CreateVpcEndpoint.
    """

    id = "E9140"
    shortdesc = "VPC endpoint with properties of another type"
    source_url = EC2 + "API_CreateVpcEndpoint.html"
    types = (ENDPOINT,)

    def judge(self, r):
        for v in r.variants("VpcEndpointType", "RouteTableIds", "SubnetIds", "SecurityGroupIds", "PrivateDnsEnabled"):
            kind = text(v["VpcEndpointType"]) if v["VpcEndpointType"] is not None else "Gateway"
            for name in NOT_FOR.get(kind or "", ()):
                if v[name] not in (None, []) and flag(v[name]) is not False:
                    yield v.fault(f"an endpoint of type {kind} takes no {name}", name)


class GatewayService(Rule):
    """Gateway endpoints exist for S3 and DynamoDB; every other service has interface endpoints.

    Source: AWS PrivateLink guide, "Gateway endpoints"; the API answers InvalidServiceName or a type mismatch.
    """

    id = "E9141"
    shortdesc = "Gateway endpoint for a service that has none"
    source_url = PRIVATE_LINK + "gateway-endpoints.html"
    types = (ENDPOINT,)

    def judge(self, r):
        for v in r.variants("VpcEndpointType", "ServiceName"):
            named = service(v["ServiceName"])
            if v["VpcEndpointType"] in (None, "Gateway") and named and named not in GATEWAY_SERVICES:
                yield v.fault(f"{named} has no gateway endpoint; set VpcEndpointType: Interface", "ServiceName")


class EndpointNobodyUses(Rule):
    """A gateway endpoint without route tables, or an interface endpoint without subnets, carries no traffic.

    Source: AWS PrivateLink guide, "Associate route tables" and "Create an interface endpoint".
    """

    id = "W9142"
    shortdesc = "VPC endpoint that nothing leads to"
    source_url = PRIVATE_LINK + "gateway-endpoints.html#associate-route-tables-gateway"
    types = (ENDPOINT,)

    def judge(self, r):
        for v in r.variants("VpcEndpointType", "RouteTableIds", "SubnetIds", "SubnetConfigurations"):
            kind = v["VpcEndpointType"] or "Gateway"
            if kind == "Gateway" and v["RouteTableIds"] in (None, []):
                yield v.fault("no route leads to it: give RouteTableIds")
            if kind == "Interface" and v["SubnetIds"] in (None, []) and v["SubnetConfigurations"] is None:
                yield v.fault("it has no address in the VPC: give SubnetIds")


class EndpointClosed(Rule):
    """The security group of an interface endpoint lets HTTPS in.

    Source: AWS PrivateLink guide, "Security groups": allow inbound traffic on the service's port, 443 for AWS services.
    """

    id = "W9143"
    shortdesc = "Interface endpoint behind groups that let no HTTPS in"
    source_url = PRIVATE_LINK + "interface-endpoints.html#vpc-endpoint-security-groups"
    types = (ENDPOINT,)

    def judge(self, r):
        for v in r.variants("VpcEndpointType", "SecurityGroupIds", "ServiceName"):
            groups = v["SecurityGroupIds"] if isinstance(v["SecurityGroupIds"], list) else []
            known = [
                g.resource for g in groups if isinstance(g, Reference) and g.resource.type == "AWS::EC2::SecurityGroup"
            ]
            if v["VpcEndpointType"] != "Interface" or service(v["ServiceName"]) is None or not known:
                continue
            if len(known) == len(groups) and not reached(known, INGRESS, 443, None, v.where):
                yield v.fault(f"{', '.join(g.id for g in known)}: no ingress of TCP 443", "SecurityGroupIds")


class EndpointWithoutNames(Rule):
    """An interface endpoint of an AWS service has private names, else clients go on asking the public addresses.

    Source: AWS PrivateLink guide, "Private DNS": with it requests to the service's usual name reach the endpoint.
    """

    id = "W9144"
    shortdesc = "Interface endpoint without private names"
    source_url = PRIVATE_LINK + "interface-endpoints.html#enable-private-dns-names"
    types = (ENDPOINT,)

    def judge(self, r):
        for v in r.variants("VpcEndpointType", "ServiceName", "PrivateDnsEnabled"):
            named = service(v["ServiceName"])
            if (
                v["VpcEndpointType"] == "Interface"
                and named not in (None, "s3")
                and flag(v["PrivateDnsEnabled"]) is False
            ):
                yield v.fault("clients will not find it: set PrivateDnsEnabled to true", "PrivateDnsEnabled")


class FlowLogDestination(Rule):
    """A flow log to CloudWatch needs a group and a role; one to S3 needs the ARN of a bucket and no role.

    Source: API reference, CreateFlowLogs: DeliverLogsPermissionArn, LogGroupName, LogDestination.
    """

    id = "E9150"
    shortdesc = "Flow log without what its destination needs"
    source_url = EC2 + "API_CreateFlowLogs.html"
    types = (FLOW_LOG,)

    def judge(self, r):
        names = ("LogDestinationType", "LogDestination", "LogGroupName", "DeliverLogsPermissionArn")
        for v in r.variants(*names):
            kind = v["LogDestinationType"] or "cloud-watch-logs"
            if kind == "cloud-watch-logs":
                if v["DeliverLogsPermissionArn"] is None:
                    yield v.fault("a flow log to CloudWatch needs DeliverLogsPermissionArn, a role for vpc-flow-logs")
                if (v["LogGroupName"] is None) == (v["LogDestination"] is None):
                    yield v.fault("a flow log to CloudWatch needs LogGroupName or LogDestination, one of them")
            elif kind in ("s3", "kinesis-data-firehose"):
                if v["LogGroupName"] is not None:
                    yield v.fault(f"a flow log to {kind} takes no LogGroupName; use LogDestination", "LogGroupName")
                if v["LogDestination"] is None:
                    yield v.fault(f"a flow log to {kind} needs LogDestination, an ARN")
                if kind == "s3" and v["DeliverLogsPermissionArn"] is not None:
                    yield v.fault("a flow log to S3 takes no role", "DeliverLogsPermissionArn")


class FlowLogInterval(Choices):
    """Flow logs are aggregated over 60 or 600 seconds.

    Source: API reference, CreateFlowLogs, MaxAggregationInterval.
    """

    id = "E9151"
    shortdesc = "Aggregation interval that flow logs have not"
    source_url = EC2 + "API_CreateFlowLogs.html"
    types = (FLOW_LOG,)
    choices = (("MaxAggregationInterval", ("60", "600")),)


class FlowLogOfOther(Rule):
    """The resource of a flow log is of the type that ResourceType says.

    Source: API reference, CreateFlowLogs, ResourceType and ResourceIds.
    """

    id = "E9152"
    shortdesc = "Flow log of a resource that is of another type"
    source_url = EC2 + "API_CreateFlowLogs.html"
    types = (FLOW_LOG,)
    kinds: ClassVar = {
        "VPC": "AWS::EC2::VPC",
        "Subnet": "AWS::EC2::Subnet",
        "NetworkInterface": "AWS::EC2::NetworkInterface",
        "TransitGateway": "AWS::EC2::TransitGateway",
        "RegionalNatGateway": "AWS::EC2::NatGateway",
    }

    def judge(self, r):
        for v in r.variants("ResourceType", "ResourceId"):
            wanted = self.kinds.get(text(v["ResourceType"]) or "")
            if wanted and isinstance(v["ResourceId"], Reference) and v["ResourceId"].resource.type != wanted:
                yield v.fault(f"{v['ResourceId'].resource.id} is no {text(v['ResourceType'])}", "ResourceId")
