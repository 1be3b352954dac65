"""What is shown of a deployment at one moment: the nest, and the service's rollout. Pure: a view in, lines out."""

from dataclasses import dataclass, field
from datetime import datetime

from deploy.progress import tree
from deploy.progress.text import clean, fit
from deploy.progress.tree import ASCII_MARKS, MARKS, Line, Nest

# The last lines of failing containers that are shown.
LOG_LINES = 5


@dataclass
class View:
    """All that is shown; records as the flight recorder keeps them."""

    nest: Nest
    service: dict | None = None
    targets: dict[str, dict] = field(default_factory=dict)
    stopped: list[dict] = field(default_factory=list)
    log: list[dict] = field(default_factory=list)

    def take(self, record: dict) -> None:
        """Take in what was seen of the service."""
        if record["kind"] == "service":
            self.service = record
        elif record["kind"] == "target":
            self.targets[record["target"]] = record
        elif record["kind"] in {"task", "container"}:
            self.stopped.append(record)
        elif record["kind"] == "log":
            self.log.append(record)


def frame(view: View, now: datetime, width: int, rows: int, unicode: bool) -> list[Line]:
    """The drawing, at most `rows` lines of at most `width` columns."""
    below = [(fit(text, width), "") for text in _service_lines(view)]
    below += [(fit(text, width), state) for text, state in _failure_lines(view)]
    below = below[: max(0, rows - 4)]
    marks = MARKS if unicode else ASCII_MARKS
    lines = tree.lines(view.nest, now, width, rows - len(below), marks) + below
    return lines if unicode else [(text.encode("ascii", "replace").decode(), state) for text, state in lines]


def _service_lines(view):
    lines = []
    if view.service:
        lines.append(f"service   {service_text(view.service)}")
    if view.targets:
        counted: dict[str, int] = {}
        for record in view.targets.values():
            words = " ".join(filter(None, (record["state"], record["description"] or record["reason"])))
            counted[words] = counted.get(words, 0) + 1
        lines.append("targets   " + ", ".join(f"{number} {words}" for words, number in counted.items()))
    return lines


def service_text(record: dict) -> str:
    """The rollout in one line."""
    ended_well = record["state"] == "COMPLETED"
    # ECS gives a reason for a good end too, which says nothing more.
    state = f"{record['state']}: {record['reason']}" if record["reason"] and not ended_well else record["state"]
    counts = (
        f"{record['running']} of {record['desired']} running, {record['pending']} pending, {record['failed']} failed"
    )
    return f"{counts}  {state}"


def _failure_lines(view):
    tasks = [record for record in view.stopped if record["kind"] == "task"]
    if not tasks:
        return []
    last = tasks[-1]
    lines = [(f"stopped   {len(tasks)}; {record_text(last)}", "failed")]
    containers = [record for record in view.stopped if record["kind"] == "container" and record["task"] == last["task"]]
    lines += [(f"          {record_text(record)}", "failed") for record in containers if _is_bad(record)]
    said = [record for record in view.log if record["task"] == last["task"]] or view.log
    return lines + [(f"  {record['container']}| {record['text']}", "") for record in said[-LOG_LINES:]]


def _is_bad(record):
    return record["exit"] not in {None, 0} or bool(record["reason"])


def record_text(record: dict) -> str:
    """A record in words, without its time."""
    kind = record["kind"]
    if kind == "service":
        return f"service {service_text(record)}"
    if kind == "target":
        return f"target {record['target']}: " + " ".join(
            filter(None, (record["state"], record["reason"], record["description"]))
        )
    if kind == "task":
        return f"task {record['task'][:8]}: {record['reason'] or record['code']}"
    if kind == "container":
        ended = "never ran" if record["exit"] is None else f"exit code {record['exit']}"
        return f"{record['name']} of task {record['task'][:8]}: " + " ".join(filter(None, (ended, record["reason"])))
    if kind == "log":
        return f"{record['container']} of task {record['task'][:8]}| {record['text']}"
    return record["text"]


def record_line(record: dict) -> str:
    """A record in one line for a log."""
    return f"{datetime.fromisoformat(record['time']):%H:%M:%S} {clean(record_text(record))}"
