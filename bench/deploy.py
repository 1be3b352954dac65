"""What a deployment costs over the embedded AWS's own time for the same nest.

The nest is made by boto3 alone, asked as fast as it answers, then by us; then a second run finds nothing to do.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import boto3

from bench.process import Broken, measured
from bench.rows import Missing, Row
from rehearsal import engine, server

RUNS = 3
STACK = "flaskcrud-lab"
SECOND_RUN = 2.0  # seconds that the second run may take on a quiet machine


def ended(cloudformation, stack_id: str) -> str:
    """The state in which what is under way with a stack has ended."""
    while (status := cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]).endswith(
        "_IN_PROGRESS"
    ):
        pass
    return status


def delete(cloudformation, stack_id: str) -> None:
    """Delete a stack, whatever protects it."""
    cloudformation.update_termination_protection(StackName=stack_id, EnableTerminationProtection=False)
    cloudformation.delete_stack(StackName=stack_id)
    ended(cloudformation, stack_id)


def bare(cloudformation, template_url: str, parameters: list[dict]) -> float:
    """Seconds until the nest is there by one call of CreateStack; afterwards it is gone again."""
    began = time.perf_counter()
    stack_id = cloudformation.create_stack(
        StackName="bare",
        TemplateURL=template_url,
        Parameters=parameters,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )["StackId"]
    status, seconds = ended(cloudformation, stack_id), time.perf_counter() - began
    if status != "CREATE_COMPLETE":
        raise Broken(f"the nest alone ended in {status}")
    delete(cloudformation, stack_id)
    return seconds


def rows() -> list[Row]:
    """Deploy, deploy again, and compare with the nest alone; a second run that uploads something is an error."""
    if not server.INTERPRETER.exists():
        raise Missing("there is no embedded AWS: make setup")
    with server.start() as aws, tempfile.TemporaryDirectory() as directory:
        environment = surroundings(aws, Path(directory))
        cloudformation = boto3.client("cloudformation", **aws.client_options())
        script, up = ["./deploy.sh", "lab"], [sys.executable, "-m", "deploy", "up", "lab"]
        first = measured(script, environment)
        root = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        again = min((measured(script, environment) for _ in range(RUNS)), key=lambda used: used.wall)
        if " uploaded" in again.output or "pushing" in again.output:
            raise Broken(f"the second run uploaded something: {again.output}")
        url = template_url(aws, cloudformation)
        alone = min(bare(cloudformation, url, root["Parameters"]) for _ in range(RUNS))
        ours = []
        for _ in range(RUNS):
            delete(cloudformation, cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackId"])
            ours.append(measured(up, environment))
    nest = min(used.wall for used in ours)
    return [
        Row("deploy", "second ./deploy.sh, no changes, nothing uploaded", again.wall, at_most=SECOND_RUN),
        Row("deploy", "the same, CPU", again.cpu),
        Row("deploy", "first ./deploy.sh, with images pushed", first.wall),
        Row("deploy", "the nest deployed and seen to run, beside CreateStack alone", nest, alone),
    ]


def surroundings(aws: server.Server, place: Path) -> dict[str, str]:
    """The environment of a deployment that knows the embedded AWS and a container engine that only records."""
    return (
        {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHON": sys.executable, "YES": "1"}
        | aws.environment()
        | {
            "DEPLOYS": str(place / "deploys"),
            "CONTAINER_ENGINE": str(engine.install(place)),
            "REHEARSAL_IMAGES": str(place / "images"),
            "REHEARSAL_REGISTRY": aws.url.removeprefix("http://"),
        }
    )


def template_url(aws: server.Server, cloudformation) -> str:
    """Where the root's packaged template lies."""
    stack = cloudformation.describe_stacks(StackName=f"{STACK}-bootstrap")["Stacks"][0]
    bucket = next(item["OutputValue"] for item in stack["Outputs"] if item["OutputKey"] == "ArtifactBucketName")
    s3 = boto3.client("s3", **aws.client_options())
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    root = next(key for key in keys if b"TemplateURL" in s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return f"{aws.url}/{bucket}/{root}"
