"""Tasks as local processes, and the private database that they use."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pymysql
import pytest

from rehearsal import database, oci, processes, tasks
from rehearsal.server import free_port
from rehearsal.service import wait_until_it_answers

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-AbCdEf"
IMAGE = oci.ImageConfig(
    digest="sha256:0",
    environment={"FROM_IMAGE": "image", "BOTH": "image", "FILES": "/srv:/usr/share/none"},
    entrypoint=[],
    command=["sh", "-c", "echo from the image"],
    workdir="/srv",
    stop_signal="SIGTERM",
    labels={},
)
# Announces itself, then waits for a signal and says which one came.
SERVE = """
import signal, sys, time
def end(number, frame):
    print("got", signal.Signals(number).name, flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGQUIT, end)
print("serving", flush=True)
open("ready", "w").close()
time.sleep(60)
"""


def fake_pull(reference, into, registry=""):
    """An image with one file, as a registry would give it."""
    (into / "srv").mkdir(parents=True)
    (into / "srv" / "hello.txt").write_text("hello from the image\n")
    stop_signal = "SIGQUIT" if reference == "quits" else "SIGTERM"
    return oci.ImageConfig(**{**vars(IMAGE), "stop_signal": stop_signal})


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start a task of these containers; whatever still runs at the end is stopped."""
    monkeypatch.setattr(oci, "pull", fake_pull)
    started = []

    def run(*containers, secrets=None, **options):
        started.append(
            processes.run_as_processes(
                {"containerDefinitions": list(containers)}, tmp_path / "task", (secrets or {}).__getitem__, **options
            )
        )
        return started[-1]

    (tmp_path / "task").mkdir()
    yield run
    for task in started:
        task.stop()


def container(name, *command, after=None, **more):
    """A container definition; after is {container: condition}."""
    depends = [{"containerName": on, "condition": condition} for on, condition in (after or {}).items()]
    return {"name": name, "image": "app", "command": list(command), "dependsOn": depends, **more}


def job(name, script, **more):
    return container(name, "sh", "-c", script, essential=False, **more)


def service(name, **more):
    return container(name, "python", "-c", SERVE, **more)


def health(command, **more):
    return {"command": ["CMD-SHELL", command], "interval": 1, "timeout": 2, "retries": 1, **more}


@pytest.mark.parametrize(
    ("value_from", "expected"),
    [
        (ARN, tasks.SecretReference(ARN)),
        (f"{ARN}:password::", tasks.SecretReference(ARN, "password")),
        (f"{ARN}:password:AWSPREVIOUS:", tasks.SecretReference(ARN, "password", "AWSPREVIOUS")),
        (f"{ARN}:::9d4cb84b", tasks.SecretReference(ARN, "", "", "9d4cb84b")),
        (ARN.replace("aws", "aws-cn", 1) + ":k::", tasks.SecretReference(ARN.replace("aws", "aws-cn", 1), "k")),
    ],
)
def test_a_secret_reference_is_split(value_from, expected):
    assert tasks.parse_secret_reference(value_from) == expected


@pytest.mark.parametrize(
    "value_from",
    [
        "",
        "DatabaseSecret",
        f"{ARN}:password",
        f"{ARN}:password:",
        f"{ARN}:a:b:c:d",
        f"{ARN}:password:AWSCURRENT:9d4cb84b",
        "arn:aws:ssm:us-east-1:123456789012:parameter/password",
    ],
)
def test_what_is_no_secret_reference_is_refused(value_from):
    with pytest.raises(tasks.TaskError, match="secret"):
        tasks.parse_secret_reference(value_from)


def test_the_part_of_a_secret():
    text = '{"password": "p\\"w", "port": 3306}'
    assert tasks.secret_value(tasks.SecretReference(ARN), text) == text
    assert tasks.secret_value(tasks.SecretReference(ARN, "password"), text) == 'p"w'
    assert tasks.secret_value(tasks.SecretReference(ARN, "port"), text) == "3306"
    for wrong in (text, "not JSON", "[]"):
        with pytest.raises(tasks.TaskError, match="no key host"):
            tasks.secret_value(tasks.SecretReference(ARN, "host"), wrong)


def test_containers_start_after_what_they_depend_on():
    web, app = service("web", after={"app": "START"}), service("app", after={"migrate": "SUCCESS"})
    order = tasks.start_order([web, app, job("migrate", "true")])
    assert [each["name"] for each in order] == ["migrate", "app", "web"]


