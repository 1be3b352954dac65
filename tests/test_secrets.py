"""Secrets are where they are needed and nowhere else: made-up ones, searched for in all that is written."""

import gzip
import json
from pathlib import Path

import boto3
import pytest

from drills.deployments.canaries import command_lines, shown_below, shown_in
from drills.deployments.killing import place
from tests.conftest import ROOT, running_site
from tests.nest import flat, of_type

KEY = "canary-secret-key-4f1d2c3b"
ACCESS, TOKEN = "canaryAccess/Key+0123456789abcdefghij", "canaryToken/" + "x1y2z3" * 30


@pytest.mark.parametrize("secret", ["plain", 'with "quotes"', "a/b+c=d e", "é"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_search_finds_a_secret_however_it_is_written(tmp_path, secret, pack):
    (tmp_path / "log").write_bytes(pack(f"before {secret} after".encode()))
    (tmp_path / "other").write_bytes(b"nothing")
    assert shown_below(tmp_path, [secret]) == ["log"]
    assert shown_in(json.dumps({"password": secret}, ensure_ascii=False).encode(), [secret])


@pytest.mark.slow
def test_the_applications_secrets_are_not_in_logs_pages_files_or_process_lists(mariadb, tmp_path):
    given = mariadb.database() | {"SECRET_KEY": KEY, "WEB_RATE_LIMIT": "100"}
    secrets = [given["DATABASE_PASSWORD"], KEY]
    paths = [
        "/",
        "/entries/new",
        "/nothing",
        "/entries.csv",
        "/api/v1/entries",
        "/api/v1/docs",
        "/readyz",
        "/%00",
        "/.env",
    ]
    with command_lines() as seen, running_site(tmp_path, **given) as site:
        answers = [site.call(path) for path in paths]
        answers.append(site.call("/entries/new", "POST", "title=a", Content_Type="application/x-www-form-urlencoded"))
        mariadb.run(f"DROP TABLE {given['DATABASE_NAME']}.entry_words, {given['DATABASE_NAME']}.entries")
        answers += [site.call(path) for path in paths]
        mariadb.run(f"DROP USER '{given['DATABASE_USERNAME']}'@'%'")
        killed = mariadb.rows(
            f"SELECT id FROM information_schema.processlist WHERE user = '{given['DATABASE_USERNAME']}'"
        )
        mariadb.run(*(f"KILL {number}" for (number,) in killed))
        answers += [site.call(path) for path in paths]
    assert {200, 404, 503} <= {response.status for response, _ in answers}
    for response, body in answers:
        assert not shown_in(str(response.getheaders()).encode() + body, secrets)
    assert any(b"gunicorn" in line for line in seen)
    assert any(b"nginx" in line for line in seen)
    assert not [line for line in seen if shown_in(line, secrets)]
    assert "database unavailable" in (tmp_path / "app.log").read_text()
    assert not shown_below(tmp_path, secrets)


@pytest.mark.slow
def test_the_secrets_of_a_deployment_are_in_nothing_that_it_writes(tmp_path):
    """Those of who deploys, those that AWS made for the stack, and the registry's password."""
    with command_lines() as seen, place(tmp_path / "place") as where:
        where.environ |= {"AWS_SECRET_ACCESS_KEY": ACCESS, "AWS_SESSION_TOKEN": TOKEN}
        run = where.deploy()
        assert run.code == 0, run.err
        options = where.account.server.client_options()
        manager = boto3.client("secretsmanager", **options)
        values = [manager.get_secret_value(SecretId=arn)["SecretString"] for arn in where.account.holdings()["secrets"]]
        token = boto3.client("ecr", **options).get_authorization_token()["authorizationData"][0]["authorizationToken"]
    made = [json.loads(value).get("password", value) if value.startswith("{") else value for value in values]
    secrets = [ACCESS, TOKEN, token, *made]
    assert len(made) >= 2
    assert all(len(secret) >= 16 for secret in secrets)
    assert not shown_in((run.out + run.err).encode(), secrets)
    assert not [line for line in seen if shown_in(line, secrets)]
    journals = list(Path(where.environ["DEPLOYS"]).rglob("*.jsonl"))
    layers = [path for path in Path(where.environ["REHEARSAL_IMAGES"]).rglob("*") if path.is_file()]
    assert journals
    assert len(layers) > 4
    assert not shown_below(tmp_path / "place", secrets), "journals, layers of images, settings"
    assert not shown_below(ROOT / "out", secrets)


def test_the_front_tier_is_given_no_secret():
    for task in of_type(flat("production"), "AWS::ECS::TaskDefinition").values():
        (web,) = [each for each in task["ContainerDefinitions"] if each["Name"] == "web"]
        assert "Secrets" not in web
        assert not [pair for pair in web["Environment"] if "PASSWORD" in pair["Name"] or "SECRET" in pair["Name"]]
