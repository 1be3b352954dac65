"""Failures injected into deployments: each ends with its named cause, the right exit code, and its recording."""

import subprocess
import sys

import pytest

from rehearsal.failures import BAD_IMAGE, FIRST, MENDED, NAME_TAKEN, NESTED, PLAYED, STUCK, Injected, Outcome
from rehearsal.recordings import load
from tests.conftest import ROOT, clean_environment

pytestmark = pytest.mark.slow


def test_every_injected_failure_is_recognised_in_time_and_recorded():
    result = subprocess.run(
        [sys.executable, "-m", "rehearsal", "--faults"],
        cwd=ROOT,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    rows = result.stdout.split("recorded\n")[1].splitlines()
    assert len(rows) >= 19
    assert all("NOT as expected" not in row for row in rows)
    by_name = {row[:42].strip(): row[42:].split() for row in rows}
    assert by_name[MENDED.name][:3] == ["deployed", "anew", "0"]
    assert by_name[STUCK.name][:3] == ["continued,", "deployed", "0"]
    for injected in [*PLAYED, FIRST, NESTED, NAME_TAKEN, BAD_IMAGE]:
        recognised, code, seconds, *recorded = by_name[injected.name]
        assert (recognised, code) == (injected.recognised, "1")
        assert float(seconds) < 30, injected.name
        assert {"events", "notes"} <= set(recorded), injected.name


@pytest.mark.parametrize("injected", [*PLAYED, FIRST])
def test_every_played_failure_has_its_recording(injected):
    assert load()[injected.played].cause == injected.recognised


def test_an_outcome_that_is_not_as_expected_says_so():
    held = Outcome(NESTED, "snapshot-missing", 1, 1.0, ["events.jsonl"], "")
    assert held.holds
    assert "NOT" not in held.line()
    for other in (
        Outcome(NESTED, "quota", 1, 1.0, ["events.jsonl"], ""),
        Outcome(NESTED, "snapshot-missing", 0, 1.0, ["events.jsonl"], ""),
        Outcome(Injected("x", "quota", "quota"), "quota", 1, 1.0, [], ""),
    ):
        assert not other.holds
        assert "NOT as expected" in other.line()
    assert MENDED.code == 0
    assert STUCK.code == 0