@pytest.mark.parametrize(
    ("containers", "reason"),
    [
        ([service("a", after={"b": "START"}), service("b", after={"a": "START"})], "depend on each other: . -> . -> ."),
        ([service("a", after={"b": "START"})], "a depends on b, which the task does not have"),
        ([service("a", after={"b": "SUCCESS"}), service("b")], "a waits for b to end, but b is essential"),
        ([service("a", after={"b": "HEALTHY"}), service("b")], "b has no health check"),
    ],
)
def test_an_order_that_ecs_would_refuse_is_refused(start, containers, reason):
    with pytest.raises(tasks.TaskError, match=reason):
        start(*containers)


def test_a_container_has_its_own_environment_only(start, monkeypatch):
    monkeypatch.setenv("USERS_OWN", "secret of the user")
    pairs = [{"name": "BOTH", "value": "definition"}, {"name": "PORT", "value": "80"}]
    show = job(
        "show",
        "env; pwd",
        environment=pairs,
        secrets=[{"name": "PASSWORD", "valueFrom": ARN}, {"name": "TOKEN", "valueFrom": ARN}],
    )
    task = start(show, secrets={ARN: "p w$"}, environment={"PORT": "8080", "TOKEN": "local"})
    assert task.containers["show"].wait(5) == 0
    root = task.containers["show"].root
    *lines, directory = task.logs("show").splitlines()
    seen = dict(line.split("=", 1) for line in lines)
    for set_by_the_shell in ("PWD", "OLDPWD", "SHLVL", "_"):
        seen.pop(set_by_the_shell, None)
    assert seen == {
        "FROM_IMAGE": "image",
        "BOTH": "definition",
        "PORT": "8080",
        "PASSWORD": "p w$",
        "TOKEN": "local",
        "FILES": f"{root}/srv:/usr/share/none",
        "LANG": "C.UTF-8",
        "PATH": f"{Path(sys.executable).parent}:{oci.SYSTEM_PATH}",
    }
    assert directory == f"{root}/srv"


def test_paths_of_the_image_are_found_where_it_is(start):
    task = start(job("show", "cat /srv/hello.txt && test -e /bin/sh"))
    assert task.containers["show"].wait(5) == 0
    assert task.logs("show") == "hello from the image\n"


def test_the_command_is_the_images_unless_the_definition_has_one(start):
    task = start(job("own", "echo own"), container("image", essential=False))
    for name, said in (("own", "own\n"), ("image", "from the image\n")):
        task.containers[name].wait(5)
        assert task.logs(name) == said


def test_an_entry_point_of_the_definition_voids_the_images_command(start):
    task = start(container("a", entryPoint=["echo", "entry"], essential=False))
    task.containers["a"].wait(5)
    assert task.logs("a") == "entry\n"


def test_a_failing_migration_stops_the_task_with_its_last_lines(start, tmp_path):
    log = container("log", "sh", "-c", "echo $$ > pid; exec sleep 60", healthCheck=health("test -s pid"))
    migrate = job("migrate", "echo no such table; exit 3", after={"log": "HEALTHY"})
    with pytest.raises(tasks.TaskError, match=r"(?s)migrate ended with exit status 3.*no such table"):
        start(log, migrate, service("app", after={"migrate": "SUCCESS"}))
    assert not (tmp_path / "task" / "app.log").exists()
    assert not is_running(int((tmp_path / "task" / "image-log" / "srv" / "pid").read_text()))


@pytest.mark.slow
def test_complete_takes_any_exit_status_and_success_waits_for_it(start):
    slow = job("slow", "sleep 0.4; echo done > done; exit 1")
    task = start(slow, job("next", "cat done", after={"slow": "COMPLETE"}))
    assert task.containers["next"].wait(5) == 0
    assert task.logs("next") == "done\n"


@pytest.mark.slow
def test_a_job_that_does_not_end_is_given_up(start):
    began = time.monotonic()
    with pytest.raises(tasks.TaskError, match="hangs did not end within 1 seconds"):
        start(job("hangs", "sleep 60", startTimeout=1), service("app", after={"hangs": "SUCCESS"}))
    assert time.monotonic() - began < 10


@pytest.mark.slow
def test_healthy_is_what_the_health_check_says(start):
    slow = container("db", "sh", "-c", "sleep 0.5; echo up > up; sleep 60", healthCheck=health("test -e up"))
    task = start(slow, job("app", "cat up", after={"db": "HEALTHY"}))
    assert task.containers["app"].wait(5) == 0
    assert task.logs("app") == "up\n"
    task.wait_until_healthy()


@pytest.mark.slow
@pytest.mark.parametrize("command", [["CMD-SHELL", "exit 1"], ["CMD", "false"], ["CMD-SHELL", "sleep 60"]])
def test_a_container_that_never_gets_healthy(start, command):
    task = start(service("app", healthCheck={"command": command, "interval": 1, "retries": 1, "timeout": 1}))
    with pytest.raises(tasks.TaskError, match="container app is not healthy"):
        task.wait_until_healthy()


