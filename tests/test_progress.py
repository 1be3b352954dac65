"""How a deployment is shown: the tree, its durations, the panel beside it, the lines of a log."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from deploy.events import NESTED, Event
from deploy.progress import durations, panel, tree
from deploy.progress.display import SILENCE, Lines
from deploy.progress.panel import View
from deploy.progress.text import clean, clock, fit, width_of
from deploy.progress.tree import ASCII_MARKS, MARKS, Nest

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def event(second, path, status, kind="AWS::EC2::VPC", reason=""):
    return Event(
        f"{second}{path}{status}", START + timedelta(seconds=second), path, kind, status, reason, "", path == ""
    )


def nest(*events, known=None):
    made = Nest("flaskcrud-lab", known or {})
    for each in events:
        made.add(each)
    return made


BUSY = (
    event(0, "", "UPDATE_IN_PROGRESS", NESTED),
    event(1, "Network", "UPDATE_IN_PROGRESS", NESTED),
    event(2, "Network/VPC", "UPDATE_IN_PROGRESS"),
    event(12, "Network/VPC", "UPDATE_COMPLETE"),
    event(13, "Network", "UPDATE_COMPLETE", NESTED),
    event(14, "Data", "UPDATE_IN_PROGRESS", NESTED),
    event(15, "Data/DBInstance", "CREATE_IN_PROGRESS", "AWS::RDS::DBInstance"),
    event(16, "Compute", "UPDATE_IN_PROGRESS", NESTED),
    event(17, "Compute/Service", "UPDATE_IN_PROGRESS", "AWS::ECS::Service"),
    event(18, "Compute/TaskRole", "UPDATE_FAILED", "AWS::IAM::Role", "not authorized to perform: iam:UpdateRole " * 5),
)
NOW = START + timedelta(seconds=75)


def drawn(made, width=79, rows=40, marks=MARKS):
    return [text for text, _ in tree.lines(made, NOW, width, rows, marks)]


def test_tree_shows_states_elapsed_times_and_an_estimate():
    assert drawn(nest(*BUSY)) == [
        "flaskcrud-lab  UPDATE_IN_PROGRESS  1:15",
        "  ✓ Network        1 of 1 done      0:12",
        "  ● Data           0 of 1 done      1:01",
        "      ● DBInstance  RDS::DBInstance  CREATE_IN_PROGRESS  1:00 of about 7:26",
        "  ● Compute        0 of 2 done      0:59",
        "      ✗ TaskRole  IAM::Role  UPDATE_FAILED: not authorized to perform: iam:U...",
        "      ● Service  ECS::Service  UPDATE_IN_PROGRESS  0:58",
    ]


def test_what_was_recorded_before_is_the_better_estimate():
    known = {("", "UPDATE"): 300.0, ("Compute/Service", "UPDATE"): 95.0, ("Data/DBInstance", "CREATE"): 600.0}
    lines = drawn(nest(*BUSY, known=known))
    assert lines[0] == "flaskcrud-lab  UPDATE_IN_PROGRESS  1:15 of about 5:00"
    assert "1:00 of about 10:00" in lines[3]
    assert lines[-1].endswith("0:58 of about 1:35")


@pytest.mark.parametrize("width", [40, 79, 119])
@pytest.mark.parametrize("rows", [3, 5, 10, 40])
def test_nothing_is_wider_or_higher_than_the_terminal(width, rows):
    view = View(nest(*BUSY))
    for record in SEEN:
        view.take(record)
    for unicode in (True, False):
        lines = panel.frame(view, NOW, width, rows, unicode)
        assert all(width_of(text) <= width for text, _ in lines)
        assert len(lines) <= rows
        assert unicode or all(text.isascii() for text, _ in lines)


def test_a_rollback_goes_on_with_the_clock_of_the_stack_and_begins_one_for_a_resource():
    made = nest(
        *BUSY, event(70, "", "UPDATE_ROLLBACK_IN_PROGRESS", NESTED), event(72, "Data/DBInstance", "DELETE_IN_PROGRESS")
    )
    lines = drawn(made)
    assert lines[0].endswith("UPDATE_ROLLBACK_IN_PROGRESS  1:15")
    assert any("DELETE_IN_PROGRESS  0:03" in line for line in lines)


def test_marks_without_unicode():
    assert drawn(nest(*BUSY), marks=ASCII_MARKS)[1] == "  + Network        1 of 1 done      0:12"


def test_what_is_waited_for_is_the_innermost():
    assert tree.waiting(nest(*BUSY), NOW) == (
        "flaskcrud-lab UPDATE_IN_PROGRESS 1:15; waiting for Data/DBInstance CREATE_IN_PROGRESS 1:00 of about 7:26;"
        " Compute/Service UPDATE_IN_PROGRESS 0:58"
    )
    assert tree.waiting(nest(), NOW) == "flaskcrud-lab: waiting for the first event"


# The service beside it


def seen(kind, **fields):
    return {"kind": kind, "time": "2026-11-23T12:00:40.000+00:00", **fields}


COUNTS = {"desired": 2, "running": 1, "pending": 1, "failed": 1}
SEEN = [
    seen("service", **COUNTS, state="IN_PROGRESS", reason="ECS deployment ecs-svc/1 in progress."),
    seen("target", target="10.0.3.7:80", state="healthy", reason="", description=""),
    seen("target", target="10.0.4.7:80", state="unhealthy", reason="Target.Timeout", description="Request timed out"),
    seen("task", task="1f0c2d3e4f", code="EssentialContainerExited", reason="Essential container in task exited"),
    seen("container", task="1f0c2d3e4f", name="app", exit=3, reason="", image="x", digest=""),
    seen("container", task="1f0c2d3e4f", name="migrate", exit=0, reason="", image="x", digest=""),
    *(seen("log", task="1f0c2d3e4f", container="app", text=f"line {number} 日本 \x1b[31mred") for number in range(8)),
]


def test_panel_shows_rollout_targets_and_the_last_lines_of_a_failing_container():
    view = View(nest(*BUSY))
    for record in SEEN:
        view.take(record)
    lines = [text for text, _ in panel.frame(view, NOW, 100, 40, True)]
    assert lines[7:] == [
        "service   1 of 2 running, 1 pending, 1 failed  IN_PROGRESS: ECS deployment ecs-svc/1 in progress.",
        "targets   1 healthy, 1 unhealthy Request timed out",
        "stopped   1; task 1f0c2d3e: Essential container in task exited",
        "          app of task 1f0c2d3e: exit code 3",
        *(f"  app| line {number} 日本 red" for number in range(3, 8)),
    ]


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (
            seen("service", **COUNTS, state="FAILED", reason=""),
            "12:00:40 service 1 of 2 running, 1 pending, 1 failed  FAILED",
        ),
        (SEEN[2], "12:00:40 target 10.0.4.7:80: unhealthy Target.Timeout Request timed out"),
        (SEEN[3], "12:00:40 task 1f0c2d3e: Essential container in task exited"),
        (SEEN[4], "12:00:40 app of task 1f0c2d3e: exit code 3"),
        (SEEN[6], "12:00:40 app of task 1f0c2d3e| line 0 日本 red"),
        (seen("message", text="(service web) has started 1 tasks"), "12:00:40 (service web) has started 1 tasks"),
    ],
)
def test_each_record_is_one_line_of_a_log(record, line):
    assert panel.record_line(record) == line


def test_a_log_is_never_silent_for_longer_than_half_a_minute(monkeypatch):
    moments = iter(START + timedelta(seconds=10 * number) for number in range(100))
    monkeypatch.setattr("deploy.progress.display.datetime", type("Clock", (), {"now": lambda _zone: next(moments)}))
    monkeypatch.setattr("deploy.progress.display.FRAME", 0.001)
    said = []
    lines = Lines(said.append)
    lines.view = View(nest(*BUSY))
    lines.event(BUSY[0])
    while len(said) <= 3:  # as many frames as the machine gives in that time; the clock ends after a hundred
        lines.wait(0.01)
    assert said[0] == "12:00:00 UPDATE_IN_PROGRESS           flaskcrud-lab"
    assert all("waiting for Data/DBInstance" in line for line in said[1:])
    times = [datetime.strptime(line[:8], "%H:%M:%S") for line in said]
    gaps = [(after - before).total_seconds() for before, after in pairwise(times)]
    assert SILENCE == 30
    assert all(gap <= 50 for gap in gaps)  # half a minute, and two of this clock's steps of ten seconds


# Text


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("short", 10, "short"),
        ("exactly ten", 11, "exactly ten"),
        ("a little too long", 10, "a littl..."),
        ("日本語テキスト", 10, "日本語..."),
        ("\x1b]0;title\x07\x1b[2Jtwo\nlines\t", 20, "two lines"),
    ],
)
def test_text_is_cut_to_columns_and_cannot_move_the_cursor(text, width, fitted):
    assert fit(text, width) == fitted
    assert width_of(fitted) <= width
    assert "\x1b" not in clean(text)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (61, "1:01"), (3661, "1:01:01")])
def test_clock(seconds, text):
    assert clock(seconds) == text


# Durations


def recording(folder, name, *events):
    (folder / name).mkdir()
    lines = [json.dumps({"time": time.isoformat(), "path": path, "status": status}) for time, path, status in events]
    (folder / name / "events.jsonl").write_text("\n".join([*lines, '{"cut of']))


def at(second):
    return START + timedelta(seconds=second)


def test_durations_are_those_of_the_newest_recording_of_this_stack(tmp_path):
    begun, ended = (at(0), "Data/DB", "CREATE_IN_PROGRESS"), (at(500), "Data/DB", "CREATE_COMPLETE")
    recording(tmp_path, "20260101T000000Z-s-lab", begun, ended)
    recording(
        tmp_path,
        "20260201T000000Z-s-lab.2",
        (at(0), "Data/DB", "CREATE_IN_PROGRESS"),
        (at(5), "Data/DB", "CREATE_IN_PROGRESS"),
        (at(400), "Data/DB", "CREATE_COMPLETE"),
        (at(401), "Data/DB", "UPDATE_IN_PROGRESS"),
        (at(410), "Data/DB", "UPDATE_FAILED"),
    )
    recording(tmp_path, "20260301T000000Z-s-lab-two", begun, ended)
    assert durations.recorded(tmp_path, "s-lab") == {("Data/DB", "CREATE"): 400.0}
    assert durations.recorded(tmp_path / "none", "s-lab") == {}


@pytest.mark.parametrize(
    ("path", "kind", "status", "seconds"),
    [
        ("Data/DB", "AWS::RDS::DBInstance", "CREATE_IN_PROGRESS", 446),
        ("Data/DB", "AWS::RDS::DBInstance", "UPDATE_IN_PROGRESS", None),
        ("Data/Known", "AWS::RDS::DBInstance", "CREATE_IN_PROGRESS", 7.0),
        ("Network/VPC", "AWS::EC2::VPC", "CREATE_IN_PROGRESS", None),
    ],
)
def test_estimate(path, kind, status, seconds):
    assert durations.estimate({("Data/Known", "CREATE"): 7.0}, path, kind, status) == seconds
