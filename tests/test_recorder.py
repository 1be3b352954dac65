"""The flight recorder: what it keeps, what it never keeps, what it costs when the disk does not play along."""

import json
from datetime import UTC, datetime

import pytest

from deploy import recorder
from deploy.recorder import Recorder, redacted

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def test_each_kind_goes_into_its_file_at_once(tmp_path):
    kept = Recorder(tmp_path / "flight")
    for kind in recorder.FILES:
        kept.write(kind, NOW, text="x")
    # Not closed: what a process that is killed leaves behind.
    found = {path.name: [json.loads(line) for line in path.read_text().splitlines()] for path in kept.folder.iterdir()}
    assert set(found) == {f"{name}.jsonl" for name in recorder.FILES.values()}
    assert found["events.jsonl"] == [{"time": "2026-11-23T12:00:00.000+00:00", "kind": "event", "text": "x"}]
    assert (kept.folder.stat().st_mode & 0o777) == 0o700
    kept.close()
    kept.close()


@pytest.mark.parametrize(
    "secret",
    [
        "DATABASE_PASSWORD=hunter22x",
        'password: "hunter22x"',
        "{'SECRET_KEY': 'hunter22x'}",
        "api_key=hunter22x&x=1",
        "session token is hunter22x",
        "mysql://admin:hunter22x@db:3306/x",
        "aws_access_key_id ASIAHUNTER22XHUNTER2",
        "Authorization eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.hunter22x",
        "x" + "hunter22x" * 12 + "==",
    ],
)
def test_what_looks_like_a_secret_is_struck_out(secret):
    kept = redacted(f"before {secret} after")
    assert "hunter22x" not in kept.lower()
    assert recorder.STRUCK in kept
    assert kept.startswith("before ")


@pytest.mark.parametrize(
    "text",
    [
        "failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:Master-AbCdEf from secrets",
        "retrieved secret from Secrets Manager did not contain json key password",
        "The security token included in the request is expired",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/flaskcrud-lab/web@sha256:" + "0a1b" * 16,
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/flaskcrud-lab-Edge-DB9DBCCDF5C11/9kz3orq2tn35",
    ],
)
def test_what_a_verdict_needs_is_kept(text):
    assert redacted(text) == text


def test_the_credentials_of_the_process_are_never_kept(monkeypatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "short-but-ours-0123")
    assert redacted("got short-but-ours-0123!") == "got ***!"


def test_a_disk_that_cannot_be_written_costs_one_note(tmp_path):
    (tmp_path / "file").write_text("")
    said = []
    kept = Recorder(tmp_path / "file" / "flight", said.append)
    for number in range(3):
        kept.write("note", text=str(number))
    assert len(said) == 1
    assert "cannot be written" in said[0]
    assert len(kept.records) == 3


def test_a_full_disk_costs_one_note():
    said = []
    kept = Recorder(None, said.append)
    kept.folder = recorder.base()
    kept._files["notes"] = open("/dev/full", "a", buffering=1)  # noqa: PTH123, SIM115  the device that is always full
    kept.write("note", text="x")
    kept.write("note", text="y")
    assert [line.partition("(")[2] for line in said] == ["No space left on device): this deployment is not recorded"]


def test_each_deployment_has_a_directory_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("DEPLOYS", str(tmp_path))
    first = recorder.new_folder("flaskcrud-lab", NOW)
    assert first == tmp_path / "20261123T120000Z-flaskcrud-lab"
    first.mkdir()
    assert recorder.new_folder("flaskcrud-lab", NOW).name == "20261123T120000Z-flaskcrud-lab.2"
    assert recorder.shown(first) == f"{first}/"
