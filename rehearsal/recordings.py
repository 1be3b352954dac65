"""Recorded answers of AWS for what an emulator cannot produce, played as the course of one deployment that fails.

rehearsal/recorded/*.yaml says, per cause, what AWS answers; here it is put into whole answers, in the shapes of
botocore's own models, and spread over some seconds.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import botocore.session
import yaml
from botocore.validate import validate_parameters

FOLDER = Path(__file__).parent / "recorded"
ACCOUNT, REGION = "123456789012", "us-east-1"

# Operations that a play answers, and whose they are; everything else is the emulator's.
PLAYED = {
    "DescribeStackEvents": "cloudformation",
    "CancelUpdateStack": "cloudformation",
    "DescribeServices": "ecs",
    "ListTasks": "ecs",
    "DescribeTasks": "ecs",
    "DescribeTaskDefinition": "ecs",
    "DescribeTargetHealth": "elbv2",
    "GetLogEvents": "logs",
}

TASKS = 3  # with as many, a deployment is given up
BREAKER = (
    "Resource handler returned message: \"Error occurred during operation 'ECS Deployment Circuit Breaker was"
    " triggered'.\" (RequestToken: 121161f9, HandlerErrorCode: GeneralServiceException)"
)
# Parts of ids and ARNs that are made up.
ARN = f"{REGION}:{ACCOUNT}"
STACK = "AWS::CloudFormation::Stack"


@dataclass(frozen=True)
class Recording:
    """What AWS answers when a deployment fails for one cause; `source` says where the wording was seen."""

    cause: str
    source: str
    tasks: list[dict] = field(default_factory=list)
    logs: dict[str, list[str]] = field(default_factory=dict)
    targets: list[dict] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    events: list[list[str]] = field(default_factory=list)
    error: dict | None = None


@cache
def load() -> dict[str, Recording]:
    """Every recording by its name: the cause's id, with /something where there are several of one cause."""
    found = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        for name, body in yaml.safe_load(path.read_text()).items():
            found[name] = Recording(cause=name.partition("/")[0], **body)
    return found


