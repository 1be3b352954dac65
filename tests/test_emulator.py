"""The nest of out/ lives in the embedded AWS: made, changed, rolled back, deleted; by boto3 and by the AWS CLI."""

import http.server
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from rehearsal.server import load_balancer_request, start
from tests.account import Account
from tests.emulated import IMAGES, OUT, Nest

pytestmark = pytest.mark.slow

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0"


@pytest.fixture(scope="module")
def account():
    with start() as server:
        yield Account(server)


@pytest.fixture
def nest(account):
    nest = Nest(account)
    yield nest
    account.delete({"StackName": nest.name, "StackId": nest.id})


def test_create(account, nest):
    assert nest.deploy("CREATE") == "CREATE_COMPLETE"
    assert set(nest.statuses().values()) == {"CREATE_COMPLETE"}
    outputs = {out["OutputKey"]: out["OutputValue"] for out in account.wait(nest.id)["Outputs"]}
    cluster, service = outputs["ClusterName"], outputs["ServiceName"]
    running = account.ecs.describe_services(cluster=cluster, services=[service])["services"][0]
    assert (running["runningCount"], running["deployments"][0]["rolloutState"]) == (1, "COMPLETED")
    subnets = running["networkConfiguration"]["awsvpcConfiguration"]["subnets"]
    zones = {subnet["AvailabilityZone"] for subnet in account.ec2.describe_subnets(SubnetIds=subnets)["Subnets"]}
    assert len(zones) == 2
    definition = account.ecs.describe_task_definition(taskDefinition=running["taskDefinition"])["taskDefinition"]
    secrets = [secret["valueFrom"] for one in definition["containerDefinitions"] for secret in one.get("secrets", [])]
    for reference in secrets:
        arn = ":".join(reference.split(":")[:7])
        assert account.secretsmanager.get_secret_value(SecretId=arn)["SecretString"]
    assert nest.databases()[0]["Endpoint"]["Address"] == outputs["DatabaseHost"]


def test_nothing_changed(nest):
    nest.deploy("CREATE")
    change_set = nest.plan("UPDATE")
    assert change_set["Status"] == "FAILED"
    assert "didn't contain changes" in change_set["StatusReason"]


def test_a_new_image_touches_task_and_service_only(account, nest):
    nest.deploy("CREATE")
    before = nest.inventory()
    image = {"AppImage": "registry.example/app:2"}
    assert set(nest.inner(nest.plan("UPDATE", **image))) == {"TaskDefinition", "Service"}
    assert nest.deploy("UPDATE", **image) == "UPDATE_COMPLETE"
    assert {key for key, value in nest.inventory().items() if value != before[key]} == {"TaskDefinition"}


def test_database_class_and_replacement(account, nest):
    nest.deploy("CREATE")
    change = nest.inner(nest.plan("UPDATE", DBInstanceClass="db.t4g.small"))["DBInstance"]
    assert (change["Action"], change["Replacement"]) == ("Modify", "False")
    assert nest.deploy("UPDATE", DBInstanceClass="db.t4g.small") == "UPDATE_COMPLETE"
    (database,) = nest.databases()
    assert database["DBInstanceClass"] == "db.t4g.small"
    change = nest.inner(nest.plan("UPDATE", DBName="other"))["DBInstance"]
    assert (change["Replacement"], change["PolicyAction"]) == ("True", "ReplaceAndSnapshot")
    assert nest.deploy("UPDATE", DBName="other") == "UPDATE_COMPLETE"
    assert [database["DBName"] for database in nest.databases()] == ["other"]
    snapshots = account.rds.describe_db_snapshots(DBInstanceIdentifier=database["DBInstanceIdentifier"])
    assert len(snapshots["DBSnapshots"]) == 1


def test_a_failed_create_leaves_nothing(account, nest):
    databases = nest.databases()
    assert nest.deploy("CREATE", AppImage=f"{REGISTRY}/none:1") == "ROLLBACK_COMPLETE"
    failed = nest.failures(nest.id)["Compute"]
    assert "[Service]" in failed["ResourceStatusReason"]
    inner = nest.failures(failed["PhysicalResourceId"])["Service"]
    assert "Circuit Breaker was triggered" in inner["ResourceStatusReason"]
    assert nest.databases() == databases
    assert account.wait(failed["PhysicalResourceId"])["StackStatus"] == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state"):
        nest.plan("CREATE")


