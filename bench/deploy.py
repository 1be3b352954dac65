"""What a deployment costs over the embedded AWS's own time for the same nest: `python -m bench.deploy`.

The nest is made by boto3 alone, asked as fast as it answers, then by us; then a second run finds nothing to do.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3

from rehearsal import engine, server

ROOT = Path(__file__).parent.parent
RUNS = 3
STACK = "flaskcrud-lab"
SECOND_RUN = 2.0  # seconds that the second run may take on a quiet machine


def measured(command: list[str], environment: dict[str, str]) -> tuple[float, float, str]:
    """Wall time, CPU time of the process and its children, and its output. It must succeed."""

    def cpu():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    began, before = time.perf_counter(), cpu()
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return time.perf_counter() - began, cpu() - before, done.stdout


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
        sys.exit(f"the nest alone ended in {status}")
    delete(cloudformation, stack_id)
    return seconds


def told(name: str, wall: float, cpu: float, rest: str = "") -> None:
    """Print one line of the result."""
    print(f"{name:<34} {wall:5.2f} s wall  {cpu:5.2f} s CPU{rest}")


def shortest(runs: list[tuple]) -> tuple:
    """The run that was disturbed least."""
    return min(runs, key=lambda run: run[0])


def main() -> int:
    """Print the figures; 1 if the second run uploads something or takes too long."""
    with server.start() as aws, tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHON": sys.executable, "YES": "1"}
        environment |= aws.environment() | {
            "DEPLOYS": str(place / "deploys"),
            "CONTAINER_ENGINE": str(engine.install(place)),
            "REHEARSAL_IMAGES": str(place / "images"),
            "REHEARSAL_REGISTRY": aws.url.removeprefix("http://"),
        }
        cloudformation = boto3.client("cloudformation", **aws.client_options())
        script, up = ["./deploy.sh", "lab"], [sys.executable, "-m", "deploy", "up", "lab"]
        first = measured(script, environment)
        root = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        again = shortest([measured(script, environment) for _ in range(RUNS)])
        url = template_url(aws, cloudformation)
        alone = min(bare(cloudformation, url, root["Parameters"]) for _ in range(RUNS))
        ours = []
        for _ in range(RUNS):
            delete(cloudformation, cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackId"])
            ours.append(measured(up, environment))
    wall, cpu, _ = shortest(ours)
    print(f"{'the nest, CreateStack alone':<34} {alone:5.2f} s wall")
    told("the nest, deployed and seen to run", wall, cpu, f"  {wall / alone:.1f} times, {wall - alone:.2f} s more")
    told("first ./deploy.sh, with images", *first[:2])
    told("second ./deploy.sh, no changes", *again[:2], f"  at most {SECOND_RUN:.0f} s")
    uploaded = " uploaded" in again[2] or "pushing" in again[2]
    return int(uploaded or again[0] > SECOND_RUN)


def template_url(aws: server.Server, cloudformation) -> str:
    """Where the root's packaged template lies."""
    stack = cloudformation.describe_stacks(StackName=f"{STACK}-bootstrap")["Stacks"][0]
    bucket = next(item["OutputValue"] for item in stack["Outputs"] if item["OutputKey"] == "ArtifactBucketName")
    s3 = boto3.client("s3", **aws.client_options())
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    root = next(key for key in keys if b"TemplateURL" in s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return f"{aws.url}/{bucket}/{root}"


if __name__ == "__main__":
    sys.exit(main())
