"""Resource types that the emulator refuses: EIP, NatGateway, SecurityGroupIngress, SecurityGroupEgress."""

import secrets

from ministack.core.responses import now_iso
from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from rehearsal.emulator.patch import ResourceType

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
    rule_of("IpPermissions", "Ingress"),
    rule_of("IpPermissionsEgress", "Egress"),
)


def install() -> None:
    """Register the types."""
    for added in ADDED:
        added.register()
