"""How long CloudFormation works at one resource, part after part."""

from collections.abc import Iterable

from review.timing.rollout import Part, Rollout
from review.timing.table import Table

DBINSTANCE = "AWS::RDS::DBInstance"
SERVICE = "AWS::ECS::Service"

# What another value of a property of a database makes RDS do; anything else is quicker.
_STORAGE = ("AllocatedStorage", "StorageType", "Iops", "StorageThroughput")


class Durations:
    """The times of the resources of a resolved nest, by one column of the table."""

    def __init__(self, resources: dict[str, dict], table: Table, case: int):
        self.resources, self.table, self.case = resources, table, case

    def made(self, title: str) -> list[Part]:
        """What making the resource consists of."""
        body = self.resources[title]
        if body["Type"] == DBINSTANCE:
            return self._database(title, body["Properties"])
        parts = [Part("made", *self._create(title, _row(body)))]
        return parts + (self._rollout(title).first() if body["Type"] == SERVICE else [])

    def changed(self, title: str, properties: Iterable[str]) -> list[Part]:
        """What changing these properties in place consists of."""
        body, names = self.resources[title], set(properties)
        if not names:
            return []
        if body["Type"] == DBINSTANCE:
            return [max((self._modified(title, body["Properties"], name) for name in sorted(names)), key=_seconds)]
        time = self.table.time(_row(body), title)
        if body["Type"] != SERVICE:
            return [Part("changed", time.update[self.case], time.mark)]
        rollout = self._rollout(title)
        more = rollout.scaled() if names == {"DesiredCount"} else rollout.replaced()
        return [Part("changed", time.update[self.case], time.mark), *more]

    def deleted(self, kind: str, title: str) -> float:
        """Seconds until it is gone."""
        names = [name for name in self.table.times if name == kind or name.startswith(f"{kind}: ")]
        return max((self.table.time(name, title).delete[self.case] for name in names), default=0.0)

    def _create(self, title, name):
        time = self.table.time(name, title)
        return time.create[self.case], time.mark

    def _database(self, title, properties):
        if properties.get("SourceDBInstanceIdentifier"):
            return [Part("copied", *self._create(title, f"{DBINSTANCE}: copy for reads"))]
        parts = [Part("made and backed up", *self._create(title, DBINSTANCE))]
        if properties.get("MultiAZ"):
            parts.append(Part("standby", *self._create(title, f"{DBINSTANCE}: standby")))
        if properties.get("EnablePerformanceInsights") or properties.get("MonitoringInterval"):
            parts.append(Part("monitoring", *self._create(title, f"{DBINSTANCE}: enhanced monitoring and insights")))
        return parts

    def _modified(self, title, properties, name):
        standby = " with a standby" if properties.get("MultiAZ") else ""
        row = {"DBInstanceClass": f"another class{standby}", "MultiAZ": "standby"} | dict.fromkeys(
            _STORAGE, "more storage"
        )
        if name in row:
            return Part(f"changed: {row[name]}", *self._create(title, f"{DBINSTANCE}: {row[name]}"))
        time = self.table.time(DBINSTANCE, title)
        return Part("changed", time.update[self.case], time.mark)

    def _rollout(self, title):
        return Rollout(self.resources, title, self.table, self.case)


def _row(body) -> str:
    """The row of the table that holds for a resource."""
    if body["Type"] == "AWS::EC2::VPCEndpoint":
        return f"{body['Type']}: {body['Properties'].get('VpcEndpointType', 'Gateway')}"
    return body["Type"]


def _seconds(part):
    return part.seconds
