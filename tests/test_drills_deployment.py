"""The drills of a deployment: what they take away is there, and what judges them can say no."""

import signal

import pytest

from drills.deployment import WITHOUT
from drills.killing import Run, faults_of_signal
from drills.processes import ROOT
from drills.steps import AFTER, BEFORE, Plan, label_of

LINE = "stopped; what was begun at AWS goes on there: `make deploy ENV=lab` goes on from here"


@pytest.mark.parametrize("name", WITHOUT)
def test_what_a_drill_takes_away_is_there(name):
    edit = WITHOUT[name]
    text = (ROOT / edit.path).read_text()
    assert edit.apply(text) != text


def test_a_plan_strikes_once_at_its_step():
    struck = []
    for at in (2, "two"):
        plan = Plan(at, AFTER, lambda at=at: struck.append(at))
        numbers = [plan.begin(name) for name in ("one", "two", "two")]
        seen = [plan.is_due(number, when) for number in numbers for when in (BEFORE, AFTER)]
        assert plan.struck == "two"
        assert seen.count(True) == 1
    assert struck == [2, "two"]


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
