"""What infrastructure, images and application must agree on: names, ports, paths."""

import gc
import io
import json
import logging
import operator
import re
import runpy
from contextlib import contextmanager

import pytest
import yaml
from flask import g

from app import config, create_app, database, engine_options, query_log, request_log
from deploy import truth, visit
from tests.nest import ROOT, flat, of_type, stack

DEFINITION = of_type(flat(), "AWS::ECS::TaskDefinition")["ComputeTaskDefinition"]
CONTAINERS = {container["Name"]: container for container in DEFINITION["ContainerDefinitions"]}
COMPOSE = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]


WITHOUT_TASK = {"APP_PORT", "TASK_CPU", "TASK_MEMORY"}  # what only a task of ECS tells


def variables(container: str) -> set[str]:
    """The names of everything a container of the task gets through its environment."""
    definition = CONTAINERS[container]
    return {pair["Name"] for pair in definition.get("Environment", []) + definition.get("Secrets", [])}


def dockerfile(target: str) -> str:
    text = (ROOT / "docker/Dockerfile").read_text()
    return re.search(rf"^FROM \S+ AS {target}\n(.*?)(?=^FROM |\Z)", text, re.MULTILINE | re.DOTALL)[1]


@pytest.mark.parametrize("container", ["migrate", "app"])
def test_the_task_gives_all_that_the_application_needs_and_nothing_it_does_not_know(container):
    given = variables(container)
    known = set(re.findall(r"[A-Z_]{4,}", config.__doc__)) | {"APP_PORT"}
    assert given <= known
    environ = dict.fromkeys(given, "12345678901234567890") | {"DATABASE_PORT": "3306", "IN_CONTAINER": "1"}
    url = config.database_url(environ)
    assert config.missing_names(environ, url) == []


def test_without_any_one_of_the_secrets_the_application_would_not_start():
    for name in ("DATABASE_HOST", "DATABASE_PASSWORD", "SECRET_KEY"):
        environ = dict.fromkeys(variables("app") - {name, "DATABASE_PORT"}, "12345678901234567890")
        assert config.missing_names(environ, config.database_url(environ)) == [name]


@pytest.mark.parametrize("service", ["migrate", "app"])
def test_compose_gives_what_the_task_gives(service):
    assert set(COMPOSE[service]["environment"]) == variables(service) - WITHOUT_TASK


def test_compose_shares_the_network_and_publishes_the_front_tier_only():
    assert COMPOSE["web"]["network_mode"] == "service:app"
    (published,) = COMPOSE["app"]["ports"]
    assert published.endswith(f":{CONTAINERS['web']['PortMappings'][0]['ContainerPort']}")
    assert published.startswith("127.0.0.1:")


def test_a_deployment_knows_its_own_release_when_it_answers(monkeypatch):
    image = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:{'0123456789abcdef' * 4}"
    given = {pair["Name"]: pair["Value"] for pair in CONTAINERS["app"]["Environment"]}
    assert given["RELEASE"] == CONTAINERS["app"]["Image"]
    monkeypatch.setenv("RELEASE", image)
    answer = create_app({"SECRET_KEY": "x" * 20}).test_client().get("/healthz")
    assert answer.headers[visit.RELEASE] == truth.release(image)


def test_migrate_runs_a_command_that_the_application_has():
    assert CONTAINERS["migrate"]["Command"] == ["flask", "--app", "app", "migrate"]
    assert COMPOSE["migrate"]["command"][:4] == CONTAINERS["migrate"]["Command"]
    assert "migrate" in create_app({"SECRET_KEY": "x" * 20}).cli.commands


def test_the_load_balancer_asks_who_is_alive_and_a_new_task_must_be_ready_once():
    path = of_type(flat(), "AWS::ElasticLoadBalancingV2::TargetGroup")["EdgeTargetGroup"]["HealthCheckPath"]
    app = create_app({"SECRET_KEY": "x" * 20})
    assert app.test_client().get(path).status_code == 200
    health = (ROOT / "docker/health.py").read_text()
    assert path == "/healthz"
    assert 'path = "healthz" if SERVED.exists() else "readyz"' in health
    assert {"/healthz", "/readyz"} <= {rule.rule for rule in app.url_map.iter_rules()}
    assert "location ~ ^/(healthz|readyz)$ {" in (ROOT / "docker/nginx.conf.template").read_text()
    assert CONTAINERS["app"]["HealthCheck"]["Command"] == COMPOSE["app"]["healthcheck"]["test"]
    assert "COPY --chmod=755 docker/health.py health.py\n" in dockerfile("app")


