"""A service that can be made, and that will surprise whoever runs it."""

from ._ecs_fargate import on_fargate
from ._ecs_wiring import SERVICE, TASK, targets
from ._nest import Reference, Rule, Text, together

SUBNET, ROUTE = "AWS::EC2::Subnet", "AWS::EC2::Route"
GUIDE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"


class CountAgainstScaling(Rule):
    """A DesiredCount in the template sets back, at each update, what autoscaling has decided.

    Source: CloudFormation, AWS::ECS::Service, DesiredCount; Application Auto Scaling user guide, ECS.
    """

    id = "W9370"
    shortdesc = "DesiredCount of a service that is scaled"
    source_url = GUIDE + "service-auto-scaling.html"
    types = (SERVICE,)

    def judge(self, r):
        for target in r.view.everywhere("AWS::ApplicationAutoScaling::ScalableTarget"):
            for of in target.values("ResourceId"):
                parts = of.value.parts if isinstance(of.value, Text) else ()
                if any(isinstance(part, Reference) and part.resource is r for part in parts):
                    for count in r.values("DesiredCount"):
                        if together(count.where, of.where, target.where):
                            yield count.fault(f"{target.id} scales the service; leave DesiredCount out")
                            return


class GraceForNothing(Rule):
    """A grace period counts only where something checks the health of the tasks.

    Source: API reference, CreateService, healthCheckGracePeriodSeconds.
    """

    id = "W9371"
    shortdesc = "Grace period without a health check"
    source_url = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html"
    types = (SERVICE,)

    def judge(self, r):
        tasks = [task for task, _ in targets(r, "TaskDefinition", TASK)]
        checked = any(
            True
            for path in ("LoadBalancers.*", "VpcLatticeConfigurations.*")
            for _ in r.blocks(path.removesuffix(".*"))
        )
        checked = checked or any(
            True for task in tasks for _ in task.values("ContainerDefinitions.*.HealthCheck.Command")
        )
        if tasks and not checked and not any(True for _ in r.values("LoadBalancers")):
            for value in r.values("HealthCheckGracePeriodSeconds"):
                yield value.fault("nothing checks the tasks; leave it out or add a health check")


class NoWayOut(Rule):
    """A Fargate task in a subnet with a route to the internet gateway needs a public address to pull its image.

    Source: ECS developer guide, Fargate task networking.
    """

    id = "E9370"
    shortdesc = "Task in a public subnet without a public address"
    source_url = GUIDE + "fargate-task-networking.html"
    types = (SERVICE,)
    network = "NetworkConfiguration.AwsvpcConfiguration"

    def judge(self, r):
        tasks = [task for task, _ in targets(r, "TaskDefinition", TASK)]
        if any(True for _ in r.view.everywhere("AWS::EC2::VPCEndpoint")):
            return
        for v in r.variants(self.network + ".AssignPublicIp", self.network + ".Subnets"):
            subnets = v[self.network + ".Subnets"]
            subnets = subnets if isinstance(subnets, list) else []
            here = bool(tasks) and all(on_fargate(task, v.where) for task in tasks)
            if here and (v[self.network + ".AssignPublicIp"] or "DISABLED") == "DISABLED":
                for subnet in (s.resource for s in subnets if isinstance(s, Reference) and s.resource.type == SUBNET):
                    if is_public(subnet, v.where):
                        message = (
                            f"subnet {subnet.id} is public: set AssignPublicIp: ENABLED or use one behind a NAT gateway"
                        )
                        yield v.fault(message, self.network + ".AssignPublicIp")
                        return


def is_public(subnet, where) -> bool:
    """Does its route table send everything to an internet gateway, in these circumstances?"""
    for association in subnet.view.resources("AWS::EC2::SubnetRouteTableAssociation"):
        if all(s is not subnet for s, _ in targets(association, "SubnetId", SUBNET)):
            continue
        for table, _ in targets(association, "RouteTableId", "AWS::EC2::RouteTable"):
            for route in subnet.view.resources(ROUTE):
                for v in route.variants("RouteTableId", "DestinationCidrBlock", "GatewayId"):
                    of = v["RouteTableId"]
                    if (
                        isinstance(of, Reference)
                        and of.resource is table
                        and v["DestinationCidrBlock"] == "0.0.0.0/0"
                        and isinstance(v["GatewayId"], Reference)
                        and v["GatewayId"].resource.type == "AWS::EC2::InternetGateway"
                        and together(v.where, where, association.where)
                    ):
                        return True
    return False
