"""What judges the drills of the clients and of the long load can say no; and nginx passes on what it should."""

import math

import pytest

from drills.faults import soak
from drills.parts.processes import Missing
from drills.stage import Stage
from drills.table import BY_NAME
from drills.visitors import raw
from drills.visitors.growth import grows, growth, slope
from drills.visitors.latency import as_fast_as_usual, percentile
from drills.visitors.visitor import Request


def served(usual, meanwhile, count=100):
    """Requests before and from the tenth second on, as many as that, that took so long."""
    before = [Request("list", 10 * number / count, usual) for number in range(count)]
    return before + [Request("list", 10 + 10 * number / count, meanwhile) for number in range(count)]


@pytest.mark.parametrize(
    ("usual", "meanwhile", "held"),
    [(0.02, 0.29, True), (0.02, 0.31, False), (0.2, 0.39, True), (0.2, 0.41, False)],
)
def test_others_are_held_against_their_usual_speed_and_a_floor(usual, meanwhile, held):
    assert as_fast_as_usual(served(usual, meanwhile), 10, 20).held == held


def test_one_slow_answer_in_a_hundred_is_no_verdict_but_two_are():
    requests = served(0.01, 0.01, 200)
    slow = [Request("list", 15, 5.0)]
    assert as_fast_as_usual(requests + slow, 10, 20).held
    assert not as_fast_as_usual(requests + 4 * slow, 10, 20).held


def test_too_few_requests_say_nothing():
    assert not as_fast_as_usual(served(0.01, 0.01, 20), 10, 20).held
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_percentiles():
    assert [percentile(range(1, 101), share) for share in (0, 0.5, 0.99, 1)] == [1, 51, 100, 100]


def line(start, per_second, count=40, wave=0.0):
    return [(float(at), start + per_second * at + wave * math.sin(at)) for at in range(count)]


def test_the_slope_is_that_of_the_line_whatever_one_sample_says():
    assert slope(line(100, 0.5)) == pytest.approx(0.5)
    assert slope([*line(100, 0.5), (40.0, 9e9)]) == pytest.approx(0.5)
    assert growth(line(100, 0.5)) == pytest.approx(0.5 * 29), "after settling"
    with pytest.raises(ValueError, match="two moments"):
        slope([(1.0, 2.0), (1.0, 3.0)])


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        (line(100, 0), False),
        (line(100, 0, wave=20), False),
        (line(100, 0.1), False),
        (line(100, 0.5), True),
        (line(100, 0.5, wave=5), True),
        (line(100, -0.5), False),
        ([(float(at), min(at, 9) * 10.0) for at in range(40)], False),
    ],
    ids=["even", "waves", "a little", "grows", "grows in waves", "shrinks", "settles"],
)
def test_growth_is_told_from_noise(samples, says):
    assert grows(samples, share=0.05, most=8) == says


def test_too_few_samples_are_no_verdict():
    with pytest.raises(ValueError, match="too few"):
        grows(line(100, 0, count=9), 0.05, 8)


@pytest.mark.parametrize("text", ["5", "-1", "a", "1.5", "²"])
def test_a_length_of_the_long_load_that_is_none_is_one_line(text, monkeypatch, tmp_path):
    monkeypatch.setenv("SOAK", text)
    with pytest.raises(Missing, match="SOAK must be a number of seconds from 24 on"):
        soak.length(Stage(BY_NAME["soak"], tmp_path))


def test_the_length_of_the_long_load(monkeypatch, tmp_path):
    monkeypatch.delenv("SOAK", raising=False)
    assert soak.length(Stage(BY_NAME["soak"], tmp_path)) == 900
    monkeypatch.setenv("SOAK", "60")
    assert soak.length(Stage(BY_NAME["soak"], tmp_path)) == 60


def test_statuses_of_several_answers():
    answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n"
    assert raw.statuses(answer) == ["201", "404"]
