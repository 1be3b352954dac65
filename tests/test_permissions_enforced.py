"""The policies of the lab in an embedded AWS that enforces them: what deploys, what only looks, and what is denied."""

import json

import boto3
import pytest

from rehearsal import server
from tests.deploying import call, machine
from tests.handed_over import Machine, commands
from tests.nest import ROOT
from tests.test_permissions import ACCOUNT, documents, reader

pytestmark = pytest.mark.slow

# Where the emulator is coarser than AWS: it knows the resource of neither call, and names log groups in its own way.
GAPS = [
    {"Effect": "Allow", "Action": ["cloudformation:DescribeChangeSet", "rds:DeleteDBSnapshot"], "Resource": "*"},
    {
        "Effect": "Allow",
        "Action": ["logs:FilterLogEvents"],
        "Resource": f"arn:aws:logs:*:{ACCOUNT}:log-group:/aws/cloudformation/flaskcrud-lab-*",
    },
]
TRUST = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}


def document(statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture(scope="module")
def aws():
    """An embedded AWS in which only the root user may do everything; it has the lab's role."""
    plain = server.settings
    root = {"AUTH": "true", "AWS_ACCESS_KEY_ID": "rehearsal", "AWS_SECRET_ACCESS_KEY": "rehearsal"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "settings", lambda *given: {**plain(*given), **root})
        running = server.start()
    with running:
        iam = boto3.client("iam", **running.client_options())
        iam.create_role(RoleName="LabRole", AssumeRolePolicyDocument=document([TRUST]))
        yield running


@pytest.fixture(scope="module")
def place(tmp_path_factory, aws):
    """Environment variables of a machine with an engine and somebody who agrees."""
    return machine(aws, tmp_path_factory.mktemp("place"))


@pytest.fixture(scope="module")
def user(aws):
    """Make a user with these policies; its credentials as environment variables."""
    iam = boto3.client("iam", **aws.client_options())

    def make(name, *policies):
        iam.create_user(UserName=name)
        for number, text in enumerate([*policies, document(GAPS)]):
            made = iam.create_policy(PolicyName=f"{name}-{number}", PolicyDocument=text)
            iam.attach_user_policy(UserName=name, PolicyArn=made["Policy"]["Arn"])
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    return make


@pytest.fixture(scope="module")
def deployer(user):
    return user("deployer", *(json.dumps(each) for each in documents("lab", ACCOUNT)))


def take_tls_for_granted(aws):
    """The bucket takes TLS only, and this AWS speaks none."""
    s3 = boto3.client("s3", **aws.client_options())
    for bucket in s3.list_buckets()["Buckets"]:
        s3.delete_bucket_policy(Bucket=bucket["Name"])


@pytest.fixture(scope="module")
def deployed(aws, place, deployer):
    """The lab, deployed by somebody who has its policies and no other right."""
    first = call("python", "-m", "deploy", "bootstrap", "lab", **place | deployer)
    assert first.returncode == 0, first.stderr
    take_tls_for_granted(aws)
    result = call("./deploy.sh", "lab", **place | deployer)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "warning: " not in result.stdout  # as when the data could not be protected
    return result


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("verb", ["plan", "outputs", "status", "logs", "drift", "pause", "resume"])
def test_whoever_deploys_can_do_the_days_after(place, deployer, verb):
    result = call("python", "-m", "deploy", verb, "lab", **place | deployer)
    assert result.returncode == 0, result.stderr


@pytest.mark.usefixtures("deployed")
def test_whoever_only_looks_sees_and_cannot_change(place, user):
    looking = place | user("reader", document(reader("lab")))
    for verb in ("outputs", "status", "logs"):
        result = call("python", "-m", "deploy", verb, "lab", **looking)
        assert result.returncode == 0, result.stderr
        assert "AWS denies" not in result.stdout
    for verb in ("pause", "destroy", "up"):
        result = call("python", "-m", "deploy", verb, "lab", **looking)
        assert result.returncode == 1
        assert result.stderr.startswith(("error: AWS denies", "error: AWS refused")), result.stderr


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    ("sid", "verb", "denied"),
    [
        ("Cloudformation", "outputs", "DescribeStacks"),
        ("Ecr", "images", "DescribeImages"),
        ("S3", "up", "HeadObject"),
        ("Ecs", "pause", "UpdateService"),
        ("Rds", "pause", "DescribeDBInstances"),
    ],
)
def test_without_a_statement_something_is_denied(place, user, sid, verb, denied):
    left = [
        document([statement for statement in each["Statement"] if statement["Sid"] != sid])
        for each in documents("lab", ACCOUNT)
    ]
    result = call("python", "-m", "deploy", verb, "lab", **place | user(f"without-{sid}", *left))
    assert result.returncode == 1
    assert denied in result.stderr


@pytest.mark.usefixtures("deployed")
def test_whoever_deploys_can_destroy(place, deployer):
    result = call("python", "-m", "deploy", "destroy", "lab", **place | deployer)
    assert result.returncode == 0, result.stdout[-500:] + result.stderr


def test_whoever_deploys_can_follow_the_readme(aws, deployer, tmp_path):
    """By the AWS command line alone, from the bootstrap stack to the removal; needs what is left above to be gone."""
    terminal = [block.replace("ENV=standard", "ENV=lab") for block in commands("README.md", "1. Say what and where")]
    with Machine(tmp_path / "home", ROOT, aws) as machine:
        machine.folder = tmp_path
        for name in ("out", "app", "docker", "requirements"):
            (tmp_path / name).symlink_to(ROOT / name)
        machine.run(
            *terminal,
            *commands("README.md", "2. Choose the parameters"),
            *commands("README.md", "3. Make the image repositories and the bucket"),
            **deployer,
        )
        take_tls_for_granted(aws)
        for section in (
            "4. Build and push the two images",
            "5. Upload the nested templates",
            "6. See what will be made, then make it",
            "8. Protect it",
            "2. Delete the stack",
            "3. Delete repositories and bucket",
            "4. See what is left",
        ):
            machine.run(*terminal, *commands("README.md", section), **deployer)
    stacks = boto3.client("cloudformation", **aws.client_options()).describe_stacks()["Stacks"]
    assert not [stack for stack in stacks if stack["StackName"].startswith("flaskcrud-lab")]
