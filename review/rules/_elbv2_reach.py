"""Do load balancer and targets meet? Subnets, security groups and ports that must agree across resources."""

from __future__ import annotations

from collections.abc import Iterator

from ._ec2_addresses import SUBNET
from ._ec2_public import is_public
from ._ec2_routes import resource_of
from ._ec2_security_groups import EGRESS, INGRESS
from ._elbv2_tables import DOCS
from ._nest import Resource, Rule, Where, known, number, together
from ._reach import groups, reached

BALANCER, LISTENER = "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::Listener"
TARGETS, SERVICE = "AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::ECS::Service"
RECOMMENDED = DOCS + "application/load-balancer-update-security-groups.html"
SERVICE_GROUPS = "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups"


class ListenerClosed(Rule):
    """The security groups of a load balancer let in what its listeners listen to.

    Source: user guide, "Security groups for your Application Load Balancer": recommended inbound rules.
    """

    id = "W9230"
    shortdesc = "Listener on a port that the load balancer's security groups do not open"
    source_url = RECOMMENDED
    types = (LISTENER,)

    def judge(self, r):
        for v in r.variants("LoadBalancerArn", "Port"):
            balancer, port = resource_of(v["LoadBalancerArn"], BALANCER), number(v["Port"])
            if balancer is None or port is None:
                continue
            for b in balancer.variants("SecurityGroups"):
                found, where = groups(b["SecurityGroups"]), together(v.where, b.where)
                if found and where is not None and not reached(found, INGRESS, port, None, where):
                    yield v.fault(f"{', '.join(group.id for group in found)}: no ingress of TCP {port}", "Port")


def served(service: Resource) -> Iterator[tuple[int, Resource, list[Resource], Where]]:
    """(port, load balancer, groups of the tasks, where) for each load balancer that a service stands behind."""
    for block in service.blocks("LoadBalancers"):
        for v in block.variants("ContainerPort", "TargetGroupArn"):
            targets, port = resource_of(v["TargetGroupArn"], TARGETS), number(v["ContainerPort"])
            if targets is None or port is None:
                continue
            for own in service.variants(SERVICE_GROUPS):
                found, where = groups(own[SERVICE_GROUPS]), together(own.where, v.where)
                for balancer in balancers(targets) if found and where is not None else ():
                    yield port, balancer, found, where


def balancers(targets: Resource) -> list[Resource]:
    """The load balancers whose listeners forward to a target group by default."""
    found = []
    for listener in targets.view.everywhere(LISTENER):
        for path in ("DefaultActions.*.TargetGroupArn", "DefaultActions.*.ForwardConfig.TargetGroups.*.TargetGroupArn"):
            if any(resource_of(value.value, TARGETS) is targets for value in listener.values(path)):
                found += [resource_of(value.value, BALANCER) for value in listener.values("LoadBalancerArn")]
    return [balancer for balancer in dict.fromkeys(found) if balancer is not None]


class TasksClosed(Rule):
    """The tasks of a service let the load balancer in on the container's port, and the load balancer may go there.

    Source: user guide, "Security groups for your Application Load Balancer": targets must allow the load balancer's
    group on the listener and health check ports; the load balancer's group must allow outbound traffic to them.
    """

    id = "E9231"
    shortdesc = "Load balancer and tasks whose security groups keep them apart"
    source_url = RECOMMENDED
    types = (SERVICE,)

    def judge(self, r):
        for port, balancer, tasks, where in served(r):
            for b in balancer.variants("SecurityGroups"):
                front, both = groups(b["SecurityGroups"]), together(where, b.where)
                if not front or both is None:
                    continue
                if not reached(tasks, INGRESS, port, front, both):
                    yield r.fault(f"{names(tasks)}: no ingress of TCP {port} from {names(front)}", "LoadBalancers")
                if not reached(front, EGRESS, port, tasks, both):
                    yield r.fault(f"{names(front)}: no egress of TCP {port} to {names(tasks)}", "LoadBalancers")


def names(found: list[Resource]) -> str:
    return ", ".join(group.id for group in found)


class HealthCheckPortClosed(Rule):
    """A health check on a port of its own reaches the tasks: their groups let it in.

    Source: user guide, "Security groups for your Application Load Balancer": health check port.
    """

    id = "E9232"
    shortdesc = "Health check on a port that the tasks do not open"
    source_url = RECOMMENDED
    types = (SERVICE,)

    def judge(self, r):
        for block in r.blocks("LoadBalancers"):
            for value in block.values("TargetGroupArn"):
                targets = resource_of(value.value, TARGETS)
                for check in targets.values("HealthCheckPort") if targets else ():
                    port, where = number(check.value), together(check.where, value.where)
                    for own in r.variants(SERVICE_GROUPS) if port and where is not None else ():
                        found, both = groups(own[SERVICE_GROUPS]), together(where, own.where)
                        if found and both is not None and not reached(found, INGRESS, port, None, both):
                            yield own.fault(f"{names(found)}: no ingress of TCP {port}, the health check's port")


class TargetType(Rule):
    """Tasks of Fargate, and others with the network mode awsvpc, are targets of the type ip.

    Source: API reference of ECS, CreateService, loadBalancers: "you must choose ip as the target type".
    """

    id = "E9233"
    shortdesc = "Target group of instances for tasks with addresses of their own"
    source_url = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html"
    types = (SERVICE,)

    def judge(self, r):
        for v in r.variants("LaunchType", "NetworkConfiguration"):
            if v["LaunchType"] != "FARGATE" and v["NetworkConfiguration"] is None:
                continue
            for value in r.values("LoadBalancers.*.TargetGroupArn"):
                targets = resource_of(value.value, TARGETS)
                for kind in targets.variants("TargetType") if targets else ():
                    name = kind["TargetType"] if kind["TargetType"] is not None else "instance"
                    if known(name) and name != "ip" and together(v.where, value.where, kind.where):
                        yield value.fault(f"{targets.id} is of type {name}; tasks with addresses of their own need ip")


class SchemeAndSubnets(Rule):
    """An internet-facing load balancer stands in subnets with a route to an internet gateway.

    Source: user guide, "Subnets for your Application Load Balancer": public subnets for internet-facing load balancers.
    """

    id = "E9234"
    shortdesc = "Internet-facing load balancer in subnets without a route to the internet"
    source_url = DOCS + "application/application-load-balancers.html#subnets-load-balancer"
    types = (BALANCER,)

    def judge(self, r):
        for v in r.variants("Scheme", "Subnets"):
            if v["Scheme"] not in (None, "internet-facing"):
                continue
            for item in v["Subnets"] if isinstance(v["Subnets"], list) else ():
                subnet = resource_of(item, SUBNET)
                if subnet and is_public(subnet, v.where) is False:
                    yield v.fault(
                        f"{subnet.id} has no route to an internet gateway; make the scheme internal", "Subnets"
                    )
