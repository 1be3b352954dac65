"""Containers that work, and that a reviewer would not let pass."""

import re

from ._nest import Rule, flag, known, text

TASK = "AWS::ECS::TaskDefinition"
CONTROLS = "https://docs.aws.amazon.com/securityhub/latest/userguide/ecs-controls.html"


class OfContainers(Rule):
    """A rule about each container: weak() tells what is wrong with the values of one property."""

    types = (TASK,)
    property = ""

    def judge(self, r):
        for container in r.blocks("ContainerDefinitions"):
            found = [v[self.property] for v in container.variants(self.property)]
            if found and all(self.weak(value) for value in found):
                yield container.fault(self.shortdesc + "; " + self.remedy, self.property)

    remedy = ""

    def weak(self, value) -> bool:
        raise NotImplementedError


class Privileged(OfContainers):
    """A privileged container is root on its host.

    Source: AWS Foundational Security Best Practices, ECS.4.
    """

    id = "W9301"
    shortdesc = "Privileged container"
    remedy = "leave Privileged out"
    source_url = CONTROLS + "#ecs-4"
    property = "Privileged"

    def weak(self, value) -> bool:
        return flag(value, False) is True


class RootUser(OfContainers):
    """A container that is told to run as root.

    Source: AWS Foundational Security Best Practices, ECS.20.
    """

    id = "W9302"
    shortdesc = "Container runs as root"
    remedy = "name another user, here or in the image"
    source_url = CONTROLS + "#ecs-20"
    property = "User"

    def weak(self, value) -> bool:
        return known(value) and text(value).partition(":")[0] in ("0", "root")


class WritableRoot(OfContainers):
    """A container that can write its own root file system can be changed by who breaks into it.

    Source: AWS Foundational Security Best Practices, ECS.5.
    """

    id = "W9303"
    shortdesc = "Container can write its root file system"
    remedy = "set ReadonlyRootFilesystem: true and mount what it must write"
    source_url = CONTROLS + "#ecs-5"
    property = "ReadonlyRootFilesystem"

    def weak(self, value) -> bool:
        return flag(value, False) is False


class ContainerLogsMissing(OfContainers):
    """Without a log configuration nothing is left of what a container said; on Fargate nobody can look.

    Source: AWS Foundational Security Best Practices, ECS.9.
    """

    id = "W9304"
    shortdesc = "Container without a log configuration"
    remedy = "give it LogConfiguration"
    source_url = CONTROLS + "#ecs-9"
    property = "LogConfiguration"

    def weak(self, value) -> bool:
        return value is None


class MovingImageTag(OfContainers):
    """`latest`, or no tag at all, is another image tomorrow: a rollback goes nowhere.

    Source: ECS best practices guide, container images; API reference, ContainerDefinition, image.
    """

    id = "W9305"
    shortdesc = "Image without a fixed tag"
    remedy = "name a tag of its own or a digest, not latest"
    source_url = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-considerations.html"
    property = "Image"

    def weak(self, value) -> bool:
        if not isinstance(value, str) or "@" in value:
            return False
        return not re.search(r":[^/:]+$", value) or value.endswith(":latest")


class HostNamespace(Rule):
    """Tasks that share the processes or the memory of their host.

    Source: AWS Foundational Security Best Practices, ECS.3.
    """

    id = "W9306"
    shortdesc = "Task shares a namespace of its host"
    source_url = CONTROLS + "#ecs-3"
    types = (TASK,)

    def judge(self, r):
        for path in ("PidMode", "IpcMode"):
            for value in r.values(path):
                if value.value == "host":
                    yield value.fault(f"{path} host shows the host to the task; leave it out")


class NoInsights(Rule):
    """Container Insights: without it nothing counts the running tasks.

    Source: AWS Foundational Security Best Practices, ECS.12.
    """

    id = "W9307"
    shortdesc = "Cluster without Container Insights"
    source_url = CONTROLS + "#ecs-12"
    types = ("AWS::ECS::Cluster",)

    def judge(self, r):
        settings = list(r.variants("ClusterSettings"))
        if settings and all(not self.on(v["ClusterSettings"]) for v in settings):
            yield r.fault("set ClusterSettings containerInsights to enabled or enhanced", "ClusterSettings")

    @staticmethod
    def on(settings) -> bool:
        if settings is None:
            return False
        rows = settings if isinstance(settings, list) else [{}]
        return any(not isinstance(row, dict) or row.get("Value") not in ("disabled", None) for row in rows)


class LiteralRegion(Rule):
    """A region written into awslogs sends the logs of a stack elsewhere when it is made in another region.

    Source: API reference, LogConfiguration, options, awslogs-region.
    """

    id = "W9308"
    shortdesc = "Logs go to a region by name"
    source_url = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html"
    types = (TASK,)

    def judge(self, r):
        for container in r.blocks("ContainerDefinitions"):
            for value in container.values("LogConfiguration.Options.awslogs-region"):
                if isinstance(value.value, str) and not value.where.facts:
                    yield value.fault(f"the region is {value.value} wherever the stack is; write !Ref AWS::Region")
