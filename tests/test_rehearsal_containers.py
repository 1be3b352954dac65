"""A task in containers: how they are created, and with a real engine how our images do in them."""

import json
import re
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

import boto3
import pytest

from drills.deployments.canaries import shown_in
from rehearsal import containers, database, real_engine, server, service, tasks
from rehearsal.real_engine import Engine, EngineError
from tests.conftest import free_port
from tests.nest import ROOT, flat, of_type

DOCKER, PODMAN = Engine("docker", is_podman=False), Engine("podman", is_podman=True)
REGISTRY = f"{server.ACCOUNT}.dkr.ecr.{server.REGION}.amazonaws.com"
IMAGES = {name: f"{REGISTRY}/rehearsed/{name}:1" for name in ("app", "web")}
SECRET = "a secret 'value\" with $ and \\ and # and é"
APP_SECRET, SESSION_SECRET = "the application's own " + SECRET, "canary-session-key-5e8a1b7c"
# What may lie about in a checkout, and in the environment of who builds.
CANARY = "canary-of-a-checkout-9c4d2e1f"
LEFT_ABOUT = (
    *(".env", ".git/config", "build/compose.env", "config/own.env", "deploys/one/journal.jsonl", "instance/own.sqlite"),
    *(
        "app/.env",
        "app/.config.py.swp",
        "app/static/.env",
        "app/own.sqlite",
        "app/own.sqlite-journal",
        "docker/own.env",
    ),
)


