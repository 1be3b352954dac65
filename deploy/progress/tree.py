"""The nest as its events tell it: what stands where, since when. Pure: events in, lines out."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deploy.events import NESTED, Event, one_line
from deploy.progress.durations import Key, action, estimate
from deploy.progress.text import clock, fit

# How many resources a stack shows beneath it when there is room, the failed ones first.
SHOWN = 6

MARKS = {"done": "✓", "failed": "✗", "working": "●"}
ASCII_MARKS = {"done": "+", "failed": "x", "working": ">"}


@dataclass
class Node:
    """A stack or resource: its last state, and since when what is done to it has been done."""

    path: str
    kind: str
    status: str
    reason: str
    since: datetime
    until: datetime | None

    @property
    def state(self) -> str:
        """`working`, `failed` or `done`."""
        if self.status.endswith("_IN_PROGRESS"):
            return "working"
        return "failed" if self.status.endswith("_FAILED") or "ROLLBACK" in self.status else "done"

    def seconds(self, now: datetime) -> float:
        """How long it has taken, or took."""
        return max(0.0, ((self.until or now) - self.since).total_seconds())


@dataclass
class Nest:
    """Every node by its path, in the order in which they were first seen; the root's path is empty."""

    name: str
    known: dict[Key, float] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Take one event in; events of one path come in the order of their time."""
        node = self.nodes.get(event.path)
        # A rollback of a stack goes on with what was begun; a resource's is a new thing done to it.
        same = node and (action(node.status) == action(event.status) or event.path == "")
        over = not event.status.endswith("_IN_PROGRESS")
        reason = event.reason if event.failed or not node else node.reason
        since = node.since if same else event.time
        self.nodes[event.path] = Node(event.path, event.type, event.status, reason, since, event.time if over else None)

    def below(self, path: str) -> list[Node]:
        """The nodes directly below a path."""
        return [node for node in self.nodes.values() if node.path and node.path.rpartition("/")[0] == path]

    def working(self) -> list[Node]:
        """What is under way and has nothing under way beneath it: what is really waited for."""
        busy = [node for node in self.nodes.values() if node.state == "working"]
        around = {path for node in busy for path in _ancestors(node.path)}
        return [node for node in busy if node.path not in around]


def _ancestors(path):
    parts = path.split("/") if path else []
    return ["/".join(parts[:number]) for number in range(len(parts))]


# A line of the drawing: its text, and the state whose colour it has (of Node.state; empty: none).
Line = tuple[str, str]


def lines(nest: Nest, now: datetime, width: int, rows: int, marks: dict[str, str]) -> list[Line]:
    """The nest in at most `rows` lines of at most `width` columns: the root, its stacks, what in them is not done."""
    root = nest.nodes.get("")
    if root is None:
        return [(fit(f"{nest.name}: waiting for the first event", width), "")]
    stacks = nest.below("")
    details = {node.path: _unfinished(nest, node.path) for node in stacks}
    while 1 + len(stacks) + sum(map(len, details.values())) > rows and any(details.values()):
        details[max(details, key=lambda path: len(details[path]))].pop()
    body = []
    for node in stacks:
        body.append((fit(_stack(nest, node, now, marks), width), node.state))
        body += [(fit(_resource(nest, inner, now, marks), width), inner.state) for inner in details[node.path]]
    if len(body) >= rows:  # a very small terminal: what is done needs no look
        body = [line for line in body if line[1] != "done"][: max(0, rows - 1)]
    return [(fit(f"{nest.name}  {root.status}  {_time(nest, root, now)}", width), ""), *body]


def _time(nest, node, now):
    about = estimate(nest.known, node.path, node.kind, node.status)
    spent = clock(node.seconds(now))
    return f"{spent} of about {clock(about)}" if about and node.state == "working" else spent


def _stack(nest, node, now, marks):
    if node.kind != NESTED:
        return _resource(nest, node, now, marks, indent=2)
    inner = nest.below(node.path)
    done = sum(each.state == "done" for each in inner)
    counted = f"{done} of {len(inner)} done" if inner else node.status
    return f"  {marks[node.state]} {node.path:<14} {counted:<16} {_time(nest, node, now)}"


def _unfinished(nest, path):
    inner = [node for node in nest.below(path) if node.state != "done"]
    return sorted(inner, key=lambda node: (node.state != "failed", node.since))[:SHOWN]


def _resource(nest, node, now, marks, indent=6):
    name = node.path.rpartition("/")[2]
    text = f"{' ' * indent}{marks[node.state]} {name}  {node.kind.removeprefix('AWS::')}  {node.status}"
    if node.state == "failed":
        return f"{text}: {one_line(node.reason)}" if node.reason else text
    return f"{text}  {_time(nest, node, now)}"


def waiting(nest: Nest, now: datetime) -> str:
    """One line: what is waited for and how long already, for a terminal that cannot redraw."""
    root = nest.nodes.get("")
    if root is None:
        return f"{nest.name}: waiting for the first event"
    busy = [node for node in nest.working() if node.path]
    parts = [f"{node.path} {node.status} {_time(nest, node, now)}" for node in busy[:3]]
    if len(busy) > len(parts):
        parts.append(f"{len(busy) - len(parts)} more")
    what = "; ".join(parts) or root.status
    return f"{nest.name} {root.status} {_time(nest, root, now)}; waiting for {what}"


def older_than(then: datetime | None, now: datetime, seconds: float) -> bool:
    """Whether `then` is more than so many seconds ago; None is."""
    return then is None or now - then >= timedelta(seconds=seconds)
