"""The drills: each guard can be removed, what judges them can say no, and the short version holds."""

import re
import shutil
import subprocess

import pytest

from drills import __main__ as drills_command
from drills import record, result
from drills.__main__ import run
from drills.faults import memory
from drills.parts.layout import copied
from drills.parts.processes import ROOT, Missing
from drills.parts.watch import Check
from drills.result import line
from drills.stage import Drill, Guard
from drills.table import BY_NAME, DRILLS, SHORT
from drills.visitors.ledger import ABSENT, Written, audit
from drills.visitors.visitor import Request
from tests.conftest import skipped_where_missing


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.name)
def test_the_guard_of_each_drill_is_where_the_drill_would_remove_it(drill):
    sources = [source for stage in ("app", "web") for source, _ in copied(stage)]
    for edit in drill.guard.edits:
        text = (ROOT / edit.path).read_text()
        assert edit.apply(text) != text
        assert any(edit.path == source or edit.path.startswith(f"{source}/") for source in sources), edit.path


def test_the_leak_is_put_where_each_request_begins():
    leaking = memory.LEAKING.apply((ROOT / memory.LEAKING.path).read_text())
    assert compile(leaking, memory.LEAKING.path, "exec")


def test_each_drill_has_a_name_of_its_own():
    assert len({drill.name for drill in DRILLS}) == len(DRILLS)


@pytest.mark.slow
@pytest.mark.loud
@pytest.mark.parametrize("drill", SHORT, ids=lambda drill: drill.name)
def test_the_short_version_holds(drill):
    with skipped_where_missing():
        done = run(drill, short=True, unguarded=False)
    assert done.holds, line(done)


# The command and its document.


def shown(drill, **more):
    seen = {"requests": 10, "failed": {"503": 2}, "back": 0.4, "acknowledged": 5, **more}
    return result.Result(drill.name, drill.injects, (result.Bound("it holds", not more, "seen"),), **seen)


@pytest.fixture
def any_server(monkeypatch, tmp_path):
    """A database server that can only tell its version: what the record of a drill needs, where none is installed."""
    server = tmp_path / "mariadbd"
    server.write_text("#!/bin/sh\necho mariadbd Ver 11.4\n")
    server.chmod(0o755)
    monkeypatch.setenv("DRILLS_SERVER", str(server))


def test_the_document_is_made_of_what_was_shown_with_these_files(monkeypatch, tmp_path):
    monkeypatch.setattr(record, "KEPT", tmp_path)
    for drill in DRILLS:
        record.keep(drill, shown(drill), False, "MariaDB")
    assert record.missing(DRILLS) == [f"--prove {drill.name}" for drill in DRILLS]
    for drill in DRILLS:
        record.keep(drill, shown(drill, lost=1), True, "MariaDB")
    assert record.missing(DRILLS) == []
    text = record.document(DRILLS)
    for drill in DRILLS:
        row = f"| `{drill.name}` | {drill.injects} | 10 | 2 x 503 | 0.4 s | 0 of 5 | holds | red |"
        assert text.count(row) == 1
        assert f"Without its guard ({drill.guard.what}): it holds: seen." in text
    monkeypatch.setattr(record, "state", lambda drill: "of other files")
    assert len(record.missing(DRILLS)) == 2 * len(DRILLS)


@pytest.mark.usefixtures("any_server")
def test_what_was_stopped_goes_on_where_it_was(monkeypatch, tmp_path, capsys):
    """Left out is what has come out as it must, on these files: not what did not, nor what the other way showed."""
    monkeypatch.setattr(record, "KEPT", tmp_path)
    monkeypatch.setattr(drills_command, "write_document", lambda: None)
    ran = []
    monkeypatch.setattr(drills_command, "run", lambda drill, short, unguarded: ran.append(drill) or shown(drill))
    first, second, third, *_ = DRILLS
    record.keep(first, shown(first), False, "MariaDB")
    record.keep(second, shown(second, lost=1), False, "MariaDB")
    record.keep(third, shown(third, lost=1), True, "MariaDB")
    assert drills_command.main([]) == 0
    assert ran == [second, third, *DRILLS[3:]]
    told = f"1 of {len(DRILLS)} drills left out: shown on these files, with their guards; ALL=1"
    assert told in capsys.readouterr().out
    ran.clear()
    assert drills_command.main(["--all"]) == 0
    assert drills_command.main([first.name]) == 0
    assert ran == [*DRILLS, first]
    ran.clear()
    drills_command.main(["--prove"])
    assert ran == [first, second, *DRILLS[3:]]