def test_the_authorities_that_the_task_names_are_in_the_image_and_are_those_of_rds():
    for name in ("migrate", "app"):
        given = {pair["Name"]: pair["Value"] for pair in CONTAINERS[name]["Environment"]}
        workdir = re.search(r"^WORKDIR (.*)$", dockerfile("app"), re.MULTILINE)[1]
        assert given["DATABASE_SSL_CA"] == f"{workdir}/rds-ca.pem"
        assert given["RELEASE"] == {"Ref": "AppImage"} or "@sha256:" in given["RELEASE"] or ":" in given["RELEASE"]
    assert "COPY --chmod=755 docker/rds-ca.pem rds-ca.pem\n" in dockerfile("app")
    context = engine_options.ssl_context(ROOT / "docker/rds-ca.pem")
    names = [dict(pair for (pair,) in authority["subject"])["commonName"] for authority in context.get_ca_certs()]
    for region in ("us-east-1", "us-west-2", "eu-west-1"):
        for kind in ("RSA2048", "RSA4096", "ECC384"):
            assert f"Amazon RDS {region} Root CA {kind} G1" in names
    assert len(names) == 81
    assert all(re.fullmatch(r"Amazon RDS [a-z]+(-[a-z]+)+-\d Root CA \w+ G1", name) for name in names)


def test_workers_by_the_tasks_size():
    scope = runpy.run_path(str(ROOT / "docker/gunicorn.conf.py"))
    gc.enable()  # which it turns off in the process that it is for
    sizes = [(256, 512), (256, 2048), (512, 1024), (1024, 2048), (2048, 4096), (4096, 8192), (4096, 512)]
    assert [scope["workers_for"](*size) for size in sizes] == [2, 2, 2, 2, 3, 5, 3]


def test_ports():
    web = {pair["Name"]: pair["Value"] for pair in CONTAINERS["web"]["Environment"]}
    app = {pair["Name"]: pair["Value"] for pair in CONTAINERS["app"]["Environment"]}
    assert web["APP_PORT"] == app["APP_PORT"]
    assert int(web["WEB_PORT"]) == CONTAINERS["web"]["PortMappings"][0]["ContainerPort"]
    assert f"EXPOSE {web['WEB_PORT']}\n" in dockerfile("web")


def test_every_writable_path_of_the_task_is_a_volume_of_its_image():
    """ECS gives an empty volume the owner and mode of the image's path, if the image declares it a volume."""
    for name, container in CONTAINERS.items():
        target = "web" if name == "web" else "app"
        for mount in container["MountPoints"]:
            assert f"VOLUME {mount['ContainerPath']}\n" in dockerfile(target)


def test_gunicorn_stops_before_ecs_kills_it():
    graceful = int(
        re.search(r"^graceful_timeout = (\d+)", (ROOT / "docker/gunicorn.conf.py").read_text(), re.MULTILINE)[1]
    )
    assert graceful < CONTAINERS["app"]["StopTimeout"]


def test_database_name_and_user_are_the_applications_defaults():
    parameters = stack("data")["Parameters"]
    assert parameters["DBName"]["Default"] == parameters["MasterUsername"]["Default"] == config.DEFAULT_NAME


@pytest.mark.parametrize(("container", "target"), [("migrate", "app"), ("app", "app"), ("web", "web")])
def test_a_container_runs_as_the_user_that_its_image_was_made_for(container, target):
    (user,) = re.findall(r"^USER (\S+)$", dockerfile(target), re.MULTILINE)
    assert CONTAINERS[container]["User"] == user
    assert user.partition(":")[0] not in ("0", "root")


# What the application really logs, and what the monitoring stack counts and asks for.

