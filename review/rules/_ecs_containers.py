"""Containers of a task: names, ports, volumes and dependencies that must agree."""

from ._checks import Ranges, meets, named, twice
from ._nest import Rule, flag, known, number, text

TASK = "AWS::ECS::TaskDefinition"
DOCS = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"


class ContainerNamedTwice(Rule):
    """Containers, and volumes, of one task need names of their own: the API refuses the task definition.

    Source: API reference, ContainerDefinition, name; Volume, name.
    """

    id = "E9301"
    shortdesc = "Name of a container or volume used twice"
    source_url = DOCS + "API_ContainerDefinition.html"
    types = (TASK,)

    def judge(self, r):
        for path in ("ContainerDefinitions", "Volumes"):
            for name, value, _ in twice(row for row in named(r, path) if known(row[0])):
                yield value.fault(f"{path} has {name!r} twice; give each its own name")


class UnknownContainer(Rule):
    """What waits for, or mounts from, a container must name one of the same task.

    Source: API reference, ContainerDependency, containerName; VolumeFrom, sourceContainer.
    """

    id = "E9302"
    shortdesc = "Names a container that the task has not"
    source_url = DOCS + "API_ContainerDependency.html"
    types = (TASK,)
    paths = (
        "ContainerDefinitions.*.DependsOn.*.ContainerName",
        "ContainerDefinitions.*.VolumesFrom.*.SourceContainer",
        "ProxyConfiguration.ContainerName",
    )

    def judge(self, r):
        containers = named(r, "ContainerDefinitions")
        if any(not known(row[0]) for row in containers):
            return
        for path in self.paths:
            for value in r.values(path):
                names = {row[0] for row in meets(value.where, containers)}
                if known(value.value) and value.value not in names:
                    yield value.fault(
                        f"no container is called {value.value!r}; there are {', '.join(sorted(map(str, names)))}"
                    )


class DependencyNeverMet(Rule):
    """COMPLETE and SUCCESS cannot be set on an essential container, HEALTHY needs one with a health check.

    Source: API reference, ContainerDependency, condition.
    """

    id = "E9303"
    shortdesc = "Container waits for a state that never comes"
    source_url = DOCS + "API_ContainerDependency.html"
    types = (TASK,)

    def judge(self, r):
        containers = named(r, "ContainerDefinitions")
        for wait in r.blocks("ContainerDefinitions.*.DependsOn"):
            for v in wait.variants("ContainerName", "Condition"):
                for name, _, container in meets(v.where, containers):
                    if known(name) and name == v["ContainerName"] and (why := self.never(v["Condition"], container)):
                        yield v.fault(f"{name!r} {why}", "Condition")

    @staticmethod
    def never(condition, container) -> str:
        """Why the container does not reach the condition, whatever the parameters; else nothing."""
        essential = [flag(v["Essential"], True) for v in container.variants("Essential")]
        if condition in ("COMPLETE", "SUCCESS") and all(essential):
            return f"is essential, so {condition} is refused; set Essential: false or wait for HEALTHY"
        checks = [v["HealthCheck"] for v in container.variants("HealthCheck")]
        if condition == "HEALTHY" and all(check is None for check in checks):
            return "has no HealthCheck, so it is never HEALTHY; give it one in the task definition"
        return ""


class DependencyCycle(Rule):
    """Containers that wait for each other: the API refuses the task definition.

    Source: ECS developer guide, task definition parameters, container dependency.
    """

    id = "E9304"
    shortdesc = "Containers wait for each other"
    source_url = DOCS + "API_ContainerDependency.html"
    types = (TASK,)

    def judge(self, r):
        waits: dict = {}
        for name, _, container in named(r, "ContainerDefinitions"):
            if known(name):
                others = [v for v in container.values("DependsOn.*.ContainerName") if known(v.value)]
                waits.setdefault(name, []).extend(others)
        for name, others in waits.items():
            for value in others:
                if name in self.reached(waits, value.value):
                    yield value.fault(f"{name!r} waits for {value.value!r}, which waits for {name!r}; cut the circle")
                    return

    @staticmethod
    def reached(waits: dict, start) -> set:
        """The containers that this one waits for, directly or not, and itself."""
        seen, todo = set(), [start]
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo.extend(value.value for value in waits.get(name, []))
        return seen


class UnknownVolume(Rule):
    """A mount point must name a volume of the task.

    Source: API reference, MountPoint, sourceVolume.
    """

    id = "E9305"
    shortdesc = "Mounts a volume that the task has not"
    source_url = DOCS + "API_MountPoint.html"
    types = (TASK,)

    def judge(self, r):
        volumes = named(r, "Volumes")
        if any(not known(row[0]) for row in volumes):
            return
        for value in r.values("ContainerDefinitions.*.MountPoints.*.SourceVolume"):
            if known(value.value) and value.value not in {row[0] for row in meets(value.where, volumes)}:
                yield value.fault(f"no volume is called {value.value!r}; add it to Volumes")


class PortTwice(Rule):
    """With awsvpc all containers share one address: a port, and a port's name, can be used once.

    Source: ECS developer guide, task networking with awsvpc; API reference, PortMapping, name.
    """

    id = "E9306"
    shortdesc = "Port of a task used twice"
    source_url = DOCS + "API_PortMapping.html"
    types = (TASK,)

    def judge(self, r):
        mappings = list(r.blocks("ContainerDefinitions.*.PortMappings"))
        names = [(v.value, v) for m in mappings for v in m.values("Name") if known(v.value)]
        for name, value in twice(names):
            yield value.fault(f"two ports are called {name!r}; give each its own name")
        if {text(v.value) for v in r.values("NetworkMode")} != {"awsvpc"}:
            return
        ports = []
        for mapping in mappings:
            found = mapping.variants("ContainerPort", "Protocol")
            ports.extend(((number(v["ContainerPort"]), text(v["Protocol"]) or "tcp"), v) for v in found)
        for (port, protocol), v in twice(row for row in ports if row[0][0] is not None):
            yield v.fault(
                f"port {port}/{protocol} is taken already; containers of an awsvpc task share their ports",
                "ContainerPort",
            )


class PortOutOfRange(Ranges):
    """A container listens on a port from 1 to 65535.

    Source: API reference, PortMapping, containerPort.
    """

    id = "E9307"
    shortdesc = "Port that does not exist"
    source_url = DOCS + "API_PortMapping.html"
    types = (TASK,)
    limits = (("ContainerDefinitions.*.PortMappings.*.ContainerPort", 1, 65535, ""),)
