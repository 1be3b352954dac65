"""Resource types that the emulator refuses: EIP, NatGateway, FlowLog, SecurityGroupIngress, SecurityGroupEgress.

Of a VPC endpoint it does not show who may use it.
"""

import json
import secrets
from xml.sax.saxutils import escape

from ministack.core.responses import now_iso
from ministack.services import cloudwatch_logs, ec2, s3
from ministack.services.cloudformation import provisioners

from rehearsal.emulator.patch import ResourceType, wrap

# The policy of an endpoint that is given none.
OPEN = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
RULE_PROPERTIES = (
    "CidrIp",
    "CidrIpv6",
    "DestinationPrefixListId",
    "DestinationSecurityGroupId",
    "FromPort",
    "GroupId",
    "GroupName",
    "IpProtocol",
    "SourcePrefixListId",
    "SourceSecurityGroupId",
    "SourceSecurityGroupName",
    "SourceSecurityGroupOwnerId",
    "ToPort",
)


def new_id(prefix: str) -> str:
    """An id as EC2 makes them, as in eipalloc-0f3a..."""
    return f"{prefix}-0{secrets.token_hex(8)}"


def create_eip(_logical_id, props, _stack_name):
    """Ref is the address, GetAtt AllocationId what gateways want."""
    allocation = new_id("eipalloc")
    address = ec2._random_ip("52.")
    unused = dict.fromkeys(("AssociationId", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress"))
    ec2._addresses[allocation] = {
        "AllocationId": allocation,
        "PublicIp": address,
        "Domain": props.get("Domain", "vpc"),
        **unused,
    }
    provisioners._ec2_apply_tags(allocation, props)
    return address, {"AllocationId": allocation, "PublicIp": address}


def update_eip(physical_id, old, new, _stack_name, _logical_id):
    """Only tags change in place."""
    allocation = allocation_of(physical_id)
    provisioners._ec2_apply_tags(allocation, new, old)
    return physical_id, {"AllocationId": allocation, "PublicIp": physical_id}


def allocation_of(public_ip: str) -> str | None:
    """The allocation id of an address: Ref gives the address, every other call wants the allocation."""
    return next((key for key, value in ec2._addresses.items() if value["PublicIp"] == public_ip), None)


def delete_eip(physical_id, _props):
    """Release the address; ValueError while a gateway has it."""
    allocation = allocation_of(physical_id)
    if any(nat["AllocationId"] == allocation and nat["State"] == "available" for nat in ec2._nat_gateways.values()):
        raise ValueError(f"You do not have permission to access the specified resource: {physical_id} is in use")
    ec2._addresses.pop(allocation, None)
    ec2._tags.pop(allocation, None)


def create_nat_gateway(_logical_id, props, _stack_name):
    """ValueError when the subnet or the address does not exist."""
    subnet = ec2._subnets.get(props.get("SubnetId"))
    if subnet is None:
        raise ValueError(f"The subnet ID '{props.get('SubnetId')}' does not exist")
    if props.get("ConnectivityType", "public") == "public" and props.get("AllocationId") not in ec2._addresses:
        raise ValueError(
            f"Elastic IP address could not be associated with this NAT gateway: {props.get('AllocationId')}"
        )
    gateway = new_id("nat")
    ec2._nat_gateways[gateway] = {
        "NatGatewayId": gateway,
        "SubnetId": props["SubnetId"],
        "VpcId": subnet["VpcId"],
        "AllocationId": props.get("AllocationId", ""),
        "ConnectivityType": props.get("ConnectivityType", "public"),
        "State": "available",
        "CreateTime": now_iso(),
        "Tags": [],
    }
    provisioners._ec2_apply_tags(gateway, props)
    return gateway, {"NatGatewayId": gateway}


def update_nat_gateway(physical_id, old, new, _stack_name, _logical_id):
    """Only tags change in place."""
    provisioners._ec2_apply_tags(physical_id, new, old)
    return physical_id, {"NatGatewayId": physical_id}


def delete_nat_gateway(physical_id, _props):
    """As on AWS the gateway stays visible as deleted."""
    if physical_id in ec2._nat_gateways:
        ec2._nat_gateways[physical_id]["State"] = "deleted"


def destination_of(props: dict) -> str:
    """Where a flow log writes to: an ARN or the name of a log group; ValueError when it does not exist."""
    kind = props.get("LogDestinationType", "cloud-watch-logs")
    destination = props.get("LogDestination") or props.get("LogGroupName", "")
    # arn:aws:s3:::BUCKET/PREFIX and arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*
    part = (destination.split(":") + 6 * [""])[5 if kind == "s3" else 6] or destination
    exists = part.partition("/")[0] in s3._buckets if kind == "s3" else part in cloudwatch_logs._log_groups
    if not exists:
        raise ValueError(f"LogDestination: {destination} does not exist")
    if kind == "cloud-watch-logs" and not props.get("DeliverLogsPermissionArn"):
        raise ValueError("DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.")
    return destination


def create_flow_log(_logical_id, props, _stack_name):
    """ValueError when what it watches or where it writes to does not exist."""
    watched = {"VPC": ec2._vpcs, "Subnet": ec2._subnets}.get(props["ResourceType"], ec2._network_interfaces)
    if props["ResourceId"] not in watched:
        raise ValueError(f"The {props['ResourceType']} ID '{props['ResourceId']}' does not exist")
    flow_log = new_id("fl")
    ec2._flow_logs[flow_log] = {
        "FlowLogId": flow_log,
        "ResourceId": props["ResourceId"],
        "ResourceType": props["ResourceType"],
        "TrafficType": props.get("TrafficType", "ALL"),
        "LogDestinationType": props.get("LogDestinationType", "cloud-watch-logs"),
        "LogDestination": destination_of(props),
        "FlowLogStatus": "ACTIVE",
        "CreationTime": now_iso(),
    }
    provisioners._ec2_apply_tags(flow_log, props)
    return flow_log, {"Id": flow_log}


def update_flow_log(physical_id, old, new, _stack_name, _logical_id):
    """Only tags change in place."""
    provisioners._ec2_apply_tags(physical_id, new, old)
    return physical_id, {"Id": physical_id}


def delete_flow_log(physical_id, _props):
    """End the records; those that were written stay."""
    ec2._flow_logs.pop(physical_id, None)
    ec2._tags.pop(physical_id, None)


def rule_of(side: str, prefix: str) -> ResourceType:
    """The type of a rule that stands beside its security group, on one side of it."""

    def rules(props):
        group = ec2._security_groups.get(props.get("GroupId"))
        if group is None:
            raise ValueError(f"The security group '{props.get('GroupId')}' does not exist")
        return group[side], provisioners._ec2_sg_permissions([props])[0]

    def create(_logical_id, props, _stack_name):
        held, rule = rules(props)
        bare = ec2._strip_descriptions(rule)
        if any(ec2._strip_descriptions(other) == bare for other in held):
            raise ValueError("the specified rule already exists")
        held.append(rule)
        rule_id = new_id("sgr")
        return rule_id, {"Id": rule_id}

    def update(physical_id, old, new, _stack_name, _logical_id):
        held, rule = rules(new)
        held[held.index(rules(old)[1])] = rule
        return physical_id, {"Id": physical_id}

    def delete(_physical_id, props):
        if props.get("GroupId") in ec2._security_groups:
            held, rule = rules(props)
            held[:] = [other for other in held if other != rule]

    name = f"AWS::EC2::SecurityGroup{prefix}"
    return ResourceType(name, create, delete, update, replacing=RULE_PROPERTIES, tags=False)


ADDED = (
    ResourceType("AWS::EC2::EIP", create_eip, delete_eip, update_eip, replacing=("Domain",)),
    ResourceType(
        "AWS::EC2::NatGateway",
        create_nat_gateway,
        delete_nat_gateway,
        update_nat_gateway,
        replacing=("AllocationId", "AvailabilityMode", "ConnectivityType", "PrivateIpAddress", "SubnetId", "VpcId"),
    ),
    ResourceType(
        "AWS::EC2::FlowLog",
        create_flow_log,
        delete_flow_log,
        update_flow_log,
        replacing=(
            "DeliverLogsPermissionArn",
            "LogDestination",
            "LogDestinationType",
            "LogFormat",
            "LogGroupName",
            "MaxAggregationInterval",
            "ResourceId",
            "ResourceType",
            "TrafficType",
        ),
    ),
    rule_of("IpPermissions", "Ingress"),
    rule_of("IpPermissionsEgress", "Egress"),
)


def endpoint(original):
    """Show the groups, the private names and the policy of a VPC endpoint."""

    def described(record, tag="item"):
        groups = "".join(f"<item><groupId>{group}</groupId></item>" for group in record.get("SecurityGroupIds") or [])
        private = str(provisioners._cfn_bool(record.get("PrivateDnsEnabled", False))).lower()
        policy = record.get("PolicyDocument") or {"Version": "2008-10-17", "Statement": [OPEN]}
        shown = f"<groupSet>{groups}</groupSet><privateDnsEnabled>{private}</privateDnsEnabled>"
        shown += f"<policyDocument>{escape(policy if isinstance(policy, str) else json.dumps(policy))}</policyDocument>"
        return original(record, tag).replace("<subnetIdSet>", f"{shown}<subnetIdSet>", 1)

    return described


def install() -> None:
    """Register the types, and mend the description of endpoints."""
    wrap(ec2._vpce_fields_xml, endpoint)
    for added in ADDED:
        added.register()
