"""The deployed service, as its APIs describe it: its tasks run here and stand behind its load balancer."""

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import boto3

from rehearsal import database
from rehearsal.containers import run_in_containers
from rehearsal.oci import SYSTEM_PATH
from rehearsal.processes import run_as_processes
from rehearsal.real_engine import Engine
from rehearsal.server import Server, free_port, request
from rehearsal.tasks import POLL, Container, Task, parse_secret_reference, secret_value

STACK = "AWS::CloudFormation::Stack"
# Where containers have the directory of the SQLite file.
ROWS = "/rows"
SECONDS_TO_ANSWER = 30
# The container that answers where there is no front tier.
APP = "app"


class Account:
    """What the rehearsal asks the embedded AWS beside the deployment."""

    def __init__(self, server: Server):
        self.server = server

    def client(self, service: str):
        return boto3.client(service, **self.server.client_options())

    def resources(self, stack: str) -> list[tuple[str, str]]:
        """(type, physical id) of every resource of a stack and of the stacks nested in it."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        found = []
        for summary in (summary for page in pages for summary in page["StackResourceSummaries"]):
            found.append((summary["ResourceType"], summary["PhysicalResourceId"]))
            if summary["ResourceType"] == STACK:
                found += self.resources(summary["PhysicalResourceId"])
        return found

    def resolve_secret(self, value_from: str) -> str:
        """The value that a container gets for a secret's reference."""
        reference = parse_secret_reference(value_from)
        answer = self.client("secretsmanager").get_secret_value(SecretId=reference.secret_id)
        return secret_value(reference, answer["SecretString"])

    def physical_id(self, stack: str, kind: str) -> str:
        """The physical id of the stack's one resource of a type."""
        (found,) = [physical for resource, physical in self.resources(stack) if resource == kind]
        return found

    def load_balancer(self, stack: str) -> dict:
        """The stack's load balancer, as DescribeLoadBalancers gives it."""
        arn = self.physical_id(stack, "AWS::ElasticLoadBalancingV2::LoadBalancer")
        return self.client("elbv2").describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]


@dataclass
class Running:
    """The service's tasks as they run here, and what they keep their rows in."""

    tasks: list[Task]
    store: str


def definition_of(account: Account, stack: str) -> tuple[dict, int]:
    """The service's task definition and how many tasks it wants."""
    ecs = account.client("ecs")
    cluster = account.physical_id(stack, "AWS::ECS::Cluster")
    arn = account.physical_id(stack, "AWS::ECS::Service")
    service = ecs.describe_services(cluster=cluster, services=[arn])["services"][0]
    described = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    return described, service["desiredCount"]


@contextmanager
def running(account: Account, stack: str, directory: Path, engine: Engine | None = None) -> Iterator[Running]:
    """Run the service's tasks until the block is left, each registered behind the load balancer.

    In containers of the engine, or as local processes without one.
    """
    definition, count = definition_of(account, stack)
    if engine is None and not has_nginx():
        definition = _without_front(definition)
    with ExitStack() as until_left:
        environment, store = _database(account, definition, directory, until_left, engine)
        tasks = []
        for number in range(1, count + 1):
            place = directory / f"task-{number}"
            place.mkdir()
            task, port = _start(account, definition, place, environment, engine)
            until_left.callback(task.stop)
            task.wait_until_healthy()
            _register(account, stack, task.containers[_front(definition)], port)
            tasks.append(task)
        _dismiss_stand_ins(account, stack)
        yield Running(tasks, store)


def _database(account, definition, directory, until_left, engine) -> tuple[dict[str, str], str]:
    """Variables that lead a task to a database on this machine, and what it is. Its master as in the definition."""
    migrate = next(each for each in definition["containerDefinitions"] if each["name"] == "migrate")
    told = {pair["name"]: pair["value"] for pair in migrate["environment"]}
    told |= {pair["name"]: account.resolve_secret(pair["valueFrom"]) for pair in migrate["secrets"]}
    login = (told["DATABASE_NAME"], told["DATABASE_USERNAME"], told["DATABASE_PASSWORD"])
    started = database.start(directory / "database", *login)
    if started is None:
        rows = directory / "rows"
        rows.mkdir()
        rows.chmod(0o777)  # a container's user has another number; the directory above is ours alone
        url = f"sqlite:///{ROWS if engine else rows}/flaskcrud.sqlite"
        return {"DATABASE_URL": url, "DATABASE_SSL_CA": ""}, "SQLite (no MariaDB is installed)"
    until_left.enter_context(started)
    # Its certificate, if it has one, is not signed by AWS.
    address = {"DATABASE_HOST": started.host, "DATABASE_PORT": str(started.port), "DATABASE_SSL_CA": ""}
    return address, "a private MariaDB"


def _start(account, definition, place, environment, engine) -> tuple[Task, int]:
    web_port, app_port, registry = free_port(), free_port(), account.server.url.removeprefix("http://")
    outside = {"WEB_PORT": str(web_port), "WEB_ADDRESS": "127.0.0.1", "APP_PORT": str(app_port), **environment}
    outside["WEB_DRAIN"] = "0"  # nothing sends requests to a task that is being stopped
    port = app_port if _front(definition) == APP else web_port
    if engine is None:
        outside["TMPDIR"] = str(place)
        return run_as_processes(definition, place, account.resolve_secret, outside, registry=registry), port
    rows = place.parent / "rows"
    shared = {rows: ROWS} if rows.exists() else {}
    return run_in_containers(engine, definition, place, account.resolve_secret, outside, registry, shared), port


def _front(definition) -> str:
    """The container that the load balancer sends requests to."""
    return next((each["name"] for each in definition["containerDefinitions"] if each.get("portMappings")), APP)


def has_nginx() -> bool:
    """Whether nginx is installed where local processes find it."""
    return shutil.which("nginx", path=SYSTEM_PATH) is not None


def _without_front(definition: dict) -> dict:
    """The definition without its nginx: requests go to the application."""
    front = _front(definition)
    return definition | {
        "containerDefinitions": [each for each in definition["containerDefinitions"] if each["name"] != front]
    }


def _register(account, stack, front: Container, port: int) -> None:
    """Make the task a target, once it passes the target group's health check; until then it would get no request."""
    balancing = account.client("elbv2")
    arn = account.physical_id(stack, "AWS::ElasticLoadBalancingV2::TargetGroup")
    path = balancing.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]["HealthCheckPath"]
    wait_until_it_answers(front, port, path)
    balancing.register_targets(TargetGroupArn=arn, Targets=[{"Id": "127.0.0.1", "Port": port}])


def _dismiss_stand_ins(account, stack) -> None:
    """Take the emulator's own targets away, which stand for tasks that run nowhere."""
    balancing = account.client("elbv2")
    arn = account.physical_id(stack, "AWS::ElasticLoadBalancingV2::TargetGroup")
    described = balancing.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    others = [each["Target"] for each in described if each["Target"]["Id"] != "127.0.0.1"]
    if others:
        balancing.deregister_targets(TargetGroupArn=arn, Targets=others)


def wait_until_it_answers(container: Container, port: int, path: str) -> None:
    """Wait for the answer 200 of the container that listens on the port; TaskError if it does not come."""
    end = time.monotonic() + SECONDS_TO_ANSWER
    while time.monotonic() < end and container.wait(POLL) is None:
        with suppress(OSError, HTTPException):
            if request(f"http://127.0.0.1:{port}", "GET", path)[0] == 200:
                return
    raise container.failure(f"does not answer GET {path} with 200")