def test_the_document_in_docs_has_a_row_for_each_drill():
    rows = re.findall(r"^\| `(.+?)` .* \| (.+?) \| (.+?) \|$", record.DOCUMENT.read_text(), re.MULTILINE)
    assert rows == [(drill.name, "holds", "red") for drill in DRILLS]


@pytest.mark.parametrize(
    ("edited", "of_the_past"),
    [
        ("app/pages/entries.py", {"burst", "input-operators"}),
        ("deploy/states.py", {"deploy-stopped", "input-operators"}),
        ("drills/fuzz/wire.py", {"input-operators"}),
        ("drills/visitors/visitor.py", {"burst", "deploy-stopped", "input-operators"}),
        ("README.md", set()),
    ],
)
def test_an_edit_makes_those_results_old_that_it_may_have_changed(monkeypatch, tmp_path, edited, of_the_past):
    names = ("burst", "deploy-stopped", "input-operators")
    shutil.copytree("drills", tmp_path / "drills", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    monkeypatch.setattr(record, "ROOT", tmp_path)
    before = {name: record.state(BY_NAME[name]) for name in names}
    (tmp_path / edited).parent.mkdir(parents=True, exist_ok=True)
    with (tmp_path / edited).open("a") as file:
        file.write("# edited\n")
    assert {name for name in names if record.state(BY_NAME[name]) != before[name]} == of_the_past


def test_what_does_not_hold_is_said_and_the_exit_code_is_1(monkeypatch, capsys):
    monkeypatch.setattr(drills_command, "run", lambda drill, short, unguarded: shown(drill, lost=1))
    name = DRILLS[0].name
    assert drills_command.main([name, "--short"]) == 1
    assert "1 of 5 acknowledged writes lost; DOES NOT HOLD: it holds: seen" in capsys.readouterr().out
    assert drills_command.main([name, "--short", "--prove"]) == 0
    assert "red, as it must be; it holds: seen" in capsys.readouterr().out
    monkeypatch.setattr(drills_command, "run", lambda drill, short, unguarded: shown(drill))
    assert drills_command.main([name, "--short"]) == 0
    assert drills_command.main([name, "--short", "--prove"]) == 1
    assert "STILL HOLDS" in capsys.readouterr().out


def test_what_breaks_within_a_drill_is_a_drill_that_does_not_hold():
    def broken(stage):
        raise ValueError("no\nsuch thing")

    done = run(Drill("broken", broken, "nothing", Guard("")), short=True, unguarded=False)
    assert str(done.broken[0]) == "the drill runs to its end: ValueError: no such thing"


@pytest.mark.usefixtures("any_server")
@pytest.mark.parametrize(
    ("error", "code", "verdict"),
    [
        (
            AssertionError("flask migrate: no"),
            0,
            "red, as it must be; each of its steps can be done: flask migrate: no",
        ),
        (AttributeError("no such part"), 1, "BROKE; the drill runs to its end: AttributeError: no such part"),
    ],
)
def test_a_drill_that_breaks_shows_nothing_of_its_guard(monkeypatch, tmp_path, capsys, error, code, verdict):
    def broken(stage):
        raise error

    monkeypatch.setattr(record, "KEPT", tmp_path)
    monkeypatch.setitem(BY_NAME, "broken", Drill("broken", broken, "nothing", Guard("its guard")))
    assert drills_command.main(["broken", "--prove"]) == code
    assert f"broken without its guard (its guard): {verdict}\n" in capsys.readouterr().out
    assert len(list(tmp_path.glob("*.json"))) == (code == 0)


def test_a_drill_that_cannot_be_run_here_is_said(monkeypatch, capsys):
    def lacking(*_):
        raise Missing("needs root")

    monkeypatch.setattr(drills_command, "run", lacking)
    assert drills_command.main([DRILLS[0].name, DRILLS[1].name, "--short"]) == 1
    assert capsys.readouterr().out.splitlines() == [f"{drill.name}: not run here: needs root" for drill in DRILLS[:2]]


def test_a_drill_that_there_is_not(capsys):
    with pytest.raises(SystemExit) as left:
        drills_command.main(["no-such-drill"])
    assert left.value.code == 2
    assert "no drill is called no-such-drill; there are " in capsys.readouterr().err


# What judges.


def written(title, *states, acknowledged=True):
    return Written(title, set(states), 1, acknowledged)


MADE, CHANGED = ("made", "open"), ("changed", "done")


@pytest.mark.parametrize(
    ("entry", "stored", "lost", "doubled", "unasked"),
    [
        (written("a", MADE), [("a", *MADE)], (), (), ()),
        (written("a", MADE), [], ("a",), (), ()),
        (written("a", MADE), [("a", *CHANGED)], ("a",), (), ()),
        (written("a", MADE, CHANGED), [("a", *CHANGED)], (), (), ()),
        (written("a", ABSENT), [("a", *MADE)], ("a",), (), ()),
        (written("a", ABSENT, acknowledged=False), [("a", *MADE)], (), (), ("a",)),
        (written("a", ABSENT, MADE, acknowledged=False), [("a", *MADE)], (), (), ()),
        (written("a", MADE), [("a", *MADE), ("a", *MADE)], (), ("a",), ()),
        (written("a", MADE), [("a", *MADE), ("nobody's", *MADE)], (), (), ("nobody's",)),
    ],
)
def test_what_is_stored_is_held_against_what_was_answered(entry, stored, lost, doubled, unasked):
    found = audit([entry], 1, stored)
    assert (found.lost, found.doubled, found.unasked) == (lost, doubled, unasked)
    bounds = [result.nothing_is_lost(found), result.nothing_is_doubled(found), result.nothing_is_unasked(found)]
    assert [bound.held for bound in bounds] == [not lost, not doubled, not unasked]


def asked(*faults, every=1.0, seconds=0.5):
    return [Request("list", at * every, seconds, fault) for at, fault in enumerate(faults)]


def test_full_service_is_when_nothing_fails_any_more():
    requests = asked("", "503", "503", "", "503", "", "")
    assert result.seconds_to_service(requests, gone=2.2) == pytest.approx(3.3)
    assert result.comes_back(requests, 2.2, within=4).held
    assert not result.comes_back(requests, 2.2, within=3).held
    assert not result.comes_back(asked("", "503"), 0.5).held
    assert result.seconds_to_service(asked("", ""), gone=0.2) == pytest.approx(1.3)


def test_waits_and_faults_are_judged():
    requests = asked("", "503", "500", "time-out")
    assert result.waits_are_bounded(requests, 0.5).held
    assert not result.waits_are_bounded(requests, 0.4).held
    assert not result.waits_are_bounded([]).held
    assert not result.faults_are_only(requests, "503").held
    assert result.faults_are_only(requests, "503", "500", "time-out").held
    assert not result.faults_are_only(requests).held
    assert not result.fails_at_all(asked("")).held


def test_health_checks_are_judged():
    live = [Check("/healthz", at, 0.1, 200) for at in range(10)]
    assert result.liveness_stays(live, 5).held
    assert not result.liveness_stays([*live, Check("/healthz", 11, 0.1, 503)], 5).held
    assert not result.liveness_stays([*live, Check("/healthz", 11, 1.1, 200)], 5).held
    assert not result.liveness_stays([], 5).held
    slow = [Check("/healthz", 0, 0.8, 200), *live]
    assert result.liveness_stays([*slow, Check("/healthz", 11, 2.3, 200)], 5).held, "it usually takes 0.8 s here"
    assert not result.liveness_stays([*slow, Check("/healthz", 11, 2.5, 200)], 5).held
    assert not result.liveness_stays([Check("/healthz", 0, 3, 200), Check("/healthz", 11, 4.5, 200)], 5).held
    ready = [Check("/readyz", at, 0.1, 503 if 2 <= at < 12 else 200) for at in range(20)]
    assert result.readiness_follows(ready, 2, 12, 12).held
    assert not result.readiness_follows(ready, 2, 8, 8).held, "it goes on saying no"
    yes = [Check("/readyz", at, 0.1, 200) for at in range(20)]
    assert not result.readiness_follows(yes, 2, 12, 12).held, "it never said no"
