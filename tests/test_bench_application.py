"""The benchmark of the application works, and what a request costs whatever the machine. No time is asserted."""

import os
from types import SimpleNamespace

import pytest

from bench.application import __main__ as command
from bench.application import load, requests
from bench.application.counts import Counts
from bench.application.load import LATENCIES, Measured, Target
from bench.application.processes import Process
from bench.application.report import counted, details, judged
from bench.application.results import Cell, Plan, Results
from bench.application.run import in_turn, measure
from bench.rows import Missing

ENTRIES = 200
# Operation: statements, and at most so many calls of functions. The list took 22,700 while its rows were made by a
# template, and a statement that is made anew for each request costs some hundreds.
BUDGET = {
    "list": (1, 6900),
    "filter": (1, 7050),
    "read": (1, 1850),
    "create": (5, 2000),
    "update": (5, 2500),
    "toggle": (1, 1250),
    "delete": (4, 1450),
    "search common": (2, 7350),
    "search rare": (1, 1800),
    "search absent": (1, 1800),
    "API": (1, 5300),
}


@pytest.fixture(scope="module")
def results():
    """A small table under a few loads."""
    plan = Plan((ENTRIES,), connections=(4,), operations=("list", "delete"), behind_nginx=("list",), rounds=1)
    try:
        return measure(plan)
    except Missing as missing:
        pytest.skip(f"{missing}")


@pytest.mark.slow
@pytest.mark.loud
def test_every_application_answers_under_load_without_an_error(results):
    loads = {(cell.application, cell.operation, cell.web): measured for cell, measured in results.cells.items()}
    direct = {(name, operation, False) for name in ("ours", "limit", "idiomatic") for operation in ("list", "delete")}
    assert set(loads) == direct | {("ours", "list", True), ("limit", "list", True)}
    for measured in loads.values():
        assert measured.requests
        assert (measured.errors, measured.refused) == (0, 0)
        assert measured.app_cpu > 0
        assert 0 < measured.latency(LATENCIES[0]) <= measured.latency(LATENCIES[-1])


@pytest.mark.slow
@pytest.mark.loud
def test_what_was_measured_is_told(results):
    told = {row.what: row for row in judged(results)}
    assert told["list, c=4: requests a second, beside the limit"].at_least == 0.6
    assert told["errors under all loads"].held
    assert told["list: queries"].held
    assert len(details(results).splitlines()) == 1 + len(results.cells) + 2


@pytest.mark.slow
@pytest.mark.loud
@pytest.mark.parametrize("operation", BUDGET)
def test_a_request_costs_no_more_than_its_budget(results, operation):
    statements, calls = BUDGET[operation]
    assert results.counts[operation, ENTRIES].queries == statements
    assert results.calls[operation] <= calls


def lasted(seconds: float, errors: int = 0, refused: int = 0) -> Measured:
    return Measured(1000, seconds, 2 * seconds, 0.1, 0.0, errors, refused, {name: [seconds] for name in LATENCIES})


def test_all_rounds_of_a_load_count_together():
    """Nothing is picked out: not a rate, not what went wrong. Of latencies, which cannot be added, the median."""
    lasting = iter([lasted(1.0, errors=1), lasted(9.0, refused=5), lasted(2.0, errors=2)])
    target = SimpleNamespace(measure=lambda operation, connections, seconds: next(lasting))
    plan = Plan((ENTRIES,), connections=(4,), operations=("list",), rounds=3)
    (rounds,) = in_turn(plan, {("ours", ENTRIES): target}).values()
    assert (rounds.rate, rounds.cpu) == (250, 8.0)
    assert (rounds.errors, rounds.refused) == (3, 5)
    assert rounds.latency("p99") == 2.0


def test_what_the_application_refuses_is_not_served(monkeypatch, tmp_path):
    """As its log says, which has lines of the load before, too."""
    app = Process(SimpleNamespace(pid=os.getpid()), 1, tmp_path / "log")
    app.log.write_text(line := '{"route": "/", "status": 503, "ms": 1.0}\n')

    def sends(*args):
        with app.log.open("a") as log:
            log.write(line + line.replace("503", "500") + line)
        return {"requests": 10, "us": 1e6, "errors": 3, "p50": 1, "p95": 2, "p99": 3}

    monkeypatch.setattr(load, "run_wrk", sends)
    measured = Target(app, SimpleNamespace(pid=os.getpid()), ENTRIES, tmp_path).measure("list", 64, 1)
    assert (measured.requests, measured.refused, measured.errors) == (8, 2, 1)


def test_what_is_refused_is_an_error_too():
    cells = {Cell("ours", "list", ENTRIES, 64): lasted(1.0, 1, 5), Cell("limit", "list", ENTRIES, 64): lasted(1.0, 7)}
    counts = {(operation, ENTRIES): Counts(1.0, 1.0) for operation in requests.OPERATIONS}
    told = counted(Results(Plan((ENTRIES,)), cells, counts, {}, {("ours", ENTRIES): 40.0}))
    assert {row.what: row.ours for row in told}["errors under all loads"] == 6


def test_every_operation_but_the_mix_of_them_has_a_budget():
    assert set(requests.OPERATIONS) - set(BUDGET) == {"mix"}


@pytest.mark.parametrize("wrong", [["--rows", "0"], ["--rows", "many"], ["--operations", "fly"], ["--rounds", "x"]])
def test_a_wrong_word_is_told_in_one_line(capsys, wrong):
    with pytest.raises(SystemExit) as ended:
        command.main(wrong)
    assert ended.value.code == 2
    assert wrong[0] in capsys.readouterr().err.splitlines()[-1]
