"""The verdict: one named cause of a failed deployment, its line of evidence, the next step. Pure: records in.

Records are those of the flight recorder. The evidence nearest to the true cause wins: what a container wrote, then how
it or its task ended, then its target, then the service, then a stack's event. A cause that only says that something
failed gives way to one that says why; cancelled siblings are never evidence. Of what is left, the earliest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from deploy.events import is_consequence
from deploy.progress.text import clean
from deploy.verdict.catalogue import UNKNOWN, Cause, catalogue

# Kind of record: how near to the true cause it is.
NEARNESS = {"error": 0, "log": 1, "container": 2, "task": 2, "target": 3, "message": 4, "service": 4, "event": 5}
# How many lines of a container's log are shown with how it ended.
LAST_WORDS = 3

# How many stopped tasks must agree before a deployment is given up.
ENOUGH = 3


@dataclass(frozen=True)
class Verdict:
    """A cause and the record that shows it, None if there is none; and what the container of that record last wrote."""

    cause: Cause
    evidence: dict | None
    last_words: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """What the evidence speaks of: Compute/Service, web of task 1f0c."""
        return where(self.evidence) if self.evidence else ""

    @property
    def said(self) -> str:
        """The line of evidence."""
        return clean(" ".join(text_of(self.evidence).split())) if self.evidence else "no record says why"

    def lines(self) -> list[str]:
        """The verdict for a person: cause, evidence, next step."""
        time = f"{datetime.fromisoformat(self.evidence['time']):%H:%M:%S} {self.where}: " if self.evidence else ""
        words = [f"          {clean(text)}" for text in self.last_words]
        return [f"cause     {self.cause.name}", f"evidence  {time}{self.said}", *words, f"next      {self.cause.next}"]


def text_of(record: dict) -> str:
    """What a record says, as the catalogue's patterns see it; empty if it is no evidence of a failure."""
    kind = record["kind"]
    if kind == "event":
        bad = record["status"].endswith("_FAILED") and not is_consequence(record["reason"])
        return f"{record['type']} {record['status']}: {record['reason']}" if bad else ""
    if kind == "log":
        return record["text"]
    if kind == "container":
        return _container(record)
    if kind == "task":
        return f"{record['code']}: {record['reason']}"
    if kind == "target":
        bad = record["state"] in {"unhealthy", "unavailable"}
        return f"{record['state']}: {record['reason']}: {record['description']}" if bad else ""
    if kind == "service":
        return record["reason"] if record["state"] == "FAILED" else ""
    return record.get("text", "") if kind in {"message", "error"} else ""


def _container(record):
    if record["exit"] in {None, 0} and not record["reason"]:
        return ""
    ended = "never ran" if record["exit"] is None else f"exit code {record['exit']}"
    return f"container {record['name']}: {ended}" + (f": {record['reason']}" if record["reason"] else "")


def where(record: dict) -> str:
    """What a record speaks of."""
    kind = record["kind"]
    if kind == "event":
        return record["path"] or "the stack itself"
    if kind in {"log", "container"}:
        return f"{record.get('container') or record.get('name')} of task {record['task'][:8]}"
    if kind == "task":
        return f"task {record['task'][:8]}"
    return {"target": f"target {record.get('target')}", "error": "AWS"}.get(kind, "the service")


def cause_of(record: dict) -> Cause | None:
    """The first cause of the catalogue whose pattern fits what the record says."""
    text = " ".join(text_of(record).split())
    return next((cause for cause in catalogue() if text and cause.fits(record["kind"], text)), None)


def judge(records: Iterable[dict]) -> Verdict:
    """The verdict on a deployment, or on a part of its records."""
    evidence = [record for record in records if text_of(record)]
    found = [(cause, record) for record in evidence if (cause := cause_of(record))]
    if found:
        cause, shown = min(found, key=lambda pair: _order(*pair))
        return Verdict(cause, shown, _last_words(shown, evidence))
    # Without a cause, what a log says is only noise beside the reason that AWS gives.
    told = [record for record in evidence if record["kind"] not in {"log", "message"}]
    return Verdict(UNKNOWN, min(told, key=lambda record: _order(UNKNOWN, record), default=None))


def _last_words(shown, evidence):
    """The end of the log of a container that is evidence by how it ended."""
    if shown["kind"] != "container":
        return ()
    lines = (each for each in evidence if each["kind"] == "log" and each["task"] == shown["task"])
    return tuple(line["text"] for line in lines if line["container"] == shown["name"])[-LAST_WORDS:]


def _order(cause, record):
    """What a rollback leaves behind says little about why it began; of general causes the narrower one says more."""
    late = record.get("status") == "DELETE_FAILED"
    width = catalogue().index(cause) if cause.general else 0
    return late, cause.general, NEARNESS[record["kind"]], width, record["time"]


def agreed(records: Iterable[dict]) -> Verdict | None:
    """The verdict that the first three stopped tasks share; None while they are fewer, or do not agree."""
    by_task: dict[str, list[dict]] = {}
    for record in records:
        if "task" in record:
            by_task.setdefault(record["task"], []).append(record)
    stopped = [told for told in by_task.values() if any(record["kind"] == "task" for record in told)]
    verdicts = [judge(told) for told in stopped[:ENOUGH]]
    if len(verdicts) < ENOUGH or len({verdict.cause.id for verdict in verdicts}) > 1:
        return None
    return None if verdicts[0].cause is UNKNOWN else verdicts[0]
