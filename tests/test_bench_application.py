"""The benchmark of the application works, and what a request costs whatever the machine. No time is asserted."""

import pytest

from bench.application import __main__ as command
from bench.application import requests
from bench.application.load import LATENCIES
from bench.application.report import details, judged
from bench.application.results import Plan
from bench.application.run import measure
from bench.rows import Missing

ENTRIES = 200
# Operation: statements, and at most so many calls of functions. The list took 22,700 while its rows were made by a
# template, and a statement that is made anew for each request costs some hundreds.
BUDGET = {
    "list": (1, 6900),
    "filter": (1, 7050),
    "read": (1, 1850),
    "create": (5, 2100),
    "update": (5, 2500),
    "toggle": (1, 1250),
    "delete": (5, 2250),
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
    for load in loads.values():
        assert load.requests
        assert load.errors == 0
        assert load.app_cpu > 0
        assert 0 < load.latency(LATENCIES[0]) <= load.latency(LATENCIES[-1])


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


def test_every_operation_but_the_mix_of_them_has_a_budget():
    assert set(requests.OPERATIONS) - set(BUDGET) == {"mix"}


@pytest.mark.parametrize("wrong", [["--rows", "0"], ["--rows", "many"], ["--operations", "fly"], ["--rounds", "x"]])
def test_a_wrong_word_is_told_in_one_line(capsys, wrong):
    with pytest.raises(SystemExit) as ended:
        command.main(wrong)
    assert ended.value.code == 2
    assert wrong[0] in capsys.readouterr().err.splitlines()[-1]