def test_a_failed_update_goes_back(account, nest):
    nest.deploy("CREATE")
    before = nest.inventory()
    (database,) = nest.databases()
    # A rule is added and the database replaced before the service fails to start.
    changes = {"AppImage": f"{REGISTRY}/none:1", "DBName": "other", "CertificateArn": CERTIFICATE}
    assert nest.deploy("UPDATE", **changes) == "UPDATE_ROLLBACK_COMPLETE"
    statuses = nest.statuses()
    assert {statuses[key] for key in ("Network", "Edge", "Data", "Compute")} == {"UPDATE_ROLLBACK_COMPLETE"}
    assert nest.databases() == [database]
    assert nest.inventory() == before
    assert nest.deploy("UPDATE", AppImage="registry.example/app:3") == "UPDATE_COMPLETE"


def test_delete_takes_the_snapshot(account, nest):
    nest.deploy("CREATE")
    (database,) = nest.databases()
    assert account.delete({"StackName": nest.name, "StackId": nest.id}) == "DELETE_COMPLETE"
    assert account.rds.describe_db_snapshots(DBInstanceIdentifier=database["DBInstanceIdentifier"])["DBSnapshots"]
    assert not nest.databases()
    assert not account.ecs.list_clusters()["clusterArns"]


def test_the_aws_command_line_deploys(account, tmp_path):
    account.s3.create_bucket(Bucket="packages")
    nest = Nest(account)
    parameters = [f"{key}={value}" for key, value in IMAGES.items()]

    def aws(*words):
        command = [str(Path(sys.executable).parent / "aws"), "cloudformation", *words]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **account.server.environment()}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr

    packaged = str(tmp_path / "packaged.yaml")
    source = str(OUT / "root.yaml")
    aws("package", "--template-file", source, "--s3-bucket", "packages", "--output-template-file", packaged)
    # Without --no-execute-changeset it waits half a minute before it looks a second time.
    words = ["--template-file", packaged, "--stack-name", nest.name, "--capabilities", "CAPABILITY_IAM"]
    aws("deploy", *words, "--no-execute-changeset", "--parameter-overrides", *parameters)
    (made,) = account.cloudformation.list_change_sets(StackName=nest.name)["Summaries"]
    account.cloudformation.execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert account.wait(nest.name)["StackStatus"] == "CREATE_COMPLETE"
    assert account.delete({"StackName": nest.name, "StackId": made["StackId"]}) == "DELETE_COMPLETE"


class Target(http.server.BaseHTTPRequestHandler):
    """Answers with what the load balancer has sent."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = json.dumps({"path": self.path, "body": body.decode(), **self.headers}).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def test_a_request_reaches_the_target_of_the_load_balancer(account, nest):
    nest.deploy("CREATE")
    name = account.elbv2.describe_load_balancers()["LoadBalancers"][0]["DNSName"]
    (group,) = account.elbv2.describe_target_groups()["TargetGroups"]
    # Tasks run nowhere: a stand-in passes the health check and does nothing else.
    (stand_in,) = account.elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])[
        "TargetHealthDescriptions"
    ]
    assert load_balancer_request(account.server.url, name, group["HealthCheckPath"])[0] == 200
    assert load_balancer_request(account.server.url, name)[0] == 503
    account.elbv2.deregister_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[stand_in["Target"]])
    assert load_balancer_request(account.server.url, name, group["HealthCheckPath"])[0] == 503
    with http.server.HTTPServer(("127.0.0.1", 0), Target) as target:
        thread = threading.Thread(target=target.serve_forever)
        thread.start()
        address = {"Id": "127.0.0.1", "Port": target.server_port}
        account.elbv2.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[address])
        status, _, body = load_balancer_request(
            account.server.url, name, "/notes/1?x=%20y", method="POST", body=b"name=a", headers={"Cookie": "a=b"}
        )
        target.shutdown()
        thread.join()
    seen = json.loads(body)
    assert (status, seen["path"], seen["body"], seen["cookie"]) == (201, "/notes/1?x=%20y", "name=a", "a=b")
    assert (seen["host"], seen["x-forwarded-proto"]) == (name, "http")
    assert load_balancer_request(account.server.url, name)[0] == 502
