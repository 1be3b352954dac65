"""Ranges that the ECS API takes in a task definition, and health checks."""

from ._checks import Ranges, impossible
from ._ecs_fargate import on_fargate, units
from ._nest import Rule, number

TASK = "AWS::ECS::TaskDefinition"
API = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"
CONTAINER = "ContainerDefinitions.*."


class HealthCheckRange(Ranges):
    """The health check of a container has limits. Timeout: API reference says 60, CloudFormation 120; 120 is judged.

    Source: API reference, HealthCheck.
    """

    id = "E9318"
    shortdesc = "Health check of a container out of range"
    source_url = API + "API_HealthCheck.html"
    types = (TASK,)
    limits = (
        (CONTAINER + "HealthCheck.Interval", 5, 300, " seconds"),
        (CONTAINER + "HealthCheck.Timeout", 2, 120, " seconds"),
        (CONTAINER + "HealthCheck.Retries", 1, 10, ""),
        (CONTAINER + "HealthCheck.StartPeriod", 0, 300, " seconds"),
    )


class HealthCheckCommand(Rule):
    """The command of a health check begins with CMD or CMD-SHELL, or is NONE; something must follow.

    Source: API reference, HealthCheck, command.
    """

    id = "E9319"
    shortdesc = "Health check without CMD or CMD-SHELL"
    source_url = API + "API_HealthCheck.html"
    types = (TASK,)

    def judge(self, r):
        for container in r.blocks("ContainerDefinitions"):
            for v in container.variants("HealthCheck.Command"):
                command = v["HealthCheck.Command"]
                first = command[0] if isinstance(command, list) and command else None
                if isinstance(first, str) and first not in ("CMD", "CMD-SHELL", "NONE"):
                    yield v.fault(
                        f"the command begins with {first!r}; put CMD or CMD-SHELL before it", "HealthCheck.Command"
                    )
                elif first in ("CMD", "CMD-SHELL") and len(command) < 2:
                    yield v.fault(f"nothing follows {first}; say what to run", "HealthCheck.Command")


class HealthCheckOverlap(Rule):
    """A health check that may last longer than the time to the next one.

    Source: API reference, HealthCheck, interval and timeout.
    """

    id = "W9319"
    shortdesc = "Health check of a container times out after its next one"
    source_url = API + "API_HealthCheck.html"
    types = (TASK,)

    def judge(self, r):
        for container in r.blocks("ContainerDefinitions"):
            for v in impossible(container, self.wrong, "HealthCheck.Interval", "HealthCheck.Timeout"):
                interval, timeout = number(v["HealthCheck.Interval"], 30), number(v["HealthCheck.Timeout"], 5)
                yield v.fault(f"timeout {timeout} s is longer than the interval {interval} s", "HealthCheck.Timeout")

    @staticmethod
    def wrong(v) -> bool:
        interval, timeout = number(v["HealthCheck.Interval"], 30), number(v["HealthCheck.Timeout"], 5)
        return None not in (interval, timeout) and timeout > interval


class Timeouts(Ranges):
    """Fargate starts and stops a container within 2 to 120 seconds.

    Source: API reference, ContainerDefinition, startTimeout and stopTimeout.
    """

    id = "E9320"
    shortdesc = "Start or stop timeout out of range"
    source_url = API + "API_ContainerDefinition.html"
    types = (TASK,)
    limits = ((CONTAINER + "StopTimeout", 2, 120, " seconds"), (CONTAINER + "StartTimeout", 2, 120, " seconds"))

    def judge(self, r):
        if on_fargate(r):
            yield from super().judge(r)


class MoreThanTheTask(Rule):
    """What the containers take together must fit into the task; a container's reservation into its limit.

    Source: API reference, ContainerDefinition, cpu, memory, memoryReservation.
    """

    id = "E9321"
    shortdesc = "Containers take more than the task has"
    source_url = API + "API_ContainerDefinition.html"
    types = (TASK,)

    def judge(self, r):
        containers = list(r.blocks("ContainerDefinitions"))
        for container in containers:
            for v in impossible(container, self.reserves_more, "Memory", "MemoryReservation"):
                limit = number(v["Memory"])
                yield v.fault(f"MemoryReservation is more than Memory {limit}; make it smaller", "MemoryReservation")
        for name, word in (("Cpu", "vcpu"), ("Memory", "gb")):
            sizes = [units(v[name], word) for v in r.variants(name)]
            least = sum(self.least(container, name) for container in containers if container.where == r.where)
            if sizes and None not in sizes and least > max(sizes):
                yield r.fault(f"the containers take {name} {least:g} together, the task has {max(sizes):g}", name)

    @staticmethod
    def reserves_more(v) -> bool:
        limit, reserved = number(v["Memory"]), number(v["MemoryReservation"])
        return None not in (limit, reserved) and reserved > limit

    @staticmethod
    def least(container, name: str) -> float:
        """The least that the container takes; nothing, if it is not known."""
        soft = "MemoryReservation"
        found = [
            number(v[soft] if name == "Memory" and v[soft] is not None else v[name], 0)
            for v in container.variants(name, soft)
        ]
        return 0 if None in found else min(found, default=0)


class EphemeralStorage(Ranges):
    """A Fargate task has 20 GiB; more can be had from 21 to 200.

    Source: API reference, EphemeralStorage, sizeInGiB.
    """

    id = "E9325"
    shortdesc = "Ephemeral storage out of range"
    source_url = API + "API_EphemeralStorage.html"
    types = (TASK,)
    limits = (("EphemeralStorage.SizeInGiB", 21, 200, " GiB"),)
