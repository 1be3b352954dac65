"""Parameters of the network."""

from templates.parameters.kinds import choice, number, switch, text

NETWORK = {
    "VpcCidr": text(
        "Address block of the VPC; subnets are cut from it (10.0.0.0/16 gives 10.0.1.0/24 to 10.0.6.0/24)."
        " A change REPLACES the VPC, and RDS takes no subnets of another one: deploy a new environment instead",
        r"^(\d{1,3}\.){3}\d{1,3}/(1[6-9]|2[0-5])$",
        "must be an IPv4 block from /16 to /25, as in 10.0.0.0/16",
        "10.0.0.0/16",
    ),
    "SubnetHostBits": number(
        "Size of each subnet as a number of host bits: 8 is a /24 of 256 addresses, 4 is a /28 of 16."
        " The VPC must have room for seven such blocks. A change REPLACES the subnets",
        8,
        4,
        12,
    ),
    "EgressMode": choice(
        "How tasks reach image registry, secrets and logs: nat-gateway (one, $33 a month), nat-gateway-per-zone (one"
        " in each zone, survives a zone), interface-endpoints (AWS services only, no internet), public-addresses"
        " (tasks in the public subnets with addresses of their own; cheapest)",
        "nat-gateway",
        ["nat-gateway", "nat-gateway-per-zone", "interface-endpoints", "public-addresses"],
    ),
    "ServiceEndpoints": switch(
        "true brings image registry, secrets and logs into the VPC in other egress modes too; $7.30 a month for each of"
        " them and zone, $58 in all"
    ),
    "DatabaseSubnets": choice(
        "separate: the database has subnets of its own without any way out; private: it shares those of the tasks."
        " To be decided before the first deployment",
        "separate",
        ["separate", "private"],
    ),
    "FlowLogs": choice(
        "Records of every connection in the VPC, kept in a bucket (s3) or in CloudWatch Logs; the latter needs a role"
        " that the stack makes",
        "none",
        ["none", "s3", "cloud-watch-logs"],
    ),
}