def test_a_front_that_does_not_answer(start, monkeypatch):
    monkeypatch.setattr("rehearsal.service.SECONDS_TO_ANSWER", 0.3)
    task = start(service("front"), job("ended", "echo cannot bind"))
    with pytest.raises(tasks.TaskError, match="container front does not answer GET /healthz with 200"):
        wait_until_it_answers(task.containers["front"], free_port(), "/healthz")
    with pytest.raises(tasks.TaskError, match=r"(?s)container ended does not answer.*cannot bind"):
        wait_until_it_answers(task.containers["ended"], free_port(), "/healthz")


def test_an_essential_container_that_ends_is_an_error(start):
    task = start(container("app", "sh", "-c", "echo broken; exit 4"), service("web"))
    task.containers["app"].wait(5)
    with pytest.raises(tasks.TaskError, match=r"(?s)app is essential and ended with exit status 4.*broken"):
        task.wait_until_healthy()


def test_a_program_that_is_not_there(start):
    with pytest.raises(tasks.TaskError, match="container app: cannot run absent-program: No such file"):
        start(container("app", "absent-program"))


@pytest.mark.slow
def test_stop_asks_in_reverse_order_with_the_images_signal(start):
    ready = health("test -e ready")
    first = service("first", healthCheck=ready)
    task = start(first, service("second", image="quits", after={"first": "HEALTHY"}, healthCheck=ready))
    task.wait_until_healthy()
    ended = []
    watchers = [
        threading.Thread(target=lambda one=one: (one.process.wait(), ended.append(one.name)))
        for one in task.containers.values()
    ]
    for watcher in watchers:
        watcher.start()
    task.stop()
    for watcher in watchers:
        watcher.join(5)
    assert ended == ["second", "first"]
    assert task.logs("first") == "serving\ngot SIGTERM\n"
    assert task.logs("second") == "serving\ngot SIGQUIT\n"
    task.stop()  # harmless


@pytest.mark.slow
def test_stop_kills_what_does_not_listen_and_its_children(start):
    stubborn = "trap '' TERM; sleep 60 & echo $! > child; wait; sleep 60"
    task = start(container("app", "sh", "-c", stubborn, stopTimeout=1, healthCheck=health("test -s child")))
    task.wait_until_healthy()
    one = task.containers["app"]
    child = int((one.directory / "child").read_text())
    task.stop()
    assert one.process.returncode == -signal.SIGKILL
    assert not is_running(child)


def test_what_a_job_leaves_behind_ends_with_it(start):
    task = start(job("job", "sleep 60 & echo $! > child"), job("next", "true", after={"job": "SUCCESS"}))
    assert not is_running(int((task.containers["job"].directory / "child").read_text()))


def is_running(pid):
    """Whether the process is there and not only its exit status."""
    for _ in range(50):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return False
        if state == "Z":
            return False
        time.sleep(0.05)
    return True


@pytest.mark.slow
def test_the_database_takes_a_hostile_password(tmp_path):
    if database.find_programs() is None:
        pytest.skip("no MariaDB is installed: apt-get install mariadb-server")
    password = "a'b\"c\\d%s%(x)s`;-- /*!$@:#&=?"
    with database.start(tmp_path / "db", "my_app", "o'admin", password) as running:
        login = {"host": running.host, "port": running.port, "user": "o'admin"}
        with pymysql.connect(**login, password=password, database="my_app", autocommit=True) as connection:
            cursor = connection.cursor()
            cursor.execute("CREATE TABLE t (x VARCHAR(9))")
            cursor.execute("INSERT INTO t VALUES ('\U0001f600')")
            cursor.execute("SELECT x, CURRENT_USER(), @@bind_address FROM t")
            assert cursor.fetchall() == (("\U0001f600", "o'admin@127.0.0.1", "127.0.0.1"),)
            # The master of RDS makes the application's user.
            cursor.execute("CREATE USER other IDENTIFIED BY 'x'")
            cursor.execute("GRANT SELECT ON my_app.* TO other")
        for wrong in ({"password": ""}, {"password": "", "user": "root"}):
            with pytest.raises(pymysql.err.OperationalError, match=r"Access denied|not allowed"):
                pymysql.connect(**{**login, **wrong})
    assert running.process.returncode == 0


def test_no_database_where_none_is_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(database, "SYSTEM_PATH", str(tmp_path))
    assert database.start(tmp_path / "db", "app", "app", "x") is None


def test_a_database_that_does_not_start_shows_its_last_lines(tmp_path, monkeypatch):
    for name, script in (("mariadb-install-db", "exit 0"), ("mariadbd", "echo disk full; exit 1")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(database.DatabaseError, match=r"(?s)does not answer.*disk full"):
        database.start(tmp_path / "db", "app", "app", "x")
