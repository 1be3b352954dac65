"""How long a service takes to have new tasks serve and old ones gone: from its own settings, step by step."""

from dataclasses import dataclass
from math import ceil, floor

from review.price.site import referred
from review.timing.table import MOST, Table

IMAGES_MB = 110  # of both images, compressed: `make images` tells

# How ECS waits for a container before it starts the next (API reference, ContainerDependency).
_HEALTHY = "HEALTHY"


@dataclass(frozen=True)
class Part:
    """A part of what is done with one resource."""

    what: str
    seconds: float
    mark: str = ""


class Rollout:
    """A service of a resolved nest, with one column of the table of times."""

    def __init__(self, resources: dict[str, dict], title: str, table: Table, case: int):
        self.resources, self.title, self.table, self.case = resources, title, table, case
        self.service = resources[title]["Properties"]
        self.task = self._meant(self.service["TaskDefinition"])
        balancers = self.service.get("LoadBalancers", [])
        self.group = self._meant(balancers[0]["TargetGroupArn"]) if balancers else {}

    def first(self) -> list[Part]:
        """The service is made: tasks start, alarms are watched."""
        return [*self.tasks(), *self.bake(), self._part("service: ECS and CloudFormation notice", "noticed")]

    def replaced(self) -> list[Part]:
        """Other tasks take over: they start, the old ones drain and stop, alarms are watched."""
        batches = self._batches()
        start = [Part(part.what, part.seconds * batches, part.mark) for part in self.tasks()]
        drain = [Part("old targets drain", self.drain())] if self.group else []
        stop = self._part("service: containers stop", "old containers stop")
        return [*start, *drain, stop, *self.bake(), self._part("service: ECS and CloudFormation notice", "noticed")]

    def scaled(self) -> list[Part]:
        """Tasks are added to those that run; alarms are not asked, for it is no deployment."""
        return [*self.tasks(), self._part("service: ECS and CloudFormation notice", "noticed")]

    def tasks(self) -> list[Part]:
        """From the order to a task that is healthy: in its containers, and for the load balancer."""
        ready, running = self._containers()
        balancer = self._checked()
        pull = self._time("task: images, each 100 MB compressed")
        return [
            self._part("task: machine and network interface", "task gets a machine"),
            Part("images are pulled", round(pull.create[self.case] * IMAGES_MB / 100, 1), pull.mark),
            Part("containers start in order", running, "~"),
            Part("task becomes healthy", max(ready - running, balancer)),
        ]

    def drain(self) -> float:
        """Seconds that the load balancer leaves an old target to finish its requests."""
        attributes = {item["Key"]: item["Value"] for item in self.group.get("TargetGroupAttributes", [])}
        return float(attributes.get("deregistration_delay.timeout_seconds", 300))

    def bake(self) -> list[Part]:
        """Seconds that the alarms of the deployment are watched after it: the longest of their evaluations."""
        watched = self.service.get("DeploymentConfiguration", {}).get("Alarms", {})
        if not watched.get("Enable"):
            return []
        alarms = [self._meant(name) for name in watched["AlarmNames"]]
        return [Part("alarms are watched", max(float(one["Period"]) * one["EvaluationPeriods"] for one in alarms))]

    def _batches(self):
        """In how many goes all tasks are replaced, as the two percentages allow."""
        settings = self.service.get("DeploymentConfiguration", {})
        count = max(1, int(self.service.get("DesiredCount", 1)))
        most = floor(count * settings.get("MaximumPercent", 200) / 100)
        least = ceil(count * settings.get("MinimumHealthyPercent", 100) / 100)
        return ceil(count / max(1, most - least))

    def _containers(self) -> tuple[float, float]:
        """Seconds until all essential containers are healthy, and until all run."""
        start = self._time("task: a container starts, seconds of one vCPU").create[self.case]
        start = round(start / (float(self.task["Cpu"]) / 1024), 1)
        containers = {item["Name"]: item for item in self.task["ContainerDefinitions"]}
        runs, healthy = {}, {}

        def place(name):
            if name not in runs:
                waits = containers[name].get("DependsOn", [])
                for item in waits:
                    place(item["ContainerName"])
                done = [(healthy if item["Condition"] == _HEALTHY else runs)[item["ContainerName"]] for item in waits]
                began = max(done, default=0.0)
                runs[name] = began + start
                check = containers[name].get("HealthCheck")
                healthy[name] = began + _until_checked(start, check) if check else runs[name]

        for name in containers:
            place(name)
        essential = [name for name, item in containers.items() if item.get("Essential", True)]
        return max(healthy[name] for name in essential), max(runs[name] for name in essential)

    def _checked(self) -> float:
        """Seconds until the load balancer has passed a new target: one check; at the worst the whole threshold."""
        if not self.group:
            return 0.0
        checks = self.group.get("HealthyThresholdCount", 5) if self.case == MOST else 1
        return float(self.group.get("HealthCheckIntervalSeconds", 30) * checks)

    def _meant(self, value):
        return self.resources[referred(value, self.resources)]["Properties"]

    def _time(self, name):
        return self.table.time(name, self.title)

    def _part(self, name, what):
        time = self._time(name)
        return Part(what, time.create[self.case], time.mark)


def _until_checked(start, check) -> float:
    """The first check that passes: one every interval, the first an interval after the container began."""
    interval = float(check.get("Interval", 30))
    return max(1, ceil(start / interval)) * interval
