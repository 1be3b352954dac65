"""The verdict: every cause of the catalogue is named from a recorded answer of AWS, and the nearest evidence wins."""

from datetime import timedelta

import pytest

from deploy import verdict
from deploy.follow import Flight
from deploy.problem import Problem
from deploy.progress.display import Lines
from deploy.verdict.catalogue import KINDS, UNKNOWN, catalogue
from rehearsal.recordings import load, now
from tests.played import OUTPUTS, STACK, PlayedAws

RECORDINGS = load()
STACK_CAUSES = {name for name, recording in RECORDINGS.items() if recording.events}


def flown(name, **options):
    """A deployment that fails as recorded, followed after its end: its flight, what was said, how it ended."""
    began = now() - timedelta(seconds=20)
    aws = PlayedAws(RECORDINGS[name], began=began, **options)
    said = []
    flight = Flight(aws, STACK, began - timedelta(seconds=1), Lines(said.append))
    flight.observe_service(began - timedelta(seconds=1), OUTPUTS)
    with pytest.raises(Problem) as problem:
        flight.run()
    return flight, said, str(problem.value)


def test_every_cause_has_a_recording_with_its_source():
    assert {recording.cause for recording in RECORDINGS.values()} == {cause.id for cause in catalogue()}
    assert all(recording.source for recording in RECORDINGS.values())
    assert len(catalogue()) >= 35


def test_every_cause_says_what_to_do_and_looks_at_records_that_there_are():
    known = set(verdict.NEARNESS)
    for cause in catalogue():
        assert cause.name
        assert cause.next
        assert cause.looks
        assert {kind for kind, _ in cause.looks} <= known, cause.id
    assert set(KINDS["any"]) <= known | {"service"}
    assert len({cause.id for cause in catalogue()}) == len(catalogue())


@pytest.mark.parametrize("name", [name for name in RECORDINGS if RECORDINGS[name].error is None])
def test_cause_is_named_with_its_evidence_and_the_next_step(name):
    flight, said, ended = flown(name)
    found = verdict.judge(flight.recorder.records)
    assert found.cause.id == RECORDINGS[name].cause
    assert ended.startswith(f"flaskcrud-lab ended in UPDATE_ROLLBACK_COMPLETE: {found.cause.name} (")
    told = {line.split()[0]: line for line in said if line.startswith(("cause ", "evidence ", "next "))}
    assert told["cause"] == f"cause     {found.cause.name}"
    assert found.said in told["evidence"]
    assert told["next"] == f"next      {found.cause.next}"


@pytest.mark.parametrize("name", sorted(STACK_CAUSES - {"template-unreadable", "circuit-breaker"}))
def test_a_failure_of_a_resource_is_found_below_its_stacks_and_beside_cancelled_ones(name):
    flight, _, _ = flown(name)
    found = verdict.judge(flight.recorder.records)
    assert found.where == RECORDINGS[name].events[0][0]
    failed = [record for record in flight.recorder.records if record.get("status", "").endswith("_FAILED")]
    assert len(failed) >= 3  # the resource, its cancelled sibling, the stack around them


def test_expired_credentials_end_the_watching_by_name():
    recording = RECORDINGS["credentials-expired"]
    record = {"kind": "error", "time": now().isoformat(), "text": f"{recording.error['Code']}: ..."}
    assert verdict.judge([record]).cause.id == "credentials-expired"


def record(kind, second=0, **fields):
    return {"kind": kind, "time": f"2026-11-23T12:00:{second:02}+00:00", **fields}


