"""After COMPLETE: each thing that can be untrue of a deployment is found, and only that."""

import http.server
import threading

import pytest

from deploy import truth, visit
from deploy.commands import flight
from deploy.problem import Problem
from deploy.settings import Settings
from deploy.truth import Answer

NEW, OLD = "arn:aws:ecs:us-east-1:1:task-definition/web:8", "arn:aws:ecs:us-east-1:1:task-definition/web:7"
SENT = {"AppImage": "registry/app@sha256:aa", "WebImage": "registry/web@sha256:bb", "DesiredCount": "2"}
APP, WEB = SENT["AppImage"], SENT["WebImage"]


def target(state, description=""):
    return {"TargetHealth": {"State": state, "Description": description}}


HEALTHY = target("healthy")
TAKEN_BACK = "not at web:8: ECS has taken the new version back"
STARTING = target("initial", "Target registration is in progress")


def service(definition=NEW, state="COMPLETED", desired=2, **more):
    deployment = {"status": "PRIMARY", "taskDefinition": definition, "rolloutState": state}
    return {"serviceName": "web", "desiredCount": desired, "deployments": [deployment], **more}


def task(definition=NEW, status="RUNNING", images=(APP, WEB), group="service:web"):
    containers = [{"image": image} for image in images]
    return {"taskDefinitionArn": definition, "lastStatus": status, "containers": containers, "group": group}


def texts(untruths):
    return [(untruth.text, untruth.final) for untruth in untruths]


@pytest.mark.parametrize(
    ("described", "untruths"),
    [
        (service(), []),
        (None, [("there is no service", False)]),
        (service(OLD), [(f"the service is at web:7, {TAKEN_BACK}", True)]),
        (service(OLD, "IN_PROGRESS"), [(f"the service is at web:7, {TAKEN_BACK}", False)]),
        (service(state="IN_PROGRESS"), [("the rollout is IN_PROGRESS", False)]),
        ({"deployments": []}, [(f"the service is at no task definition, {TAKEN_BACK}", False)]),
    ],
)
def test_the_newest_deployment_is_of_the_definition_that_the_stack_made(described, untruths):
    assert texts(truth.deployed_definition(NEW, described)) == untruths


@pytest.mark.parametrize(
    ("images", "untruths"),
    [
        ([APP, APP, WEB], []),
        ([APP], [(f"the task definition lacks {WEB}", True)]),
        ([APP, WEB, "registry/old"], [("the task definition has registry/old too", True)]),
    ],
)
def test_the_definition_has_the_images_that_were_sent(images, untruths):
    definition = {"containerDefinitions": [{"image": image} for image in images]}
    assert texts(truth.sent_images(SENT, definition)) == untruths


@pytest.mark.parametrize(
    ("tasks", "untruths"),
    [
        ([task(), task()], []),
        ([task(), task(), task(OLD, images=("registry/old",))], []),
        ([task()], [("1 of 2 tasks of the new version run", False)]),
        ([task(), task(status="PENDING")], [("1 of 2 tasks of the new version run", False)]),
        ([task(), task(OLD)], [("1 of 2 tasks of the new version run", False)]),
        ([task(), task(group="family:other")], [("1 of 2 tasks of the new version run", False)]),
        ([task(), task(images=(APP, "registry/x"))], [("a task runs registry/x, which was not sent", True)]),
    ],
)
def test_as_many_tasks_of_the_new_version_run_as_are_wanted(tasks, untruths):
    assert texts(truth.running_tasks(NEW, SENT, service(), tasks)) == untruths


@pytest.mark.parametrize(
    ("targets", "untruths"),
    [
        ([HEALTHY, HEALTHY], []),
        ([HEALTHY, HEALTHY, target("draining")], []),
        ([], ["0 of 2 targets are healthy"]),
        ([HEALTHY], ["1 of 2 targets are healthy"]),
        ([HEALTHY, STARTING], ["1 of 2 targets are healthy (Target registration is in progress)"]),
        ([HEALTHY, HEALTHY, target("unhealthy")], ["2 of 3 targets are healthy"]),
    ],
)
def test_every_target_is_healthy(targets, untruths):
    assert [untruth.text for untruth in truth.healthy_targets(2, targets)] == untruths


