"""Those who can reach and be reached: load balancers, tasks, databases, endpoints; the internet beside them."""

from dataclasses import dataclass

from review.problem import Problem
from review.reach.network import DEFAULT, INTERNET, Network
from review.reach.ports import EVERYTHING, Ports, tcp
from review.text import references

BALANCER, TASKS, DATABASE, ENDPOINT = "load balancer", "tasks", "database", "endpoint"
MYSQL = 3306

# What names subnets without having an address in them.
_PLUMBING = {
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::SubnetNetworkAclAssociation",
    "AWS::EC2::NatGateway",
    "AWS::RDS::DBSubnetGroup",
    "AWS::EC2::FlowLog",
}


@dataclass(frozen=True)
class Party:
    """One of them."""

    title: str  # logical id in the flat view
    kind: str
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    public: bool = False  # has it public addresses?
    serves: Ports = EVERYTHING  # what it listens on


THE_INTERNET = Party(INTERNET, INTERNET, public=True)


def parties(network: Network) -> list[Party]:
    """All of a nest. Problem: something else has an address in the VPC."""
    found = [*_balancers(network), *_tasks(network), *_databases(network), *_endpoints(network)]
    known = {party.title for party in found}
    subnets = {title for title, _ in network.of_type("AWS::EC2::Subnet")}
    for title, body in network.resources.items():
        if title not in known and body["Type"] not in _PLUMBING and references(body.get("Properties", {})) & subnets:
            raise Problem(f"{title}: a {body['Type']} has an address in the VPC; who reaches it is not judged")
    return found


def _titles(network, values, otherwise=()):
    return tuple(network.meant(value) for value in values or []) or otherwise


def _balancers(network):
    for title, properties in network.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        subnets = properties.get("Subnets") or [each["SubnetId"] for each in properties.get("SubnetMappings", [])]
        yield Party(
            title,
            BALANCER,
            _titles(network, subnets),
            _titles(network, properties.get("SecurityGroups"), (DEFAULT,)),
            properties.get("Scheme", "internet-facing") == "internet-facing",
            tcp(*(int(each["Port"]) for _, each in listeners(network, title))),
        )


def listeners(network: Network, balancer: str) -> list[tuple[str, dict]]:
    """The listeners of a load balancer."""
    return [
        (title, each)
        for title, each in network.of_type("AWS::ElasticLoadBalancingV2::Listener")
        if network.meant(each["LoadBalancerArn"]) == balancer
    ]


def _tasks(network):
    for title, properties in network.of_type("AWS::ECS::Service"):
        where = properties.get("NetworkConfiguration", {}).get("AwsvpcConfiguration")
        if where is None:
            raise Problem(f"{title}: a service without AwsvpcConfiguration is not judged")
        definition = network.resources[network.meant(properties["TaskDefinition"])]["Properties"]
        ports = [
            int(mapping["ContainerPort"])
            for container in definition["ContainerDefinitions"]
            for mapping in container.get("PortMappings", [])
        ]
        yield Party(
            title,
            TASKS,
            _titles(network, where["Subnets"]),
            _titles(network, where.get("SecurityGroups"), (DEFAULT,)),
            where.get("AssignPublicIp") == "ENABLED",
            tcp(*ports),
        )


def _databases(network):
    for title, properties in network.of_type("AWS::RDS::DBInstance"):
        source = network.meant(properties.get("SourceDBInstanceIdentifier"))
        home = (
            properties if "DBSubnetGroupName" in properties or not source else network.resources[source]["Properties"]
        )
        group = network.resources[network.meant(home["DBSubnetGroupName"])]["Properties"]
        yield Party(
            title,
            DATABASE,
            _titles(network, group["SubnetIds"]),
            _titles(network, properties.get("VPCSecurityGroups"), (DEFAULT,)),
            bool(properties.get("PubliclyAccessible", False)),
            tcp(int(properties.get("Port", MYSQL))),
        )


def _endpoints(network):
    for title, properties in network.of_type("AWS::EC2::VPCEndpoint"):
        if properties.get("VpcEndpointType") == "Interface":
            groups = _titles(network, properties.get("SecurityGroupIds"), (DEFAULT,))
            yield Party(title, ENDPOINT, _titles(network, properties["SubnetIds"]), groups, False, tcp(443))