def as_described(value):
    """A part of the resolved template as DescribeTaskDefinition gives it; a reference is the name of what it is to."""
    if isinstance(value, list):
        return [as_described(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (only := next(iter(value))) in ("Ref", "Fn::Sub", "Fn::GetAtt"):
        return str(value[only])
    return {key[0].lower() + key[1:]: as_described(item) for key, item in value.items()}


(TASK_DEFINITION,) = of_type(flat("lab"), "AWS::ECS::TaskDefinition").values()
DEFINITION = as_described(TASK_DEFINITION)
CONTAINERS = {container["name"]: container for container in DEFINITION["containerDefinitions"]}


def resolve_secret(reference) -> str:
    """Two users, and passwords that could go wrong in many places."""
    if ":username:" not in reference:
        own = APP_SECRET if "AppUser" in reference else SECRET
        return SESSION_SECRET if "Session" in reference else own
    return "application" if "AppUser" in reference else "master"


def words_of(container, engine=DOCKER, environment=(), secret=()):
    return containers.create_words(engine, container, "run", "image", dict(environment), secret)


def test_what_the_task_definition_asks_for():
    words = words_of(CONTAINERS["web"])
    assert words[:2] == ["create", "--name=run-web"]
    assert {"--init", "--cap-drop=ALL", "--read-only", "--volume=run-web-tmp:/tmp"} <= set(words)
    assert words[-1] == "image"  # and the image's command
    assert words_of(CONTAINERS["migrate"])[-5:] == ["image", "flask", "--app", "app", "migrate"]


def test_what_a_container_does_not_ask_for_it_does_not_get():
    assert words_of({"name": "a"}) == ["create", "--name=run-a", "--network=host", "--pull=never", "image"]


def test_podman_adds_nothing_of_its_own():
    added = set(words_of({"name": "a"}, PODMAN)) - set(words_of({"name": "a"}))
    assert added == {"--read-only-tmpfs=false", "--http-proxy=false"}


def test_a_secret_is_named_and_not_told():
    words = words_of({"name": "a"}, environment={"PORT": "80"}, secret=["PASSWORD"])
    assert words[-3:] == ["--env=PORT=80", "--env=PASSWORD", "image"]


def test_the_settings_of_the_machines_network_stay():
    controls = {"net.ipv4.ip_unprivileged_port_start": "0", "kernel.msgmax": "9000"}
    pairs = [{"namespace": name, "value": value} for name, value in controls.items()]
    words = words_of({"name": "a", "systemControls": pairs})
    assert [word for word in words if "sysctl" in word] == ["--sysctl=kernel.msgmax=9000"]


def test_an_entry_point_takes_the_place_of_the_images():
    words = words_of(
        {"name": "a", "entryPoint": ["sh", "-c"], "command": ["date"], "user": "7", "workingDirectory": "/x"}
    )
    assert {"--user=7", "--workdir=/x", "--entrypoint=sh"} <= set(words)
    assert words[-3:] == ["image", "-c", "date"]


# Writes down how it is called. An attached container lasts until it is told to stop.
FAKE = """
cd {directory}
echo "$@" >> calls
case $1 in
    create) echo "$PASSWORD" > password ;;
    start) echo "started $3"; while [ ! -e stopped ]; do sleep 0.05; done ;;
    stop) touch stopped ;;
    volume) exit 1 ;;
esac
"""


@pytest.fixture
def fake(tmp_path):
    """An engine that is none; its calls are in the file."""
    program = tmp_path / "engine"
    program.write_text("#!/bin/sh" + FAKE.format(directory=tmp_path))
    program.chmod(0o755)
    return Engine(str(program), is_podman=False), tmp_path / "calls"


def test_a_container_from_its_image_to_its_end(fake, tmp_path):
    engine, calls = fake
    secret = {"name": "PASSWORD", "valueFrom": "reference"}
    shadowed = {"name": "PORT", "valueFrom": "reference"}
    web = {"name": "web", "image": IMAGES["web"], "secrets": [secret, shadowed], "stopTimeout": 7}
    task = containers.run_in_containers(
        engine,
        {"containerDefinitions": [web], "volumes": [{"name": "tmp"}]},
        tmp_path,
        {"reference": SECRET}.__getitem__,
        {"PORT": "8080"},
        "127.0.0.1:20001",
        {Path("/here"): "/there"},
    )
    while not task.logs("web"):
        time.sleep(0.02)
    task.stop()
    (name,) = re.findall(r"start --attach (rehearsal-\w+-web)", calls.read_text())
    image = "127.0.0.1:20001/rehearsed/web:1"
    assert calls.read_text().splitlines() == [
        f"pull {image}",
        f"create --volume=/here:/there:z --name={name} --network=host --pull=never"
        f" --env=PORT=8080 --env=PASSWORD {image}",
        f"start --attach {name}",
        f"stop -t 7 {name}",
        f"rm --force --volumes {name}",
        f"volume rm --force {name.removesuffix('web')}tmp",
    ]
    assert (tmp_path / "password").read_text() == SECRET + "\n"
    assert task.logs("web") == f"started {name}\n"


def test_an_engine_that_refuses(tmp_path):
    program = tmp_path / "engine"
    program.write_text("#!/bin/sh\n[ $1 != create ] || { echo usage; echo no such image >&2; exit 125; }\n")
    program.chmod(0o755)
    definition = {"containerDefinitions": [{"name": "a", "image": IMAGES["app"]}]}
    with pytest.raises(tasks.TaskError, match="engine create: no such image"):
        containers.run_in_containers(Engine(str(program), False), definition, tmp_path, str, {}, "127.0.0.1:20001")


@pytest.fixture(scope="module")
def engine():
    try:
        found = real_engine.find_engine()
        real_engine.pull_bases(found, ROOT / "docker/Dockerfile")
    except EngineError as error:
        pytest.skip(f"needs docker or podman, and base images (REHEARSAL_BUILD_ARGS): {error}")
    return found


def used_checkout(folder: Path) -> Path:
    """What an image is built from, and beside it what has come to lie there."""
    for name in ("app", "docker", "requirements"):
        shutil.copytree(ROOT / name, folder / name)
    for name in LEFT_ABOUT:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"PASSWORD={CANARY}\n")
    return folder


@pytest.fixture(scope="module")
def registry(engine, tmp_path_factory):
    """A registry that both images were built for and pushed to, in the words of deploy.sh, from a used checkout."""
    checkout = used_checkout(tmp_path_factory.mktemp("checkout"))
    with pytest.MonkeyPatch.context() as patch, server.start() as aws:
        address = aws.url.removeprefix("http://")
        patch.setenv("REHEARSAL_REGISTRY", address)
        patch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
        program = str(real_engine.install(tmp_path_factory.mktemp("engine"), engine))
        login = [program, "login", "--username", "AWS", "--password-stdin", REGISTRY]
        subprocess.run(login, input="password", text=True, check=True)
        for target, image in IMAGES.items():
            boto3.client("ecr", **aws.client_options()).create_repository(repositoryName=f"rehearsed/{target}")
            build = [program, "build", "--file", "docker/Dockerfile", "--target", target, "--tag", image, "."]
            subprocess.run(build, cwd=checkout, check=True)
            subprocess.run([program, "push", image], check=True)
        described = boto3.client("ecr", **aws.client_options()).describe_images(repositoryName="rehearsed/web")
        digest = described["imageDetails"][0]["imageDigest"]
        for container in CONTAINERS.values():  # by digest and by tag
            web = container["name"] == "web"
            container["image"] = f"{REGISTRY}/rehearsed/web@{digest}" if web else IMAGES["app"]
        yield address
        real_engine.remove_images(engine, address)
        assert address not in engine.run("image", "ls")


@pytest.fixture(params=["MariaDB", "SQLite"])
def store(request, tmp_path):
    """(variables, shared directories) for a task, as the rehearsal gives them."""
    if request.param == "SQLite":
        rows = tmp_path / "rows"
        rows.mkdir()
        rows.chmod(0o777)
        yield {"DATABASE_URL": "sqlite:////rows/test.sqlite"}, {rows: "/rows"}
        return
    started = database.start(tmp_path / "database", "flaskcrud", "master", SECRET)
    if started is None:
        pytest.skip("no MariaDB is installed: apt-get install mariadb-server")
    with started:
        # It has no certificate that AWS has signed.
        yield {"DATABASE_HOST": started.host, "DATABASE_PORT": str(started.port), "DATABASE_SSL_CA": ""}, {}


def add_an_entry(url):
    """The pages of the application work, and the database behind them."""
    send = {"Origin": url.rstrip("/"), "Content-Type": "application/x-www-form-urlencoded"}
    assert server.request(url, "POST", "/entries/new", send, b"title=Contained&status=open")[0] == 303
    assert b"Contained" in server.request(url, "GET", "/")[2]


def inside(engine, container, script) -> str:
    return engine.run("exec", container.id, "sh", "-c", script)


def command_lines() -> str:
    """What every process of this machine was started with."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return "\n".join(found)


@pytest.mark.slow
def test_the_task_of_the_template_in_containers(engine, registry, store, tmp_path):
    variables, shared = store
    port = free_port()
    outside = {"WEB_PORT": str(port), "WEB_ADDRESS": "127.0.0.1", "APP_PORT": str(free_port()), **variables}
    task = containers.run_in_containers(engine, DEFINITION, tmp_path, resolve_secret, outside, registry, shared)
    try:
        task.wait_until_healthy()
        service.wait_until_it_answers(task.containers["web"], port, "/healthz")
        assert "migrate: upgraded from an empty database" in task.logs("migrate")
        add_an_entry(f"http://127.0.0.1:{port}")
        for name, user in (("app", "10001"), ("web", "101")):
            one = task.containers[name]
            assert inside(engine, one, "id -u").strip() == user
            rights = inside(engine, one, "cat /proc/[0-9]*/status")
            assert set(re.findall(r"Cap\w+:\s+(\w+)", rights)) == {"0" * 16}, "none, and none to be had"
            assert re.findall(r"Uid:\s+(.*)", rights) == ["\t".join([user] * 4)] * rights.count("Uid:")
            assert not inside(engine, one, "find / -xdev -type f -perm /6000 2> /dev/null || true")
            for path in ("/", "/srv", "/run", "/var/tmp"):
                assert inside(engine, one, f"touch {path}/x 2> /dev/null || echo refused") == "refused\n"
            inside(engine, one, "touch /tmp/x")
        told = {
            name: inside(engine, task.containers[name], "cat /proc/[0-9]*/environ").encode() for name in ("app", "web")
        }
        secrets = [SECRET, APP_SECRET, SESSION_SECRET]
        assert not shown_in(told["web"], secrets), "nginx needs none"
        assert b"APP_PORT=" in told["web"]
        assert APP_SECRET.encode() in told["app"]
        assert not re.search(b"=" + re.escape(SECRET.encode()), told["app"]), "the master's password"
        assert not shown_in("".join(map(task.logs, task.containers)).encode(), secrets)
        assert not [line for line in command_lines().splitlines() if shown_in(line.encode(), secrets)]
        began = time.monotonic()
    finally:
        task.stop()
    assert time.monotonic() - began < 15
    assert [one.process.returncode for one in task.containers.values()] == [0, 0, 0]
    prefix = task.containers["web"].id.removesuffix("web")
    assert prefix not in engine.run("ps", "--all", "--format", "{{.Names}}")
    assert prefix not in engine.run("volume", "ls", "--quiet")


@pytest.mark.slow
@pytest.mark.parametrize("target", IMAGES)
def test_no_layer_holds_what_lies_about_in_a_checkout(engine, registry, tmp_path, target):
    engine.run("save", "--output", str(tmp_path / "image.tar"), f"{registry}/rehearsed/{target}:1")
    own = 0
    with tarfile.open(tmp_path / "image.tar") as archive:
        for member in archive:
            data = archive.extractfile(member).read() if member.isfile() else b""
            assert not shown_in(data, [CANARY]), member.name
            own += (ROOT / "app/static/style.css").read_bytes() in data
    assert own == 1, "the layer with our files was looked at"


@pytest.mark.slow
def test_web_listens_on_port_80_without_being_root(engine, registry):
    """In a network of its own, which the tasks of a rehearsal do not have."""
    controls = [f"--sysctl={one['namespace']}={one['value']}" for one in CONTAINERS["web"]["systemControls"]]
    name = f"rehearsal-test-{free_port()}"
    image = f"{registry}/rehearsed/web:1"
    hardened = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none"]
    engine.run("run", "--detach", f"--name={name}", *hardened, *controls, image)
    try:
        for _ in range(100):
            listening = re.findall(r":(\w{4}) 0+:0+ 0A", engine.run("exec", name, "cat", "/proc/net/tcp"))
            if listening:
                break
            time.sleep(0.1)
        assert listening == ["0050"]
        assert json.loads(engine.run("inspect", name))[0]["Config"]["User"] == "101:101"
    finally:
        engine.run("rm", "--force", "--volumes", name)


@pytest.mark.slow
def test_a_failing_migration_ends_the_task_and_leaves_nothing(engine, registry, tmp_path):
    migrate = {**CONTAINERS["migrate"], "command": ["flask", "--app", "app", "migrate", "--wait", "1"]}
    definition = {**DEFINITION, "containerDefinitions": [migrate, CONTAINERS["app"]]}
    with pytest.raises(tasks.TaskError, match="migrate ended with exit status 1"):
        containers.run_in_containers(engine, definition, tmp_path, resolve_secret, {}, registry)
    assert "rehearsal-" not in engine.run("ps", "--all", "--format", "{{.Names}}")
    assert "rehearsal-" not in engine.run("volume", "ls", "--quiet")