class Play:
    """One deployment of a stack that fails as recorded; `kind` is CREATE or UPDATE, `breaker` when ECS gives up (s)."""

    def __init__(
        self, recording: Recording, stack_id: str, began: datetime, kind: str = "UPDATE", breaker: float = 6.0
    ):
        self.recording, self.stack_id, self.began, self.kind = recording, stack_id, began, kind
        self.name = stack_id.split("/")[1]
        self.breaker = 0.6 if recording.events else breaker
        self.cancelled: float | None = None

    def answer(self, operation: str, request: dict, now: datetime) -> dict:
        """The answer to one of the PLAYED operations at this moment, in the shape of botocore's model."""
        elapsed = (now - self.began).total_seconds()
        answer = getattr(self, f"_{operation}")(request, elapsed)
        model = service_model(PLAYED[operation]).operation_model(operation)
        if model.output_shape:
            validate_parameters(answer, model.output_shape)
        return answer

    def _time(self, offset):
        return self.began + timedelta(seconds=offset)

    def _CancelUpdateStack(self, _request, elapsed):
        if self.cancelled is None and elapsed < self.breaker:
            self.cancelled = elapsed
        return {}

    def _DescribeStackEvents(self, request, elapsed):
        own = [each for each in self._events() if each[0] <= elapsed and each[1] == request["StackName"]]
        return {"StackEvents": [self._event(*each) for each in reversed(own)]}

    def _nested(self, name):
        return f"{self.stack_id.rpartition('/')[0]}-{name}-0AB1/0000-{name}"

    def _events(self):
        """(offset, stack, logical id, type, status, reason, physical id) of every stack of the nest, in order."""
        failing = self.recording.events or [["Compute/Service", "AWS::ECS::Service", BREAKER]]
        path, type_, reason = failing[0]
        nested, _, resource = path.rpartition("/")
        inside = self._nested(nested) if nested else self.stack_id
        fails = self.breaker
        if self.cancelled is not None:
            fails, reason = self.cancelled + 0.1, "Resource update cancelled"
        told = [*self._begun(nested, inside), *self._failed(inside, resource, type_, fails, reason)]
        return told + self._undone(nested, inside, resource, fails)

    def _begun(self, nested, inside):
        kind, root, name = self.kind, self.stack_id, self.name
        yield 0.0, root, name, STACK, f"{kind}_IN_PROGRESS", "User Initiated", root
        if nested:
            yield 0.1, root, nested, STACK, f"{kind}_IN_PROGRESS", "", inside
            yield 0.1, inside, inside.split("/")[1], STACK, f"{kind}_IN_PROGRESS", "User Initiated", inside
        if kind == "CREATE" and nested == "Compute":
            yield 0.15, inside, "Cluster", "AWS::ECS::Cluster", "CREATE_COMPLETE", "", f"{name}-cluster"

    def _failed(self, inside, resource, type_, fails, reason):
        """The resource that fails, and a sibling that is cancelled with it."""
        kind, physical = self.kind, f"{self.name}-service"
        sibling = (inside, "Sibling", "AWS::SSM::Parameter")
        cancelled = f"Resource {'creation' if kind == 'CREATE' else 'update'} cancelled"
        yield 0.2, *sibling, f"{kind}_IN_PROGRESS", "", "sibling"
        yield 0.2, inside, resource, type_, f"{kind}_IN_PROGRESS", "", physical
        yield fails, inside, resource, type_, f"{kind}_FAILED", reason, physical
        yield fails, *sibling, f"{kind}_FAILED", cancelled, "sibling"

    def _undone(self, nested, inside, resource, fails):
        kind, root, name = self.kind, self.stack_id, self.name
        told = []
        if nested:
            created = "created" if kind == "CREATE" else "updated"
            embedded = f"Embedded stack {inside} was not successfully {created}: [{resource}] failed"
            told.append((fails + 0.1, root, nested, STACK, f"{kind}_FAILED", embedded, inside))
        rollback = "ROLLBACK" if kind == "CREATE" else "UPDATE_ROLLBACK"
        failed = f"The following resource(s) failed: [{nested or resource}]."
        told.append((fails + 0.2, root, name, STACK, f"{rollback}_IN_PROGRESS", failed, root))
        told.append((fails + 0.6, root, name, STACK, f"{rollback}_COMPLETE", "", root))
        return told

    def _event(self, offset, stack, logical, type_, status, reason, physical):
        return {
            "StackId": stack,
            "EventId": f"{logical}-{status}-{offset}",
            "StackName": stack.split("/")[1],
            "LogicalResourceId": logical,
            "PhysicalResourceId": physical,
            "ResourceType": type_,
            "Timestamp": self._time(offset),
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
        }

    def _DescribeServices(self, request, elapsed):
        failed = sum(offset <= elapsed for offset, _ in self._stopped())
        deployment = {
            "id": "ecs-svc/1234567890123456789",
            "status": "PRIMARY",
            "taskDefinition": self._definition(),
            "desiredCount": 2,
            "pendingCount": 1 if elapsed < self.breaker else 0,
            "runningCount": 0,
            "failedTasks": failed,
            "createdAt": self._time(0.2),
            "rolloutState": "IN_PROGRESS",
            "rolloutStateReason": "ECS deployment ecs-svc/1234567890123456789 in progress.",
        }
        messages = [
            {"id": f"message-{number}", "createdAt": self._time(0.4), "message": text}
            for number, text in enumerate(self.recording.messages)
            if elapsed >= 0.4
        ]
        group = f"arn:aws:elasticloadbalancing:{ARN}:targetgroup/web/555a47e25c5a1850"
        service = {
            "serviceName": "web",
            "status": "ACTIVE",
            "desiredCount": 2,
            "loadBalancers": [{"targetGroupArn": group, "containerName": "web", "containerPort": 80}],
            "deployments": [deployment],
            "events": messages[::-1],
        }
        return {"services": [service], "failures": []}

    def _definition(self):
        return f"arn:aws:ecs:{ARN}:task-definition/web:2"

    def _stopped(self):
        """(offset, task) of each task that has stopped: the recorded one, as often as ECS would try."""
        tasks = []
        for number in range(TASKS if self.recording.tasks else 0):
            recorded = self.recording.tasks[number % len(self.recording.tasks)]
            ran = any("exitCode" in container for container in recorded["containers"])
            task = {
                "taskArn": f"arn:aws:ecs:{ARN}:task/{self.name}/{number}f3d2a1b0c9d8e7f6a5b4c3d2e1f0a9b8",
                "taskDefinitionArn": self._definition(),
                "lastStatus": "STOPPED",
                "desiredStatus": "STOPPED",
                "createdAt": self._time(0.25),
                "stoppedAt": self._time(0.4 + number / 10),
                **({"startedAt": self._time(0.3)} if ran else {}),
                **recorded,
            }
            tasks.append((0.4 + number / 10, task))
        return tasks

    def _ListTasks(self, request, elapsed):
        stopped = request.get("desiredStatus") == "STOPPED"
        return {"taskArns": [task["taskArn"] for offset, task in self._stopped() if stopped and offset <= elapsed]}

    def _DescribeTasks(self, request, _elapsed):
        return {"tasks": [task for _, task in self._stopped() if task["taskArn"] in request["tasks"]], "failures": []}

    def _DescribeTaskDefinition(self, _request, _elapsed):
        names = {container["name"] for task in self.recording.tasks for container in task["containers"]}
        containers = [
            {
                "name": name,
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": f"/flaskcrud/{name}", "awslogs-stream-prefix": name},
                },
            }
            for name in sorted(names)
        ]
        return {"taskDefinition": {"taskDefinitionArn": self._definition(), "containerDefinitions": containers}}

    def _DescribeTargetHealth(self, _request, elapsed):
        described = [
            {"Target": {"Id": f"10.0.3.{number + 7}", "Port": 80}, "TargetHealth": health}
            for number, health in enumerate(self.recording.targets)
            if elapsed >= 0.4
        ]
        return {"TargetHealthDescriptions": described}

    def _GetLogEvents(self, request, _elapsed):
        lines = self.recording.logs.get(request["logGroupName"].rpartition("/")[2], [])
        time = int(self._time(0.35).timestamp() * 1000)
        return {"events": [{"timestamp": time + number, "message": line} for number, line in enumerate(lines)]}


class ContinuedRollback(Play):
    """A rollback that had failed and now goes on to its end; nothing else is played."""

    def __init__(self, stack_id: str, began: datetime):
        super().__init__(Recording("", ""), stack_id, began)

    def _events(self):
        root, name = self.stack_id, self.name
        return [
            (0.0, root, name, STACK, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated", root),
            (0.5, root, name, STACK, "UPDATE_ROLLBACK_COMPLETE", "", root),
        ]


@cache
def service_model(name: str):
    """botocore's model of a service."""
    return botocore.session.Session().get_service_model(name)


def now() -> datetime:
    """The moment, as AWS writes it."""
    return datetime.now(UTC)
