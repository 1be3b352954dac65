"""An ops team's way: the AWS command line on out/ as committed, without any of our Python."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal import server
from tests.nest import OUT

pytestmark = pytest.mark.slow

AWS = Path(sys.executable).with_name("aws")


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """`aws` in an empty folder with only out/ copied, against the embedded AWS."""
    folder = tmp_path_factory.mktemp("ops")
    for path in OUT.glob("*.yaml"):
        (folder / path.name).write_bytes(path.read_bytes())
    with server.start() as running:

        def call(*words):
            command = [AWS, "--endpoint-url", running.url, "--output", "json", *words]
            environment = {"PATH": os.environ["PATH"], "HOME": str(folder)} | running.environment()
            result = subprocess.run(
                command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=150
            )
            assert result.returncode == 0, result.stdout + result.stderr
            return result.stdout

        yield call


def outputs(aws, stack):
    (described,) = json.loads(aws("cloudformation", "describe-stacks", "--stack-name", stack))["Stacks"]
    assert described["StackStatus"] == "CREATE_COMPLETE"
    return {item["OutputKey"]: item["OutputValue"] for item in described["Outputs"]}


def test_package_and_deploy(aws):
    deploy = ("cloudformation", "deploy", "--no-fail-on-empty-changeset")
    aws(*deploy, "--template-file", "bootstrap.yaml", "--stack-name", "shop-bootstrap")
    bucket = outputs(aws, "shop-bootstrap")["ArtifactBucketName"]
    package = ("cloudformation", "package", "--template-file", "root.yaml", "--s3-bucket", bucket)
    aws(*package, "--output-template-file", "packaged.yaml")
    aws(
        *deploy,
        *("--template-file", "packaged.yaml", "--stack-name", "shop", "--s3-bucket", bucket),
        *("--capabilities", "CAPABILITY_IAM"),
        "--parameter-overrides",
        *("AppImage=registry.example/app:1", "WebImage=registry.example/web:1"),
    )
    assert outputs(aws, "shop")["Url"].startswith("http://")
    nested = json.loads(aws("cloudformation", "list-stack-resources", "--stack-name", "shop"))
    assert {item["LogicalResourceId"] for item in nested["StackResourceSummaries"]} == {
        "Network",
        "Egress",
        "Edge",
        "Data",
        "Compute",
    }