@pytest.mark.parametrize(
    ("answer", "untruths"),
    [
        (Answer("http://x/healthz", 200), []),
        (Answer("http://x/healthz", 200, release="0123456789ab"), []),
        (Answer("http://x/healthz", 200, release="fff"), ["http://x/healthz is answered by another release, fff"]),
        (Answer("http://x/healthz", 503), ["http://x/healthz answers 503"]),
        (Answer("http://x/healthz", None, "no such name"), ["http://x/healthz answers nothing: no such name"]),
    ],
)
def test_the_url_answers(answer, untruths):
    sent = {"AppImage": f"1.dkr/app@sha256:{'0123456789abcdef' * 4}"}
    assert [untruth.text for untruth in truth.answers(answer, sent)] == untruths


class Deployed:
    """What AWS says of a deployment that has become true, one after another."""

    def __init__(self, *services):
        self.services = list(services)
        self.region = "us-east-1"

    def stack(self, _name):
        values = {"ClusterName": "c", "ServiceName": "web", "TaskDefinitionArn": NEW, "Url": "http://x"}
        return {"Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in values.items()]}

    def service(self, _cluster, _name):
        return self.services.pop(0) if len(self.services) > 1 else self.services[0]

    def task_definition(self, _arn):
        return {"containerDefinitions": [{"image": APP}, {"image": WEB}]}

    def tasks(self, _cluster, _status):
        return [task(), task()]

    def target_health(self, _group):
        return [HEALTHY, HEALTHY]

    def health_check_path(self, _group):
        return "/healthz"


BEHIND = {"loadBalancers": [{"targetGroupArn": "group"}]}


@pytest.fixture
def arrive(monkeypatch, capsys):
    """Wait for a deployment to be true, with a URL that answers as told; what was said."""

    def arrived(*services, status=200):
        monkeypatch.setattr(flight, "PAUSE", 0)
        monkeypatch.setattr(flight, "SECONDS", 0.05)
        monkeypatch.setattr(visit, "ask", lambda url, path: Answer(url + path, status))
        flight.arrive(Deployed(*services), Settings("lab", {}, "X86_64"), SENT)
        return capsys.readouterr().out

    return arrived


def test_a_deployment_is_a_success_when_it_has_become_true(arrive):
    said = arrive(service(state="IN_PROGRESS"), service(**BEHIND))
    assert "not yet: the rollout is IN_PROGRESS" in said
    assert said.endswith("flaskcrud-lab: what was sent runs, its targets are healthy, and http://x answers\n")


@pytest.mark.parametrize(
    ("described", "status", "words"),
    [
        (service(OLD), 200, f"the service is at web:7, {TAKEN_BACK}"),
        (service(**BEHIND), 503, "http://x/healthz answers 503"),
        (service(desired=3, **BEHIND), 200, "2 of 3 tasks of the new version run; 2 of 3 targets are healthy"),
    ],
)
def test_a_deployment_that_does_not_become_true_is_none(arrive, described, status, words):
    with pytest.raises(Problem) as problem:
        arrive(described, status=status)
    assert str(problem.value) == f"flaskcrud-lab is deployed, but not what was sent: {words}"


def test_a_paused_service_is_held_to_its_definition_only(arrive):
    said = arrive(service(desired=0, **BEHIND), status=503)
    assert said == "flaskcrud-lab: what was sent is in place; no task is wanted, so nothing answers\n"


class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.path, self.headers["Host"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with http.server.HTTPServer(("127.0.0.1", 0), Healthy) as made:
        made.seen = []
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://shop.elb.amazonaws.com", "shop.elb.amazonaws.com"),
        ("https://www.shop.test", "www.shop.test:443"),
    ],
)
def test_behind_an_endpoint_a_load_balancer_is_told_by_its_name(server, monkeypatch, url, host):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    assert visit.ask(url, "/healthz") == Answer(f"{url}/healthz", 200)
    assert server.seen == [("/healthz", host)]


def test_without_one_the_url_is_where_it_says(server, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    url = f"http://127.0.0.1:{server.server_port}"
    assert visit.ask(url, "/healthz").status == 200
    server.shutdown()
    server.server_close()
    answer = visit.ask(url, "/healthz")
    assert answer.status is None
    assert "refused" in answer.problem
