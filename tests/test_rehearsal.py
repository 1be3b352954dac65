"""The rehearsal as a person sees it."""

import os
import re
import signal
import subprocess
import sys
import threading

import pytest

from rehearsal import service
from rehearsal.server import request
from tests.nest import ROOT

pytestmark = pytest.mark.slow


def test_deploys_serves_a_browser_until_ctrl_c_and_tears_down():
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "rehearsal"],
        cwd=ROOT,
        env=environment | {"KEEP": "1", "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    watchdog = threading.Timer(240, process.kill)
    watchdog.start()
    lines = []
    try:
        for line in process.stdout:
            lines.append(line.rstrip())
            if url := re.match(r"open (http://(\S+)/)   \(Ctrl-C", line):
                host = url[2]
                # A browser takes every name below .localhost for this machine.
                status, _, body = request(f"http://127.0.0.1:{host.rpartition(':')[2]}", "GET", "/", {"Host": host})
                # As a terminal does: to the whole group.
                os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 0, "\n".join(lines[-20:])
    finally:
        watchdog.cancel()
        process.kill()
        process.stdout.close()
    assert status == 200
    assert b"Rehearsed " in body
    text = "\n".join(lines)
    assert "flaskcrud-lab: 0 AWS::IAM::* resources" in lines
    assert "flaskcrud-reference: 3 AWS::IAM::* resources" in text
    assert re.search(r"^POST http://\S+/entries/new  ->  HTTP 303$", text, re.MULTILINE)
    assert re.search(r"^GET http://\S+elb.amazonaws.com/  ->  HTTP 200$", text, re.MULTILINE)
    assert "2 tasks of migrate, app, web, on " in text
    for stack in ("flaskcrud-lab", "flaskcrud-lab-bootstrap", "flaskcrud-reference", "flaskcrud-reference-bootstrap"):
        assert f"{stack}: DELETE_COMPLETE" in lines
    for kind in ("real", "emulated", "not exercised"):
        assert re.search(rf"^\S.* {kind}  ", text, re.MULTILINE)


def test_without_nginx_requests_go_to_the_application(tmp_path, monkeypatch):
    monkeypatch.setattr(service, "SYSTEM_PATH", str(tmp_path))
    assert not service.has_nginx()
    definition = {"containerDefinitions": [{"name": "app"}, {"name": "web", "portMappings": [{"containerPort": 80}]}]}
    assert service._front(definition) == "web"
    left = service._without_front(definition)
    assert [each["name"] for each in left["containerDefinitions"]] == ["app"]
    assert service._front(left) == "app"


def run(*environments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "rehearsal", *environments],
        cwd=ROOT,
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        stdin=subprocess.DEVNULL,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_life_of_every_environment():
    result = run("all")
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr
    assert result.stdout.splitlines()[-4:] == [
        "lab: created, updated, destroyed; final snapshot: delete, 0 left",
        "production: created, updated, destroyed; final snapshot: keep, 1 left",
        "reference: created, updated, destroyed; final snapshot: keep, 1 left",
        "standard: created, updated, destroyed; final snapshot: keep, 1 left",
    ]


def test_an_environment_that_is_not_there_is_one_line():
    result = run("nope")
    assert result.returncode == 1
    assert result.stderr == (
        "error: 'nope' is no environment; environments: lab, production, reference, standard, or all\n"
    )
