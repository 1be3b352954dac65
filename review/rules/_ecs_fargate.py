"""What Fargate takes and what it refuses."""

import re

from ._checks import impossible
from ._nest import EMPTY, Reference, Rule, Text, flag, known, number, text, together

TASK = "AWS::ECS::TaskDefinition"
API = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"
GUIDE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html"

# Memory in MiB for each number of CPU units: lowest, highest, step.
# Source: API reference, RegisterTaskDefinition, memory; 32 vCPU: announcement of 2026, three sizes.
MEMORY = {
    256: {512, 1024, 2048},
    512: set(range(1024, 4097, 1024)),
    1024: set(range(2048, 8193, 1024)),
    2048: set(range(4096, 16385, 1024)),
    4096: set(range(8192, 30721, 1024)),
    8192: set(range(16384, 61441, 4096)),
    16384: set(range(32768, 122881, 8192)),
    32768: {61440, 122880, 249856},
}

# What the API refuses with FARGATE. Source: API reference, the properties' own text ("isn't supported"), and awsvpc's.
REFUSED_LISTS = ("Links", "ExtraHosts", "DockerSecurityOptions", "LinuxParameters.Devices")
REFUSED_VALUES = (
    "Hostname",
    "LinuxParameters.SharedMemorySize",
    "LinuxParameters.MaxSwap",
    "LinuxParameters.Swappiness",
)
REFUSED_IN_TASK = {
    "Volumes.*.DockerVolumeConfiguration.Driver": "use a plain volume or EFS",
    "Volumes.*.DockerVolumeConfiguration.Scope": "use a plain volume or EFS",
    "Volumes.*.Host.SourcePath": "there is no host; leave out Host",
    "PlacementConstraints.*.Type": "Fargate places the tasks; leave them out",
    "IpcMode": "leave it out",
}


def on_fargate(r, where=EMPTY) -> bool:
    """Does ECS check the task definition against Fargate, in these circumstances?"""
    wanted = [value.where for value in r.values("RequiresCompatibilities.*") if text(value.value) == "FARGATE"]
    return any(together(place, where) is not None for place in wanted)


class FargateRule(Rule):
    """A rule of what Fargate refuses: it says nothing of circumstances in which the task is not for Fargate."""

    types = (TASK,)

    def judge(self, r):
        yield from (finding for finding in self.refused(r) if on_fargate(r, finding.where))

    def refused(self, r):
        """What Fargate would refuse."""
        raise NotImplementedError


def units(value, word: str) -> float | None:
    """CPU units of '1 vCPU', MiB of '2 GB', or the plain number."""
    match = re.fullmatch(rf"\s*([\d.]+)\s*{word}\s*", text(value) or "", re.IGNORECASE)
    return float(match[1]) * 1024 if match else number(value)


class FargateSize(FargateRule):
    """Fargate sells CPU and memory in fixed pairs; this sees them behind parameters too.

    Source: API reference, RegisterTaskDefinition, cpu and memory.
    """

    id = "E9312"
    shortdesc = "Pair of CPU and memory that Fargate has not"
    source_url = API + "API_RegisterTaskDefinition.html"

    def refused(self, r):
        for v in impossible(r, self.wrong, "Cpu", "Memory"):
            yield v.fault(
                f"no Fargate task has Cpu {text(v['Cpu'])} with Memory {text(v['Memory'])}; {self.right(v)}", "Cpu"
            )

    @staticmethod
    def wrong(v) -> bool:
        cpu, memory = units(v["Cpu"], "vcpu"), units(v["Memory"], "gb")
        return cpu is not None and (cpu not in MEMORY or (memory is not None and memory not in MEMORY[cpu]))

    @staticmethod
    def right(v) -> str:
        sizes = MEMORY.get(units(v["Cpu"], "vcpu"))
        return (
            f"with it goes {min(sizes)} to {max(sizes)} MiB"
            if sizes
            else f"Cpu is one of {', '.join(map(str, MEMORY))}"
        )


class FargateNetworkMode(FargateRule):
    """On Fargate each task has a network interface of its own: the mode is awsvpc.

    Source: API reference, RegisterTaskDefinition, networkMode.
    """

    id = "E9313"
    shortdesc = "Fargate without awsvpc"
    source_url = API + "API_RegisterTaskDefinition.html"

    def refused(self, r):
        for v in r.variants("NetworkMode"):
            if v["NetworkMode"] is None or (known(v["NetworkMode"]) and v["NetworkMode"] != "awsvpc"):
                yield v.fault(
                    f"NetworkMode is {v['NetworkMode'] or 'bridge by default'}; Fargate needs awsvpc", "NetworkMode"
                )


