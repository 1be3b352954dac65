"""Docker and Podman as a rehearsal calls them: found, recognised, and told what deploy.sh said. Needs neither."""

import json
import re
import socket
import subprocess

import pytest

from rehearsal import __main__ as rehearsal
from rehearsal import oci, real_engine
from rehearsal.real_engine import Engine, EngineError
from tests.nest import ROOT

HERE = "127.0.0.1:20001"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/flaskcrud-lab/app:1"
LOCAL = f"{HERE}/flaskcrud-lab/app:1"
DOCKER, PODMAN = Engine("docker", is_podman=False), Engine("podman", is_podman=True)
THIS = socket.gethostname()
DOCKER_INFO = {"Name": THIS, "SecurityOptions": ["name=seccomp,profile=builtin"]}
PODMAN_INFO = {"host": {"hostname": THIS, "serviceIsRemote": False}}


@pytest.fixture
def no_engine(tmp_path, monkeypatch):
    """A PATH on which there is no engine, and no choice of one; the directory is the place for fakes."""
    for name in ("REHEARSAL_ENGINE", "CONTAINER_ENGINE", "REHEARSAL_BUILD_ARGS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def fake(directory, name, script):
    """An executable that runs a shell script."""
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def answers(info) -> str:
    return f"/bin/cat <<'END'\n{json.dumps(info)}\nEND"


@pytest.mark.parametrize(
    ("engine", "said", "told"),
    [
        (DOCKER, ["push", IMAGE], ["push", LOCAL]),
        (PODMAN, ["push", IMAGE], ["push", "--tls-verify=false", LOCAL]),
        (PODMAN, ["pull", IMAGE], ["pull", "--tls-verify=false", LOCAL]),
        (DOCKER, ["build", "--tag", IMAGE, "."], ["build", "--build-arg=A=b", "--tag", LOCAL, "."]),
        (PODMAN, ["build", f"--tag={IMAGE}", "."], ["build", "--build-arg=A=b", f"--tag={LOCAL}", "."]),
        (DOCKER, ["login", IMAGE.partition("/")[0]], ["--config", "/logins", "login", HERE]),
        (
            PODMAN,
            ["login", IMAGE.partition("/")[0]],
            ["login", "--tls-verify=false", "--authfile=/logins/logins.json", HERE],
        ),
        (DOCKER, ["info"], ["info"]),
    ],
)
def test_an_engine_is_told_where_the_registry_really_is(engine, said, told):
    assert real_engine.command_line(engine, said, HERE, "/logins", ["A=b"]) == told


@pytest.mark.parametrize("name", ["x" + IMAGE, IMAGE.replace(".com/", ".com.example.org/"), "ghcr.io/me/app:1"])
def test_nothing_is_pushed_to_another_machine(name):
    with pytest.raises(oci.ImageError, match="this machine only"):
        real_engine.command_line(DOCKER, ["push", name], HERE, "/logins", [])


def test_the_installed_program_calls_the_engine(tmp_path, monkeypatch):
    show = fake(tmp_path, "podman", 'printf "%s\\n" "$@"; cat')
    program = real_engine.install(tmp_path, Engine(str(show), is_podman=True))
    monkeypatch.setenv("REHEARSAL_BUILD_ARGS", "A='b c' D=e")
    for words, expected in (
        (["build", "--tag", IMAGE, "."], ["build", "--build-arg=A=b c", "--build-arg=D=e", "--tag", LOCAL, "."]),
        (["push", IMAGE], ["push", "--tls-verify=false", LOCAL]),
    ):
        monkeypatch.setenv("REHEARSAL_REGISTRY", HERE)
        done = subprocess.run([program, *words], input="stdin", capture_output=True, text=True, check=True)
        assert done.stdout.splitlines() == [*expected, "stdin"]
    monkeypatch.delenv("REHEARSAL_REGISTRY")
    done = subprocess.run([program, "push", IMAGE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "rehearsal: podman: REHEARSAL_REGISTRY is not set\n")


@pytest.mark.parametrize(("info", "is_podman"), [(DOCKER_INFO, False), (PODMAN_INFO, True)])
def test_an_engine_of_this_machine(info, is_podman):
    assert real_engine.recognise("x", info, THIS) == Engine("x", is_podman)


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        ({"Name": "docker-desktop"}, "not run on this machine"),
        ({"host": {"hostname": "localhost.localdomain"}}, "not run on this machine"),
        ({"host": {"hostname": THIS, "serviceIsRemote": True}}, "not run on this machine"),
        ({"Name": THIS, "SecurityOptions": ["name=rootless"]}, "a network of its own"),
    ],
)
def test_an_engine_that_cannot_reach_this_machines_loopback(info, reason):
    with pytest.raises(EngineError, match=reason):
        real_engine.recognise("x", info, THIS)


