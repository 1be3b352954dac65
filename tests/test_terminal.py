"""A deployment in a terminal: redrawn in place, left with Ctrl-C, attached to again; and lines on a dumb one."""

import shutil

import pytest

from deploy.terminal import fitted
from rehearsal import server
from rehearsal.player import Player
from rehearsal.recordings import load
from tests.deploying import QUIET, machine
from tests.nest import ROOT
from tests.terminal import Session

pytestmark = pytest.mark.slow

UP, FOLLOW = ["python", "-m", "deploy", "up", "lab"], ["python", "-m", "deploy", "follow", "lab"]


@pytest.fixture(scope="module")
def aws():
    with server.start() as running:
        yield running


@pytest.fixture(scope="module")
def place(tmp_path_factory, aws):
    """The environment of a machine, with the lab's stack deployed and something to update."""
    directory = tmp_path_factory.mktemp("place")
    config = shutil.copytree(ROOT / "config", directory / "config")
    environment = machine(aws, directory) | QUIET | {"CONFIG": str(config)}
    session = Session(["./deploy.sh", "lab"], 120, **environment)
    assert session.read() == 0, session.terminal.screen
    with (config / "lab.env").open("a") as file:
        file.write("HealthCheckGracePeriodSeconds=200\n")
    environment["FIRST"] = session.terminal.screen
    return environment


def drawing(screen: str) -> list[str]:
    """The lines from the last drawing's head on."""
    lines = screen.splitlines()
    heads = [number for number, line in enumerate(lines) if line.startswith("flaskcrud-lab  ")]
    return lines[heads[-1] :] if heads else []


def test_a_success_leaves_the_whole_tree_and_the_url(place):
    screen = place["FIRST"]
    head, *rest = drawing(screen)
    assert head.startswith("flaskcrud-lab  CREATE_COMPLETE  0:0")
    assert sum(line.startswith("  ✓ ") for line in rest) == 5
    assert "targets   1 healthy" in rest
    assert any(line.startswith("flaskcrud-lab: what was sent runs") for line in rest)
    assert screen.splitlines()[-1].startswith("Url ")


def test_ctrl_c_leaves_it_running_and_follow_attaches_again(place, aws):
    """Drawn at 80 columns, made 60 on the way; attached at 120 without colours."""
    recording = load()["role-not-assumable"]
    with Player(aws.url, recording) as player:
        there = place | {"AWS_ENDPOINT_URL": player.url}
        session = Session(UP, 80, **there)
        assert session.read(until=lambda terminal: "● Service" in terminal.screen) is None
        assert session.terminal.cursor_hidden
        session.resize(60)
        assert session.read(until=lambda terminal: "0:03" in terminal.screen) is None
        assert all(len(line) < 80 for line in drawing(session.terminal.screen))
        session.press(b"\x03")
        assert session.read() == 130
        assert "`make follow ENV=lab` only watches" in " ".join(session.terminal.screen.split())
        assert not session.terminal.cursor_hidden
        assert {"33", "0"} <= session.terminal.colours
        again = Session(FOLLOW, 120, **there | {"NO_COLOR": "1"})
        assert again.read() == 1
    screen = again.terminal.screen
    assert "UPDATE_ROLLBACK_COMPLETE" in drawing(screen)[0]
    assert "cause     ECS cannot assume the role, or there is none of that name" in screen
    assert again.terminal.colours == set()
    assert not again.terminal.cursor_hidden
    assert "Traceback" not in session.terminal.screen + screen


@pytest.mark.parametrize("columns", [80, 120])
def test_a_failure_at_both_widths(place, aws, columns):
    with Player(aws.url, load()["application-exits"]) as player:
        session = Session(UP, columns, **place | {"AWS_ENDPOINT_URL": player.url})
        assert session.read() == 1
        assert player.cancelled
    lines = drawing(session.terminal.screen)
    verdict = next(number for number, line in enumerate(lines) if line.startswith("cause "))
    assert all(len(line) < columns for line in lines[: verdict + 4])
    assert "  app| ImportError: cannot import name 'create_app' from 'app'" in lines
    assert lines[verdict] == "cause     a container ends by itself"
    assert not session.terminal.cursor_hidden
    heads = [line for line in session.terminal.screen.splitlines() if line.startswith("flaskcrud-lab  UPDATE")]
    assert len(heads) == 1  # every other drawing was drawn over


def test_a_dumb_terminal_gets_lines(place, aws):
    with Player(aws.url, load()["quota"]) as player:
        session = Session(UP, 80, **place | {"AWS_ENDPOINT_URL": player.url, "TERM": "dumb"})
        assert session.read() == 1
    assert session.terminal.colours == set()
    assert "UPDATE_FAILED                Network/VPC - Resource handler returned" in session.terminal.screen


def test_words_stay_whole_in_a_narrow_terminal():
    assert fitted("short enough", 20) == "short enough"
    assert fitted("  some words too many for it", 20) == "  some words too\n    many for it"
    address = f"http://{'x' * 90}.test"
    assert fitted(f"Url      {address}", 80) == f"Url\n  {address}"  # to be copied
    assert fitted(f"    {address}", 80) == f"    {address}"


def test_nothing_under_way_is_said(place):
    session = Session(FOLLOW, 80, **place)
    assert session.read() == 0
    assert session.terminal.screen.startswith("flaskcrud-lab: nothing is under way; it is in CREATE_COMPLETE")


def test_a_destruction_is_drawn_and_ends_with_what_is_left(place):
    """After all others: it takes the environment away."""
    session = Session(["python", "-m", "deploy", "destroy", "lab"], 80, **place | {"YES": "0"})
    assert session.read(until=lambda terminal: "[flaskcrud-lab to agree]" in terminal.screen) is None
    session.press(b"flaskcrud-lab\r")
    assert session.read() == 0
    lines = session.terminal.screen.splitlines()
    head = lines.index(next(line for line in lines if line.startswith("flaskcrud-lab  DELETE_COMPLETE")))
    assert sum(line.startswith("  ✓ ") for line in lines[head : head + 6]) == 5
    assert not any("IN_PROGRESS" in line for line in lines)
    assert lines[-1] == "what is left: nothing that is known of"
