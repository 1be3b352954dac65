"""The embedded AWS as a process: alone, bounded, and gone without a trace."""

import hashlib
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from drills.deployments.accounts import Account as OwnedAccount
from drills.parts.processes import accepts, wait_until
from rehearsal.server import HEALTH, ServerError, request, settings, start
from tests.account import Account

ROOT = Path(__file__).parent.parent
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def test_nothing_of_the_users_environment_gets_in(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    given = settings(4566, Path("directory"), "token")
    assert not [name for name in given if name.startswith("AWS_")]
    assert given["BIND_HOST"] == "127.0.0.1"


def test_a_missing_installation_is_named(tmp_path):
    with pytest.raises(ServerError, match="run make setup"):
        start(interpreter=tmp_path / "python")


def test_a_server_that_ends_at_once_is_quoted(tmp_path):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho it is broken\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(ServerError, match=r"did not start: it is broken$"):
        start(interpreter=broken)


@pytest.mark.slow
def test_two_servers_know_nothing_of_each_other():
    with start() as one, start() as other:
        Account(one).s3.create_bucket(Bucket="mine")
        assert not Account(other).s3.list_buckets()["Buckets"]
        with pytest.raises(ServerError, match="is in use"):
            start(port=int(one.url.rpartition(":")[2]))
    assert one.process.poll() is not None
    assert not one.directory.exists()


@pytest.mark.slow
def test_a_server_ends_with_the_process_that_started_it():
    program = "from rehearsal.server import start; s = start(); print(s.url, s.directory, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        url, directory = owner.stdout.readline().split()
        assert request(url, "GET", HEALTH)[0] == 200
        owner.send_signal(signal.SIGKILL)
    wait_until(lambda: not accepts(urlsplit(url).port), 10, "the end of the server")
    wait_until(lambda: not Path(directory).exists(), 10, "the end of its directory")


@pytest.mark.slow
def test_a_server_says_whether_anything_changed_and_forgets_everything():
    with start() as server:
        account = Account(server)
        account.s3.list_buckets()  # some tables are filled by the first question
        used = OwnedAccount(server)
        account.s3.list_buckets()
        assert server.state() == used.first
        account.s3.create_bucket(Bucket="one")
        with_one = server.state()
        assert with_one != used.first
        account.s3.put_object(Bucket="one", Key="a", Body=b"x")
        assert server.state() != with_one
        used.renew()
        assert account.s3.list_buckets()["Buckets"] == []
        used.first.pop(next(name for name in used.first if name.endswith(".ec2._vpcs")))
        with pytest.raises(AssertionError, match=r"not as new: .*_vpcs"):
            used.renew()


@pytest.mark.slow
def test_the_registry_keeps_what_is_pushed():
    with start() as server:
        account = Account(server)
        account.ecr.create_repository(repositoryName="some/app", imageTagMutability="IMMUTABLE")
        address = account.ecr.get_authorization_token()["authorizationData"][0]["proxyEndpoint"]

        def push(manifest):
            return request(address, "PUT", "/v2/some/app/manifests/1", {"Content-Type": MANIFEST}, manifest)[0]

        assert (push(b"{}"), push(b"{}"), push(b'{"other": 1}')) == (201, 201, 400)
        (image,) = account.ecr.describe_images(repositoryName="some/app", imageIds=[{"imageTag": "1"}])["imageDetails"]
        assert image["imageDigest"] == f"sha256:{hashlib.sha256(b'{}').hexdigest()}"