EVENT = {"path": "Compute/Service", "type": "AWS::ECS::Service", "status": "UPDATE_FAILED"}
BREAKER = record("event", 9, **EVENT, reason="ECS Deployment Circuit Breaker was triggered")
CANCELLED = record("event", 1, **EVENT, reason="Resource update cancelled")
EXIT = record("container", 5, task="1f0c", name="app", exit=1, reason="")
KILLED = record("container", 5, task="1f0c", name="web", exit=137, reason="")
LOG = record("log", 6, task="1f0c", container="app", text="(1045, \"Access denied for user 'x'\")")
CHECKS = record("task", 5, task="1f0c", code="ServiceSchedulerInitiated", reason="Task failed ELB health checks in (x)")
UNHEALTHY = {"state": "unhealthy", "reason": "Target.ResponseCodeMismatch", "description": "codes: [404]"}
NOT_FOUND = record("target", 7, target="10.0.3.7:80", **UNHEALTHY)
LEFTOVER = record("event", 0, **{**EVENT, "status": "DELETE_FAILED"}, reason="resource sg-1 has a dependent object")
STRANGE = record("event", 8, **EVENT, reason="the flux capacitor is empty")
CHATTER = record("log", 2, task="1f0c", container="app", text="hello")


@pytest.mark.parametrize(
    ("records", "cause", "where"),
    [
        ([BREAKER], "circuit-breaker", "Compute/Service"),
        ([BREAKER, CANCELLED], "circuit-breaker", "Compute/Service"),
        ([BREAKER, EXIT], "application-exits", "app of task 1f0c"),
        ([BREAKER, EXIT, LOG], "database-refuses", "app of task 1f0c"),
        ([BREAKER, CHECKS], "health-checks", "task 1f0c"),
        ([BREAKER, CHECKS, NOT_FOUND], "health-path", "target 10.0.3.7:80"),
        ([KILLED], "container-killed", "web of task 1f0c"),
        ([KILLED, EXIT], "application-exits", "app of task 1f0c"),
        ([LEFTOVER], "in-use", "Compute/Service"),
        ([LEFTOVER, BREAKER, EXIT], "application-exits", "app of task 1f0c"),
        ([STRANGE], "unknown", "Compute/Service"),
        ([STRANGE, CHATTER, CANCELLED], "unknown", "Compute/Service"),
        ([CANCELLED], "unknown", ""),
        ([], "unknown", ""),
    ],
)
def test_the_nearest_evidence_wins(records, cause, where):
    found = verdict.judge(records)
    assert (found.cause.id, found.where) == (cause, where)


def test_the_unknown_says_so_and_shows_the_evidence():
    lines = verdict.judge([STRANGE]).lines()
    assert lines[0] == "cause     not known to the catalogue"
    assert "the flux capacitor is empty" in lines[1]
    assert verdict.judge([]).lines()[1] == "evidence  no record says why"


def test_how_a_container_ended_is_shown_with_its_last_words():
    other = record("log", 6, task="1f0c", container="web", text="not mine")
    lines = verdict.judge([EXIT, CHATTER, other]).lines()
    assert lines[1].endswith("app of task 1f0c: container app: exit code 1")
    assert lines[2] == "          hello"
    assert len(lines) == 4


def stopped(task, reason="Essential container in task exited", **fields):
    ended = {"exit": 1, "reason": "", "name": "app"} | fields
    said = {"code": "EssentialContainerExited", "reason": reason}
    return [record("task", task=task, **said), record("container", task=task, **ended)]


@pytest.mark.parametrize(
    ("records", "cause"),
    [
        ([*stopped("a"), *stopped("b")], None),
        ([*stopped("a"), *stopped("b"), *stopped("c")], "application-exits"),
        ([*stopped("a"), *stopped("b"), *stopped("c", name="migrate")], None),
        ([*stopped("a"), *stopped("b"), *stopped("c"), *stopped("d", name="migrate")], "application-exits"),
        ([*stopped("a", exit=0), *stopped("b", exit=0), *stopped("c", exit=0)], None),
        ([record("log", task=task, container="app", text="Unknown database") for task in "abc"], None),
    ],
)
def test_three_tasks_must_agree(records, cause):
    found = verdict.agreed(records)
    assert (found and found.cause.id) == cause


def test_unknown_is_in_no_catalogue():
    assert UNKNOWN not in catalogue()
