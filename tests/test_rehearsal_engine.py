"""The stand-in engine as deploy.sh meets it: its command line, the images that it makes, and the registry."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import boto3
import pytest

from rehearsal import engine, oci, server

ROOT = Path(__file__).resolve().parents[1]
ECR = f"{server.ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
TAG = "127.0.0.1:9/app:1"

DOCKERFILE = """
# A comment
ARG BASE_IMAGE=python:3.14
ARG PORT=8000
FROM ${BASE_IMAGE} AS builder
ADD https://example.org/x /x
FROM ${BASE_IMAGE} AS base
RUN apt-get update \\
    # in between
    && apt-get install --yes something
ENV PATH="/opt/venv/bin:$PATH" GREETING="good day"
WORKDIR /srv
FROM base AS app
ARG PORT
ENV APP_PORT=${PORT} NONE=${UNSET:-none} SOME=${PORT:+some}
COPY --from=builder /opt/venv /opt/venv
COPY app app
COPY app/main.py settings.ini conf/
COPY --chmod=0755 settings.ini renamed.ini
USER 10001:10001
EXPOSE 8000
VOLUME /tmp
STOPSIGNAL SIGQUIT
ENTRYPOINT ["sh"]
CMD echo $HOME
FROM scratch AS other
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A small project; images go beside it, and the registry of AWS is nowhere."""
    directory = tmp_path / "project"
    (directory / "app" / "static").mkdir(parents=True)
    (directory / "Dockerfile").write_text(DOCKERFILE)
    (directory / "app" / "main.py").write_text("print('hello')\n")
    (directory / "app" / "static" / "style.css").write_text("p {}\n")
    (directory / "app" / ".env").write_text("PASSWORD=x\n")
    (directory / "settings.ini").write_text("[a]\n")
    (directory / ".dockerignore").write_text("# nothing secret\n**/.env\napp/static/*\n!app/static/*.css\n")
    monkeypatch.setenv("REHEARSAL_IMAGES", str(tmp_path / "images"))
    monkeypatch.delenv("REHEARSAL_REGISTRY", raising=False)
    return directory


@pytest.fixture
def store(tmp_path):
    return oci.Store(tmp_path / "images")


def build(directory, *options, tag=TAG):
    return engine.main(["build", "--target", "app", "--tag", tag, *options, str(directory)])


def image_of(store, tag=TAG):
    """The image's configuration document and its layer's members by name."""
    manifest = json.loads(store.get(store.resolve(tag)))
    layer = store.get(manifest["layers"][0]["digest"])
    assert layer[4:8] == bytes(4), "the time in gzip's header"
    with tarfile.open(fileobj=io.BytesIO(layer), mode="r:gz") as tar:
        return json.loads(store.get(manifest["config"]["digest"])), {member.name: member for member in tar}


def test_the_image_holds_what_copy_says(project, store):
    assert build(project) == 0
    _, members = image_of(store)
    files = {name: oct(member.mode) for name, member in members.items() if member.isfile()}
    assert files == {
        "srv/app/main.py": "0o644",
        "srv/app/static/style.css": "0o644",
        "srv/conf/main.py": "0o644",
        "srv/conf/settings.ini": "0o644",
        "srv/renamed.ini": "0o755",
    }
    assert {(member.mtime, member.uid, member.gid) for member in members.values()} == {(0, 0, 0)}
    assert list(members) == sorted(members)


def test_the_image_says_how_to_run_it(project, store):
    assert build(project, "--platform", "linux/arm64", "--build-arg", "PORT=9000") == 0
    document, _ = image_of(store)
    assert (document["os"], document["architecture"]) == ("linux", "arm64")
    config = document["config"]
    assert config.pop("Labels") == {"rehearsal.stand-in": "left out: the base image, RUN, COPY --from=builder"}
    assert config == {
        "Env": [
            f"PATH=/opt/venv/bin:{oci.SYSTEM_PATH}",
            "GREETING=good day",
            "APP_PORT=9000",
            "NONE=none",
            "SOME=some",
        ],
        "WorkingDir": "/srv",
        "User": "10001:10001",
        "ExposedPorts": {"8000/tcp": {}},
        "Volumes": {"/tmp": {}},
        "StopSignal": "SIGQUIT",
        "Entrypoint": ["sh"],
        "Cmd": ["/bin/sh", "-c", "echo $HOME"],
    }


def test_what_is_left_out_is_said(project, capsys):
    build(project)
    assert "left out: the base image, RUN, COPY --from=builder" in capsys.readouterr().err


def test_equal_files_give_equal_digests(project, store):
    build(project)
    first = store.resolve(TAG)
    for path in project.rglob("*"):
        os.utime(path, (1, 1))
    (project / "app" / "main.py").chmod(0o600)  # another umask
    build(project)
    assert store.resolve(TAG) == first
    (project / "app" / "main.py").write_text("print('bye')\n")
    build(project)
    assert store.resolve(TAG) != first


def test_the_ignore_file_beside_the_dockerfile_comes_first(project, store):
    (project / "Dockerfile.dockerignore").write_text("*\n!app\n!settings.ini\napp/static\n")
    assert build(project) == 0
    _, members = image_of(store)
    assert "srv/app/.env" in members
    assert "srv/app/static/style.css" not in members


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ADD app app", "ADD: not understood"),
        ("COPY --parents app app", "COPY --parents: not understood"),
        ("COPY absent .", "COPY absent: no such file in the build context"),
        ("COPY app/.env .", "COPY app/.env: no such file in the build context"),
        ("COPY link .", "COPY link: a symbolic link is not understood"),
        ("RUN <<EOF", "RUN: a here-document is not understood"),
        ("ENV A='$B'", "A='$B': a quoted $ is not understood"),
        ("COPY ../outside .", "COPY ../outside: no such file in the build context"),
        ("CMD [broken", "Expecting value"),
    ],
)
def test_a_dockerfile_that_is_not_understood_is_refused_in_one_line(project, capsys, line, reason):
    (project / "link").symlink_to("settings.ini")
    (project.parent / "outside").write_text("not ours")
    (project / "Dockerfile").write_text(f"FROM scratch AS app\n{line}\n")
    assert build(project) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("stand-in engine: ")
    assert reason in said.replace(str(project) + "/", "")


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        (["prune"], 2, "invalid choice: 'prune'"),
        ([], 2, "required: COMMAND"),
        (["image"], 2, "required: COMMAND"),
        (["build", "--squash", "--tag", TAG, "."], 2, "unrecognized arguments: --squash"),
        (["build", "--plat", "linux/amd64", "--tag", TAG, "."], 2, "unrecognized arguments: --plat"),
        (["build", "--platform", "linux/s390x", "--tag", TAG, "."], 2, "invalid choice: 'linux/s390x'"),
        (["build", "."], 2, "required: -t/--tag"),
        (["build", "--tag", "untagged", "."], 1, "untagged: expected REGISTRY/REPOSITORY:TAG"),
        (["build", "--tag", TAG, "/nonexistent"], 1, "No such file"),
        (["login", "--username", "AWS", "127.0.0.1:9"], 2, "required: --password-stdin"),
        (["image", "inspect", "127.0.0.1:9/absent:1"], 1, "127.0.0.1:9/absent:1: no such image"),
        (["push", "127.0.0.1:9/absent:1"], 1, "127.0.0.1:9/absent:1: no such image"),
    ],
)
def test_a_command_line_that_is_not_understood_is_refused_in_one_line(project, capsys, words, status, reason):
    try:
        given = engine.main(words)
    except SystemExit as exit_:
        given = exit_.code
    (said,) = capsys.readouterr().err.splitlines()
    assert (given, said.startswith("stand-in engine: "), reason in said) == (status, True, True), said


def test_build_refuses_a_stage_and_an_argument_that_are_not_there(project, capsys):
    assert engine.main(["build", "--target", "none", "--tag", TAG, str(project)]) == 1
    assert "the Dockerfile has no stage none" in capsys.readouterr().err
    assert build(project, "--build-arg", "COLOUR=red") == 1
    assert "--build-arg COLOUR: the Dockerfile has no such ARG" in capsys.readouterr().err


@pytest.mark.parametrize(
    "registry", [ECR, "docker.io", "10.0.0.1:5000", "localhost.example.org", "127.0.0.1.example.org", "127.0.0.1:x"]
)
def test_push_and_login_speak_to_this_machine_only(project, capsys, monkeypatch, registry):
    tag = f"{registry}/app:1"
    assert build(project, tag=tag) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("password"))
    capsys.readouterr()
    for words in (["push", tag], ["login", "--username", "AWS", "--password-stdin", registry]):
        assert engine.main(words) == 1
        assert capsys.readouterr().err.endswith("speaks to registries on this machine only\n")


@pytest.mark.parametrize(
    ("registry", "stand_in", "reason"),
    [
        (ECR, "127.0.0.1:9", "does not answer"),
        (ECR, "10.0.0.1:80", "on this machine only"),
        ("docker.io", "127.0.0.1:9", "on this machine only"),
    ],
)
def test_a_registry_of_this_machine_stands_for_aws_s_only(project, monkeypatch, capsys, registry, stand_in, reason):
    tag = f"{registry}/app:1"
    build(project, tag=tag)
    monkeypatch.setenv("REHEARSAL_REGISTRY", stand_in)
    assert engine.main(["push", tag]) == 1
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../outside", tarfile.REGTYPE),
        ("a/../../outside", tarfile.REGTYPE),
        ("/outside", tarfile.REGTYPE),
        ("link", tarfile.SYMTYPE),
        ("link", tarfile.LNKTYPE),
        ("device", tarfile.CHRTYPE),
    ],
)
def test_a_layer_that_reaches_outside_is_refused(tmp_path, name, kind):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(oci.ImageError, match=f"unsafe layer: {name}"):
        oci.unpack(buffer.getvalue(), tmp_path / "root")
    assert list(tmp_path.rglob("*")) == [tmp_path / "root"]


def test_a_layer_that_is_no_archive_is_refused(tmp_path):
    with pytest.raises(oci.ImageError, match="broken layer"):
        oci.unpack(b"no archive", tmp_path / "root")


@pytest.fixture(scope="module")
def aws():
    """An embedded AWS with a repository whose tags are immutable."""
    with server.start() as running:
        ecr = boto3.client("ecr", **running.client_options())
        ecr.create_repository(repositoryName="team/app", imageTagMutability="IMMUTABLE")
        yield running, ecr


def run(program, aws, *words, **options):
    """Run the engine as deploy.sh does, with REHEARSAL_REGISTRY."""
    env = os.environ | {"REHEARSAL_REGISTRY": aws.url.removeprefix("http://")}
    return subprocess.run([program, *words], env=env, capture_output=True, text=True, check=False, **options)


@pytest.mark.slow
def test_build_login_push_and_pull(project, tmp_path, aws):
    running, ecr = aws
    program, tag = engine.install(tmp_path), f"{ECR}/team/app:v1"
    login = run(program, running, "login", "--username", "AWS", "--password-stdin", ECR, input="secret")
    assert (login.returncode, login.stdout) == (0, "Login Succeeded\n")
    assert run(program, running, "version").returncode == 0
    assert (
        run(program, running, "build", "-f", project / "Dockerfile", "-t", tag, "--target", "app", project).returncode
        == 0
    )
    inspected = json.loads(run(program, running, "image", "inspect", tag).stdout)
    assert run(program, running, "push", tag).returncode == 0

    (image,) = ecr.describe_images(repositoryName="team/app")["imageDetails"]
    assert image["imageTags"] == ["v1"]
    assert inspected[0]["RepoDigests"] == [f"{ECR}/team/app@{image['imageDigest']}"]
    for name in (tag, f"{ECR}/team/app@{image['imageDigest']}"):
        root = tmp_path / name.replace("/", "_")
        config = oci.pull(name, root, running.url.removeprefix("http://"))
        assert (root / "srv" / "app" / "main.py").read_text() == "print('hello')\n"
        assert os.access(root / "srv" / "renamed.ini", os.X_OK)
        assert (config.digest, config.workdir, config.stop_signal) == (image["imageDigest"], "/srv", "SIGQUIT")
        assert (config.entrypoint, config.environment["APP_PORT"]) == (["sh"], "8000")

    (project / "app" / "main.py").write_text("print('changed')\n")
    run(program, running, "build", "-f", project / "Dockerfile", "-t", tag, "--target", "app", project)
    again = run(program, running, "push", tag)
    assert again.returncode == 1
    assert "immutable" in again.stderr
    assert len(again.stderr.splitlines()) == 1


@pytest.mark.slow
def test_pull_of_an_image_that_is_not_there(tmp_path, aws):
    with pytest.raises(oci.ImageError, match="refused GET /v2/team/app/manifests/absent: 404"):
        oci.pull(f"{aws[0].url.removeprefix('http://')}/team/app:absent", tmp_path / "root")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "reason"), [("manifests", "manifest of team/app:checked is not"), ("blobs", "has another digest")]
)
def test_pull_checks_the_digests(project, tmp_path, aws, monkeypatch, kind, reason):
    tag = f"{aws[0].url.removeprefix('http://')}/team/app:checked"
    build(project, tag=tag)
    assert engine.main(["push", tag]) == 0
    call = oci.Registry.call

    def tampered(self, method, path, *arguments, **more):
        answer = call(self, method, path, *arguments, **more)
        answer.content += b" " if kind in path else b""
        return answer

    monkeypatch.setattr(oci.Registry, "call", tampered)
    with pytest.raises(oci.ImageError, match=reason):
        oci.pull(tag, tmp_path / "root")
    assert not (tmp_path / "root").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("target", "files"), [("app", {"srv/app/__init__.py"}), ("web", {"srv/start-web.sh"})])
def test_the_project_s_own_images_are_understood(project, store, target, files):
    tag = f"127.0.0.1:9/{target}:1"
    words = ["build", "--file", str(ROOT / "docker" / "Dockerfile"), "--target", target, "--tag", tag, str(ROOT)]
    assert engine.main(words) == 0
    document, members = image_of(store, tag)
    assert files <= members.keys()
    assert document["config"]["Cmd"]


def test_who_is_interrupted_while_a_password_comes_ends_without_a_word(tmp_path):
    """As docker does. What stopped a deployment says so itself, and a traceback beside it would hide that."""
    command = [sys.executable, "-m", "rehearsal.engine", "login", "--username", "AWS", "--password-stdin", ECR]
    environ = os.environ | {"REHEARSAL_IMAGES": str(tmp_path), "REHEARSAL_REGISTRY": "127.0.0.1:9"}
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(b"x" * 2**20)  # more than a pipe holds: this returns when it is being read
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == -signal.SIGINT
        assert process.stderr.read() == b""