class ExecutionRoleMissing(Rule):
    """To read secrets, on Fargate also to pull from ECR and to write logs, ECS needs an execution role.

    Source: ECS developer guide, task execution role; the API's answer, "specify a value for 'executionRoleArn'".
    """

    id = "E9314"
    shortdesc = "No execution role for secrets, logs or images"
    source_url = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html"
    types = (TASK,)

    def judge(self, r):
        if not all(v["ExecutionRoleArn"] is None for v in r.variants("ExecutionRoleArn")):
            return
        need = next(self.needs(r), None)
        if need:
            yield r.fault(
                f"ECS cannot {need} without ExecutionRoleArn; give the task definition an execution role",
                "ExecutionRoleArn",
            )

    @staticmethod
    def needs(r):
        """What ECS has to do in the name of the role."""
        if any(True for _ in r.values("ContainerDefinitions.*.Secrets.*.ValueFrom")):
            yield "read the secrets"
        drivers = r.values("ContainerDefinitions.*.LogConfiguration.LogDriver")
        if any(v.value == "awslogs" and on_fargate(r, v.where) for v in drivers):
            yield "write the logs"
        for image in r.values("ContainerDefinitions.*.Image"):
            if not on_fargate(r, image.where):
                continue
            parts = image.value.parts if isinstance(image.value, Text) else (image.value,)
            if any(isinstance(p, Reference) and p.resource.type == "AWS::ECR::Repository" for p in parts) or any(
                isinstance(p, str) and ".dkr.ecr." in p for p in parts
            ):
                yield "pull the image"


class RefusedByFargate(FargateRule):
    """Settings of a host, which a Fargate task has not: the API refuses the task definition.

    Source: API reference, ContainerDefinition, LinuxParameters, Volume, HostVolumeProperties.
    """

    id = "E9315"
    shortdesc = "Setting that Fargate refuses"
    source_url = GUIDE

    def refused(self, r):
        for path, remedy in REFUSED_IN_TASK.items():
            for value in r.values(path):
                yield value.fault(f"Fargate has no {path.replace('.*', '')}: {remedy}")
        for value in r.values("PidMode"):
            if value.value == "host":
                yield value.fault("Fargate has no PidMode host; use task or leave it out")
        for container in r.blocks("ContainerDefinitions"):
            yield from self.container(container)

    @staticmethod
    def container(container):
        paths = [*REFUSED_VALUES, *(f"{path}.*" for path in REFUSED_LISTS)]
        for path in paths:
            for value in container.values(path):
                yield value.fault(f"Fargate does not take {path.removesuffix('.*')}; leave it out")
                break
        for path in ("Privileged", "DisableNetworking"):
            for value in container.values(path):
                if flag(value.value):
                    yield value.fault(f"Fargate does not take {path}: true; leave it out")
        for value in container.values("ResourceRequirements.*.Type"):
            if value.value in ("GPU", "InferenceAccelerator"):
                yield value.fault(f"Fargate has no {value.value}; use instances")


class FargateCapability(FargateRule):
    """Of all kernel capabilities Fargate lets a container add only SYS_PTRACE.

    Source: API reference, KernelCapabilities, add.
    """

    id = "E9316"
    shortdesc = "Capability that Fargate does not give"
    source_url = API + "API_KernelCapabilities.html"

    def refused(self, r):
        for value in r.values("ContainerDefinitions.*.LinuxParameters.Capabilities.Add.*"):
            if known(value.value) and value.value != "SYS_PTRACE":
                yield value.fault(f"Fargate gives no {value.value}, only SYS_PTRACE; leave it out")


class FargateLogPrefix(FargateRule):
    """On Fargate awslogs needs a stream prefix: the API refuses the task definition without.

    Source: API reference, LogConfiguration, options, awslogs-stream-prefix.
    """

    id = "E9317"
    shortdesc = "awslogs on Fargate without a stream prefix"
    source_url = API + "API_LogConfiguration.html"

    def refused(self, r):
        for container in r.blocks("ContainerDefinitions"):
            for v in container.variants("LogConfiguration.LogDriver", "LogConfiguration.Options"):
                options = v["LogConfiguration.Options"]
                if (
                    v["LogConfiguration.LogDriver"] == "awslogs"
                    and isinstance(options, dict)
                    and not options.get("awslogs-stream-prefix")
                ):
                    yield v.fault("add awslogs-stream-prefix; Fargate needs it", "LogConfiguration.Options")
