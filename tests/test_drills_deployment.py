"""The drills of a deployment: what they take away is there, and what judges them can say no."""

import signal
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from drills.deployments.killing import Run, faults_of_signal
from drills.deployments.lanes import shared_out
from drills.deployments.moments import Moment, content, moments
from drills.deployments.steps import AFTER, BEFORE, Plan, label_of
from drills.faults.deployment import WITHOUT, Outcome, judged
from drills.parts.processes import ROOT
from drills.result import Result

LINE = "stopped; what was begun at AWS goes on there: `make deploy ENV=lab` goes on from here"


@pytest.mark.parametrize("name", WITHOUT)
def test_what_a_drill_takes_away_is_there(name):
    edit = WITHOUT[name]
    text = (ROOT / edit.path).read_text()
    assert edit.apply(text) != text


def test_a_plan_strikes_once_at_its_step():
    struck = []
    for at in (2, Moment("two")):
        plan = Plan(at, AFTER, lambda at=at: struck.append(at))
        numbers = [plan.begin(name) for name in ("one", "two", "two")]
        seen = [plan.is_due(number, when) for number in numbers for when in (BEFORE, AFTER)]
        assert plan.struck == "two"
        assert seen.count(True) == 1
    assert struck == [2, Moment("two")]
    plan = Plan(Moment("two", 2))
    assert [plan.is_due(plan.begin(name), AFTER) for name in ("two", "one", "two")] == [False, False, True]


def test_steps_that_leave_the_same_are_one_moment():
    looks = iter("aabba")
    plan = Plan(look=lambda: next(looks))
    for name in ("ask", "ask", "do", "ask", "do"):
        plan.is_due(plan.begin(name), AFTER)
    found = plan.moments()
    assert found == [Moment("ask", 1, 2), Moment("do", 1, 2), Moment("do", 2, 1)]
    assert moments([], []) == []


def test_what_lies_on_a_machine_is_told_apart(tmp_path):
    seen = {content(tmp_path / "none")}
    (tmp_path / "a").write_text("x")
    seen.add(content(tmp_path))
    (tmp_path / "a").rename(tmp_path / "b")
    seen.add(content(tmp_path))
    (tmp_path / "b").write_text("y")
    seen.add(content(tmp_path))
    assert len(seen) == 4


def test_work_is_shared_out_and_each_lane_ends():
    entered, left = [], []

    @contextmanager
    def lane():
        entered.append(1)
        yield lambda number: 10 // number
        left.append(1)

    assert sorted(shared_out(range(1, 6), lane, 2)) == [2, 2, 3, 5, 10]
    assert entered == left == [1, 1]
    with pytest.raises(ZeroDivisionError):
        shared_out([1, 0], lane, 2)


@pytest.mark.parametrize(
    ("outcomes", "broken"),
    [
        ([Outcome(Moment("s3 PUT"), True, [])], []),
        ([], [0, 1, 2]),
        ([Outcome(Moment("s3 PUT"), True, ["again: exit code 1"])], [0]),
        ([Outcome(Moment("s3 PUT"), True, ["2 stacks instead of 1"])], [1]),
        ([Outcome(Moment("s3 PUT"), True, ["databases gone: x"])], [2]),
        ([Outcome(Moment("s3 PUT"), True, []), Outcome(Moment("ecs DescribeTasks", 9), False, [])], []),
        ([Outcome(Moment("s3 PUT"), True, []), Outcome(Moment("s3 PUT", 2), False, [])], [0]),
    ],
)
def test_what_a_second_run_leaves_is_judged(outcomes, broken):
    result = judged(SimpleNamespace(result=lambda *bounds: Result("x", "y", bounds)), outcomes)
    assert [number for number, bound in enumerate(result.bounds) if not bound.held] == broken


@pytest.mark.parametrize(
    ("path", "headers", "body", "label"),
    [
        (
            "/",
            {"Authorization": "AWS4 Credential=a/20261123/us-east-1/sts/aws4"},
            b"Action=GetCallerIdentity",
            "sts Get",
        ),
        (
            "/",
            {"Authorization": "AWS4 Credential=a/20261123/us-east-1/ecs/aws4", "X-Amz-Target": "E.List"},
            b"",
            "ecs List",
        ),
        ("/bucket/key", {"Authorization": "AWS4 Credential=a/20261123/us-east-1/s3/aws4"}, b"x", "s3 PUT"),
        ("/v2/app/blobs/x", {}, b"", "http PUT /v2/"),
        ("/-step/engine-build-done", {}, b"", "engine build-done"),
    ],
)
def test_steps_have_names(path, headers, body, label):
    assert label_of("PUT", path, headers, body).startswith(label)


@pytest.mark.parametrize(
    ("code", "said", "fault"),
    [
        (143, LINE, ""),
        (1, LINE, "exit code 1"),
        (143, "", "0 lines"),
        (143, f"{LINE}\nTraceback", "2 lines"),
        (143, "stopped", "not what to do next"),
    ],
)
def test_how_a_deployment_stops_is_judged(code, said, fault):
    found = faults_of_signal(Run(code, "", said, (), "x"), signal.SIGTERM)
    assert [text[: len(fault)] for text in found] == ([fault] if fault else [])
