"""Watching the service while its stack is worked on: asks AWS at a bounded pace and records what is new."""

from collections.abc import Callable
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from deploy import faults, rollout
from deploy.aws import Aws
from deploy.events import Event
from deploy.progress.tree import older_than
from deploy.recorder import Recorder

# Seconds between two looks at the service: soon at first, then at most so often.
SOON, PACE = 1.0, 5.0
# How many stopped tasks are looked into, and how many lines of a container are read: three agree on a cause.
TASKS, LINES = 6, 20
# How often a stream without a line is asked again: lines arrive some seconds after the end of their container.
LOOKS_FOR_LINES = 4


class Watch:
    """What is known of one stack's service; `tell` gets every new record."""

    def __init__(self, aws: Aws, began: datetime, outputs: dict, recorder: Recorder, tell: Callable[[dict], None]):
        self.aws, self.began, self.outputs, self.recorder, self.tell = aws, began, outputs, recorder, tell
        self.service: dict | None = None
        self.targets: dict[str, dict] = {}
        self._looked: datetime | None = None
        self._looks = 0
        self._messages: set[str] = set()
        self._stopped: set[str] = set()
        self._unread: list[list] = []  # [task, container, looks left]
        self._definitions: dict[str, dict] = {}
        self._refused: set[str] = set()

    def look(self, events: list[Event], at_once: bool = False) -> None:
        """Record what has changed, unless the last look was just now."""
        now = datetime.now(UTC)
        found = rollout.place(self.outputs, events)
        if found is None or not (at_once or older_than(self._looked, now, min(PACE, SOON * self._looks))):
            return
        self._looked = now
        self._looks += 1
        cluster, name = found
        described = self._ask("the service", self.aws.service, cluster, name) if name else None
        if described:
            self._see_service(described)
            self._see_targets(described)
        for task in self._ask("stopped tasks", self.aws.tasks, cluster, "STOPPED") or []:
            self._see_task(task)
        self._read_logs()

    def _record(self, kind, time=None, **fields):
        self.tell(self.recorder.write(kind, time, **fields))

    def _see_service(self, described):
        new = rollout.service_record(described)
        if new != self.service:
            self.service = new
            self._record("service", **new)
        for message in reversed(described.get("events", [])):
            if message["id"] not in self._messages and message["createdAt"] >= self.began.replace(microsecond=0):
                self._record("message", message["createdAt"], text=message["message"])
            self._messages.add(message["id"])

    def _see_targets(self, described):
        for group in rollout.target_groups(described):
            for each in self._ask("target health", self.aws.target_health, group) or []:
                new = rollout.target_record(each)
                if self.targets.get(new["target"]) != new:
                    self.targets[new["target"]] = new
                    self._record("target", **new)

    def _see_task(self, task):
        if task["taskArn"] in self._stopped or len(self._stopped) >= TASKS or not rollout.is_failure(task, self.began):
            return
        self._stopped.add(task["taskArn"])
        stopped = task.get("stoppedAt")
        self._record("task", stopped, **rollout.task_record(task))
        containers = rollout.container_records(task)
        for container in containers:
            self._record("container", stopped, **container)
        if task.get("startedAt") or any(each["exit"] is not None for each in containers):
            self._unread += [[task, name, LOOKS_FOR_LINES] for name in rollout.failing(containers)]

    def _read_logs(self):
        waiting, self._unread = self._unread, []
        for task, name, looks in waiting:
            lines = self._lines(task, name)
            for line in lines:
                time = datetime.fromtimestamp(line["timestamp"] / 1000, UTC)
                self._record("log", time, task=rollout.task_id(task), container=name, text=line["message"])
            if not lines and looks > 1:
                self._unread.append([task, name, looks - 1])

    def _lines(self, task, name):
        arn = task["taskDefinitionArn"]
        if arn not in self._definitions:
            self._definitions[arn] = self._ask("the task definition", self.aws.task_definition, arn) or {}
        group, prefix = rollout.log_places(self._definitions[arn]).get(name, ("", ""))
        if not group:
            return []
        stream = f"{prefix}/{name}/{rollout.task_id(task)}"
        return self._ask("the containers' logs", self.aws.last_lines, group, stream, LINES) or []

    def _ask(self, what, question, *words):
        """An answer, or None: what cannot be seen must not end the deployment. Credentials that have ended do."""
        if what in self._refused:
            return None
        try:
            return question(*words)
        except ClientError as error:
            if faults.kind(error) == faults.EXPIRED:
                raise
            if faults.kind(error) == faults.DENIED:
                self._refused.add(what)
                self._record("note", text=f"{what} cannot be seen: {faults.explain(error)}")
            return None
