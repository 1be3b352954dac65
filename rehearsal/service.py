"""The deployed service, as its APIs describe it: its tasks run here and stand behind its load balancer."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3

from rehearsal import database
from rehearsal.server import Server, free_port
from rehearsal.tasks import Task, parse_secret_reference, run_as_processes, secret_value

STACK = "AWS::CloudFormation::Stack"


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
def running(account: Account, stack: str, directory: Path) -> Iterator[Running]:
    """Run the service's tasks until the block is left, each registered behind the load balancer."""
    definition, count = definition_of(account, stack)
    with ExitStack() as until_left:
        environment, store = _database(account, definition, directory, until_left)
        tasks = []
        for number in range(1, count + 1):
            place = directory / f"task-{number}"
            place.mkdir()
            task, port = _start(account, definition, place, environment)
            until_left.callback(task.stop)
            task.wait_until_healthy()
            _register(account, stack, port)
            tasks.append(task)
        yield Running(tasks, store)


def _database(account, definition, directory, until_left) -> tuple[dict[str, str], str]:
    """Variables that lead a task to a database on this machine, and what it is. Login as in the definition."""
    app = next(container for container in definition["containerDefinitions"] if container["name"] == "app")
    told = {pair["name"]: pair["value"] for pair in app["environment"]}
    told |= {pair["name"]: account.resolve_secret(pair["valueFrom"]) for pair in app["secrets"]}
    login = (told["DATABASE_NAME"], told["DATABASE_USERNAME"], told["DATABASE_PASSWORD"])
    started = database.start(directory / "database", *login)
    if started is None:
        return {"DATABASE_URL": f"sqlite:///{directory / 'flaskcrud.sqlite'}"}, "SQLite (no MariaDB is installed)"
    until_left.enter_context(started)
    return {"DATABASE_HOST": started.host, "DATABASE_PORT": str(started.port)}, "a private MariaDB"


def _start(account, definition, place, environment) -> tuple[Task, int]:
    web_port, app_port = free_port(), free_port()
    outside = {
        "WEB_PORT": str(web_port),
        "WEB_ADDRESS": "127.0.0.1",
        "APP_PORT": str(app_port),
        "TMPDIR": str(place),
        **environment,
    }
    registry = account.server.url.removeprefix("http://")
    return run_as_processes(definition, place, account.resolve_secret, outside, registry=registry), web_port


def _register(account, stack, port) -> None:
    group = account.physical_id(stack, "AWS::ElasticLoadBalancingV2::TargetGroup")
    account.client("elbv2").register_targets(TargetGroupArn=group, Targets=[{"Id": "127.0.0.1", "Port": port}])