def test_docker_is_preferred_and_podman_takes_its_place(no_engine):
    fake(no_engine, "podman", answers(PODMAN_INFO))
    assert real_engine.find_engine() == PODMAN
    fake(no_engine, "docker", answers({}) + "\necho Cannot connect to the daemon >&2; exit 1")
    assert real_engine.find_engine() == PODMAN
    fake(no_engine, "docker", answers(DOCKER_INFO))
    assert real_engine.find_engine() == DOCKER


def test_the_users_choice_is_the_only_one(no_engine, monkeypatch):
    fake(no_engine, "podman", answers(PODMAN_INFO))
    own = fake(no_engine, "own", "echo Cannot connect to the daemon >&2; exit 1")
    monkeypatch.setenv("CONTAINER_ENGINE", str(own))
    with pytest.raises(EngineError, match="own info: Cannot connect to the daemon"):
        real_engine.find_engine()
    monkeypatch.setenv("CONTAINER_ENGINE", "absent")
    with pytest.raises(EngineError, match="absent: No such file"):
        real_engine.find_engine()
    monkeypatch.delenv("CONTAINER_ENGINE")
    monkeypatch.setenv("REHEARSAL_ENGINE", "none")
    with pytest.raises(EngineError, match="REHEARSAL_ENGINE=none"):
        real_engine.find_engine()


@pytest.mark.parametrize("answer", ["echo hello", "echo 7", "echo '{}'"])
def test_what_is_no_engine(no_engine, answer):
    with pytest.raises(EngineError, match="no container engine is installed"):
        real_engine.find_engine()
    fake(no_engine, "docker", answer)
    with pytest.raises(EngineError, match="docker"):
        real_engine.find_engine()


def test_the_bases_of_the_images(monkeypatch):
    monkeypatch.delenv("REHEARSAL_BUILD_ARGS", raising=False)
    names = [name.partition(":")[0] for name in real_engine.base_images(ROOT / "docker/Dockerfile")]
    assert names == ["python", "nginx"]
    monkeypatch.setenv("REHEARSAL_BUILD_ARGS", "PYTHON_IMAGE=localhost/python:3")
    assert real_engine.base_images(ROOT / "docker/Dockerfile")[0] == "localhost/python:3"


def test_without_a_base_the_stand_in_takes_the_engines_place(no_engine, capsys):
    fake(no_engine, "docker", f'[ "$1" = info ] || {{ echo no such host >&2; exit 1; }}\n{answers(DOCKER_INFO)}')
    assert rehearsal.usable_engine() is None
    assert "note: images and containers are stand-ins: docker pull: no such host" in capsys.readouterr().out


def test_bases_that_are_here_are_not_pulled(no_engine):
    fake(no_engine, "docker", f'[ "$1" != pull ] || exit 1\n{answers(DOCKER_INFO)}')
    assert rehearsal.usable_engine() == DOCKER


def test_the_summary_tells_what_was_used(monkeypatch):
    monkeypatch.setenv("REHEARSAL_BUILD_ARGS", "PYTHON_IMAGE=a@sha256:1 NGINX_IMAGE=b")
    with_engine, without = rehearsal.summary("SQLite", PODMAN), rehearsal.summary("SQLite", None)
    assert re.search(r"^images +real +built by podman on a and b$", with_engine, re.MULTILINE)
    assert re.search(r"^images +emulated", without, re.MULTILINE)
    assert "containers of podman" in with_engine
    assert "local processes, not containers" in without


def test_the_environment_has_the_engines_settings_and_no_others(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/docker.sock")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    found = real_engine.settings()
    assert found["DOCKER_HOST"] == "unix:///run/docker.sock"
    assert not [name for name in found if name.startswith("AWS") or name == "PATH"]


def test_only_the_images_of_the_rehearsal_are_removed(tmp_path):
    rows = f"{HERE}/app 1 sha256:a\n{HERE}/web <none> sha256:b\n127.0.0.1:20002/other 1 sha256:c\n<none> <none> <none>"
    program = fake(tmp_path, "docker", f'[ "$2" = ls ] && echo "{rows}" || echo "$@" >> {tmp_path}/removed')
    real_engine.remove_images(Engine(str(program), is_podman=False), HERE)
    removed = (tmp_path / "removed").read_text().splitlines()
    assert set(removed) == {f"image rm {HERE}/app:1", f"image rm {HERE}/web@sha256:b"}
