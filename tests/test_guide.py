"""docs/guide.md holds: its commands run, in their order, against the embedded AWS; what it quotes is what is said."""

import re
import subprocess
import sys
from decimal import Decimal

import pytest

from rehearsal import server
from review import workspace
from review.price import bill
from tests.account import Account
from tests.deploying import machine
from tests.nest import ROOT

GUIDE = (ROOT / "docs/guide.md").read_text()
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]

# Commands of the guide that are not run here, and why.
NOT_RUN = {
    "sudo apt-get install": "installs into this machine",
    "brew install": "macOS only",
    "podman machine init": "macOS only",
    "wsl --install": "Windows only",
    "git clone": "this is a clone",
    "make rehearse": "tests/test_rehearsal.py runs it",
    "make rollback": "needs a second version of the application: tests/test_deploy_verbs.py runs it",
    "aws configure": "asks for real credentials",
    "aws sso login": "needs a real identity provider",
}


def test_what_is_not_run_is_in_the_guide_and_not_among_what_is():
    for command in NOT_RUN:
        assert command in GUIDE, command
        assert not [line for line in COMMANDS if line.startswith(command)]


def test_every_make_target_that_is_named_is_there():
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(
        re.findall(
            r"\bmake ([a-z]+)\b(?! wherever)", "\n".join(re.findall(r"`[^`]+`|^    .*|^make .*", GUIDE, re.MULTILINE))
        )
    )
    assert named - {"git", "install"} <= targets
    assert {"doctor", "deploy", "open", "status", "logs", "pause", "resume", "destroy"} <= named


def test_what_is_quoted_is_what_is_said():
    sources = [*(ROOT / "deploy").rglob("*.py"), ROOT / "deploy.sh", *(ROOT / "deploy").rglob("*.toml")]
    said = "\n".join(path.read_text() for path in sources)
    said = re.sub(r'"\s*\n\s*f?"', "", said)
    rows = re.findall(r"^\| `([^`]+)`", GUIDE.partition("## The ten things")[2], re.MULTILINE)
    assert len(rows) == 10
    for words in rows:
        assert words in said, words


@pytest.mark.parametrize("env", ["lab", "reference"])
def test_what_it_says_of_the_price_is_what_the_price_list_says(env):
    price = bill.monthly(workspace.load(env).nest)
    (row,) = re.findall(rf"^\| `{env}` \| \$([\d.]+) \| \$([\d.]+) \| \$(\d+) \|$", GUIDE, re.MULTILINE)
    hour, session, month = map(Decimal, row)
    assert abs(price.hour - hour) <= Decimal("0.005")
    assert abs(price.lab - session) <= Decimal("0.005")
    assert abs(price.month - month) <= Decimal("0.5")


@pytest.mark.slow
def test_the_guide_from_first_to_last_command(tmp_path):
    """In one shell that stops at the first command that fails; the Learner Lab's role is there, as in every lab."""
    with server.start() as aws:
        account = Account(aws)
        account.iam.create_role(RoleName="LabRole", AssumeRolePolicyDocument="{}")
        environment = machine(aws, tmp_path) | {
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "CI": "true",
            "HOME": str(tmp_path),
        }
        environment |= {"PYTHON": sys.executable}
        result = subprocess.run(
            ["bash", "-eux", "-c", "\n".join(COMMANDS)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-3000:]
        assert "nothing stands in the way of `make deploy ENV=lab`" in result.stdout
        assert "flaskcrud-lab: no changes" in result.stdout
        assert "flaskcrud-lab: paused" in result.stdout
        assert "flaskcrud-lab: running again" in result.stdout
        assert "there is no such stack in us-east-1" in result.stdout
        assert not [
            one for one in account.cloudformation.describe_stacks()["Stacks"] if one["StackName"].startswith("flask")
        ]
        assert account.s3.list_buckets()["Buckets"] == []
