"""A service, its task definition, its target groups and listeners: what must agree and what must come first."""

from ._checks import meets, named
from ._nest import Reference, Rule, known, number, text, together
from ._waiting import awaited

SERVICE, TASK = "AWS::ECS::Service", "AWS::ECS::TaskDefinition"
TARGET_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
FORWARDING = {
    "AWS::ElasticLoadBalancingV2::Listener": "DefaultActions",
    "AWS::ElasticLoadBalancingV2::ListenerRule": "Actions",
}
API = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html"


def targets(block, path: str, kind: str) -> list:
    """(resource, Value) for each resource of a type that a property refers to."""
    return [
        (value.value.resource, value)
        for value in block.values(path)
        if isinstance(value.value, Reference) and value.value.resource.type == kind
    ]


class UnknownServiceContainer(Rule):
    """The container that a load balancer or a registry sends to must be in the task definition.

    Source: API reference, LoadBalancer, containerName.
    """

    id = "E9360"
    shortdesc = "Service sends requests to a container that the task has not"
    source_url = API
    types = (SERVICE,)

    def judge(self, r):
        for task, held in targets(r, "TaskDefinition", TASK):
            containers = named(task, "ContainerDefinitions")
            if any(not known(row[0]) for row in containers):
                continue
            for path in ("LoadBalancers.*.ContainerName", "ServiceRegistries.*.ContainerName"):
                for value in r.values(path):
                    where = together(value.where, held.where)
                    if known(value.value) and where and value.value not in {row[0] for row in meets(where, containers)}:
                        names = ", ".join(sorted({str(row[0]) for row in containers}))
                        yield value.fault(f"task definition {task.id} has no container {value.value!r}, only {names}")


class UnknownServicePort(Rule):
    """The port that a load balancer sends to must be among the container's port mappings.

    Source: API reference, LoadBalancer, containerPort.
    """

    id = "E9361"
    shortdesc = "Service sends requests to a port that the container does not map"
    source_url = API
    types = (SERVICE,)

    def judge(self, r):
        for task, _ in targets(r, "TaskDefinition", TASK):
            containers = named(task, "ContainerDefinitions")
            for balancer in r.blocks("LoadBalancers"):
                for v in balancer.variants("ContainerName", "ContainerPort"):
                    port = number(v["ContainerPort"])
                    for name, _, container in meets(v.where, containers):
                        if port is not None and name == v["ContainerName"] and not self.mapped(container, port):
                            yield v.fault(
                                f"container {name!r} does not map port {port}; add it to PortMappings", "ContainerPort"
                            )

    @staticmethod
    def mapped(container, port) -> bool:
        """Does the container map it, as far as is known?"""
        ports = [number(value.value) for value in container.values("PortMappings.*.ContainerPort")]
        return (
            None in ports or port in ports or any(True for _ in container.values("PortMappings.*.ContainerPortRange"))
        )


class TargetTypeOfTasks(Rule):
    """Tasks with awsvpc have addresses of their own: their target group has the target type ip.

    Source: API reference, LoadBalancer, targetGroupArn.
    """

    id = "E9362"
    shortdesc = "Target group cannot take tasks with awsvpc"
    source_url = API
    types = (SERVICE,)

    def judge(self, r):
        tasks = [task for task, _ in targets(r, "TaskDefinition", TASK)]
        modes = {text(value.value) for task in tasks for value in task.values("NetworkMode")}
        if modes != {"awsvpc"}:
            return
        for group, value in targets(r, "LoadBalancers.*.TargetGroupArn", TARGET_GROUP):
            for v in group.variants("TargetType"):
                kind = v["TargetType"] or "instance"
                if known(kind) and kind != "ip" and together(v.where, value.where, r.where):
                    yield value.fault(f"target group {group.id} has TargetType {kind}; tasks with awsvpc need ip")


class ListenerComesLater(Rule):
    """A target group must belong to a load balancer when its service is made: the service waits for the listener.

    CloudFormation sees no dependency, since the service refers only to the target group. In each circumstance one of
    the listeners or listener rules that forward to it must come first.
    Source: CloudFormation, AWS::ECS::Service; the API's answer, "does not have an associated load balancer".
    """

    id = "W9363"
    shortdesc = "Service does not wait for the listener of its target group"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html"
    types = (SERVICE,)

    def judge(self, r):
        for group, value in targets(r, "LoadBalancers.*.TargetGroupArn", TARGET_GROUP):
            if group.view is r.view:
                found = forwarders(group)
                for listener, where in found:
                    scene = together(where, listener.where, value.where, r.where)
                    if scene is not None and not self.waits(r, scene, found):
                        yield value.fault(f"add DependsOn: {listener.id}, which forwards to {group.id}")
                        break

    @staticmethod
    def waits(r, scene, found) -> bool:
        before = awaited(r, scene)
        return any(listener.id in before and together(scene, where, listener.where) for listener, where in found)


def forwarders(group) -> list:
    """(listener or listener rule of the same template, circumstances) that send requests to the target group."""
    found = []
    for kind, actions in FORWARDING.items():
        for listener in group.view.resources(kind):
            for path in ("TargetGroupArn", "ForwardConfig.TargetGroups.*.TargetGroupArn"):
                for other, value in targets(listener, f"{actions}.*.{path}", TARGET_GROUP):
                    if other.id == group.id and other.view is group.view:
                        found.append((listener, value.where))
    return found


class TargetGroupUnused(Rule):
    """A service in front of whose target group there is no load balancer cannot be made.

    Source: the API's answer, "The target group does not have an associated load balancer".
    """

    id = "E9364"
    shortdesc = "No listener forwards to the target group of the service"
    source_url = API
    types = (SERVICE,)

    def judge(self, r):
        for group, value in targets(r, "LoadBalancers.*.TargetGroupArn", TARGET_GROUP):
            elsewhere = group.view is not r.view or used_elsewhere(group)
            if not elsewhere and not forwarders(group):
                yield value.fault(f"no listener or listener rule forwards to {group.id}; add one")


def used_elsewhere(group) -> bool:
    """Does an output or another kind of resource refer to it, so that its listener may be elsewhere?"""
    raw = group.view.template
    others = {
        name: item
        for name, item in group.view.resources_raw.items()
        if item.get("Type") != SERVICE and name != group.id
    }
    return f"'{group.id}" in repr(raw.get("Outputs")) or any(names(item, group.id) for item in others.values())


def names(item, name: str) -> bool:
    """Does a part of the template name this logical id in any way?"""
    return f"'{name}'" in repr(item) or f"'{name}." in repr(item) or f"${{{name}" in repr(item)


class NetworkOfOtherMode(Rule):
    """NetworkConfiguration belongs to tasks with awsvpc: with another mode the API refuses it.

    Source: API reference, CreateService, networkConfiguration.
    """

    id = "E9365"
    shortdesc = "NetworkConfiguration for tasks without awsvpc"
    source_url = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html"
    types = (SERVICE,)

    def judge(self, r):
        for task, _ in targets(r, "TaskDefinition", TASK):
            modes = [v["NetworkMode"] or "bridge" for v in task.variants("NetworkMode")]
            given = [v["NetworkConfiguration"] for v in r.variants("NetworkConfiguration")]
            if all(isinstance(mode, str) and mode != "awsvpc" for mode in modes) and all(given) and given:
                mode = ", ".join(sorted(set(modes)))
                yield r.fault(
                    f"task definition {task.id} has NetworkMode {mode}; use awsvpc or leave this out",
                    "NetworkConfiguration",
                )