MONITORING = flat(EnableMonitoring="true")


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """Lines of the application: a request, one that failed, a slow one, a slow query, an event."""
    app = create_app({"SECRET_KEY": "x" * 20, "SQLALCHEMY_DATABASE_URI": "sqlite://", "ALLOWED_HOSTS": frozenset()})
    app.add_url_rule("/broken/<thing>", "broken", lambda thing: 1 / 0)
    app.add_url_rule("/late", "late", late)
    app.add_url_rule("/asked", "asked", lambda: str(database.read(slow_statement)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(query_log, "SLOW", 0)
        with written() as stream:
            for path in ("/healthz", "/readyz", "/nothing?q=private", "/broken/42", "/late", "/asked"):
                app.test_client().get(path, headers={"X-Request-Id": "an-id-of-nginx"}).close()
    database_of(app).close()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def late() -> str:
    """Answer a request that came a second ago."""
    g.started -= 1.05
    return "late"


def slow_statement(connection):
    return connection.exec_driver_sql("SELECT ?", ("private",)).scalar()


def database_of(app):
    return app.extensions["database"]


@contextmanager
def written():
    """What is logged, as Gunicorn's settings have it written."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(request_log.JsonFormatter())
    before = root.level
    root.addHandler(handler)
    root.setLevel("INFO")
    try:
        yield stream
    finally:
        root.setLevel(before)
        root.removeHandler(handler)


def test_one_line_a_request_and_none_for_health_checks(lines):
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["route"], line["status"]) for line in requests] == [
        ("none", 404), ("/broken/<thing>", 500), ("/late", 200), ("/asked", 200)
    ]  # fmt: skip
    assert {line["request_id"] for line in requests} == {"an-id-of-nginx"}
    assert [line["db_queries"] for line in requests] == [0, 0, 0, 1]
    assert requests[2]["ms"] > 1000
    names = "time level event request_id method route status ms db_ms db_queries release"
    assert all(set(line) == set(names.split()) for line in requests)


def test_no_line_holds_what_visitors_sent(lines):
    assert "private" not in json.dumps(lines)


def test_an_error_is_an_event_with_its_traceback_and_the_requests_id(lines):
    (error,) = [line for line in lines if line["level"] == "error"]
    assert "ZeroDivisionError" in error["traceback"]
    assert (error["request_id"], error["route"]) == ("an-id-of-nginx", "/broken/<thing>")


def test_a_slow_query_is_an_event_with_its_route(lines):
    slow = [line for line in lines if line["event"] == "slow_query" and line["route"] == "/asked"]
    assert [line["statement"] for line in slow] == ["SELECT ?"]


def matches(pattern: str, line: dict) -> bool:
    """Whether a filter pattern for JSON, as far as ours use it, matches a line (CloudWatch Logs user guide)."""
    compare = {"=": operator.eq, ">=": operator.ge, ">": operator.gt}
    terms = re.fullmatch(r"\{ (.*) \}", pattern)[1].split(" && ")
    parsed = [re.fullmatch(r"\$\.(\w+) (=|>=|>) (.+)", term).groups() for term in terms]
    return all(name in line and compare[sign](line[name], json.loads(value)) for name, sign, value in parsed)


def test_metric_filters_count_what_the_application_logs(lines):
    filters = of_type(MONITORING, "AWS::Logs::MetricFilter").values()
    counted = {
        item["MetricTransformations"][0]["MetricName"]: sum(matches(item["FilterPattern"], line) for line in lines)
        for item in filters
        if item["FilterPattern"].startswith("{")
    }
    slow = counted.pop("SlowRequests")
    assert counted == {"Requests": 4, "ServerErrors": 1}
    assert 1 <= slow < 4, "the one that is slow on purpose; on a busy machine another may be, too"


def test_a_failing_migration_and_a_wrong_environment_are_counted():
    (pattern,) = [
        item["FilterPattern"]
        for item in of_type(MONITORING, "AWS::Logs::MetricFilter").values()
        if not item["FilterPattern"].startswith("{")
    ]
    words = re.findall(r'\?"([^"]+)"', pattern)
    for source, word in (("app/cli.py", "migrate: error"), ("app/__init__.py", "flaskcrud: ")):
        assert word in words
        assert f'SystemExit(f"{word}' in (ROOT / source).read_text()


def test_saved_queries_ask_for_fields_that_are_logged(lines):
    web = re.search(r"log_format json.*?;", (ROOT / "docker/nginx.conf.template").read_text(), re.DOTALL)[0]
    logged = {name for line in lines for name in line} | set(re.findall(r'"(\w+)":', web))
    for item in of_type(MONITORING, "AWS::Logs::QueryDefinition").values():
        query = re.sub(r"(?s)'.*?'|\".*?\"|/.*?/", "", item["QueryString"])
        made = set(re.findall(r" as (\w+)", query))
        words = re.findall(
            r"\w+", "fields filter sort desc limit stats count by bin or in and ispresent pct avg sum max m as"
        )
        names = set(re.findall(r"(?<![@\w])[a-z]\w*", query)) - made - set(words)
        assert names <= logged, item["Name"]
