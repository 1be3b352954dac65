"""What infrastructure, images and application must agree on: names, ports, paths."""

import re

import pytest
import yaml

from app import config, create_app
from tests.nest import ROOT, flat, of_type, stack

DEFINITION = of_type(flat(), "AWS::ECS::TaskDefinition")["ComputeTaskDefinition"]
CONTAINERS = {container["Name"]: container for container in DEFINITION["ContainerDefinitions"]}
COMPOSE = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]


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
    assert set(COMPOSE[service]["environment"]) == variables(service) - {"APP_PORT"}


def test_compose_shares_the_network_and_publishes_the_front_tier_only():
    assert COMPOSE["web"]["network_mode"] == "service:app"
    (published,) = COMPOSE["app"]["ports"]
    assert published.endswith(f":{CONTAINERS['web']['PortMappings'][0]['ContainerPort']}")
    assert published.startswith("127.0.0.1:")


def test_migrate_runs_a_command_that_the_application_has():
    assert CONTAINERS["migrate"]["Command"] == ["flask", "--app", "app", "migrate"]
    assert COMPOSE["migrate"]["command"][:4] == CONTAINERS["migrate"]["Command"]
    assert "migrate" in create_app({"SECRET_KEY": "x" * 20}).cli.commands


def test_health_path_is_a_route_and_not_logged():
    path = of_type(flat(), "AWS::ElasticLoadBalancingV2::TargetGroup")["EdgeTargetGroup"]["HealthCheckPath"]
    assert create_app({"SECRET_KEY": "x" * 20}).test_client().get(path).status_code == 200
    assert f"location = {path} " in (ROOT / "docker/nginx.conf.template").read_text()
    assert f'"{path}"' in (ROOT / "docker/gunicorn.conf.py").read_text()
    assert path in CONTAINERS["app"]["HealthCheck"]["Command"][-1]


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
