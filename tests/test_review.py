"""The review's command line and its summary."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from review import environment, summary, workspace
from review.__main__ import main
from review.template import parse
from tests.nest import ROOT

ENVIRONMENTS = sorted(path.stem for path in (ROOT / "config").glob("*.env"))


def cidr_rule(block="0.0.0.0/0", **more):
    return {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": block} | more


RESOURCES = {
    "Role": {"Type": "AWS::IAM::Role"},
    "Waiter": {"Type": "Custom::Waiter"},
    "Data": {"Type": "AWS::RDS::DBInstance", "DeletionPolicy": "Snapshot"},
    "Bucket": {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "Delete",
        "Metadata": {"checkov": {"skip": [{"id": "CKV_2", "comment": "x"}, {"id": "CKV_1", "comment": "y"}]}},
    },
    "Queue": {"Type": "AWS::SQS::Queue", "Metadata": {"checkov": {"skip": [{"id": "CKV_1", "comment": "z"}]}}},
    "Own": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": cidr_rule()},
    "Inner": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": cidr_rule("10.0.0.0/16")},
    "Group": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "SecurityGroupIngress": [{"IpProtocol": "udp", "FromPort": 53, "ToPort": 99, "CidrIpv6": "::/0"}],
            "SecurityGroupEgress": [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}, {"CidrIp": {"Ref": "A"}}],
        },
    },
}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (summary.named(RESOURCES, "AWS::IAM::", "Custom::"), ["Role", "Waiter"]),
        (summary.open_rules(RESOURCES, "Ingress"), ["tcp 80 (Own)", "udp 53-99 (Group)"]),
        (summary.open_rules(RESOURCES, "Egress"), ["everything (Group)"]),
        (summary.kept(RESOURCES), ["Data (Snapshot)"]),
        (summary.suppressed(RESOURCES), ["CKV_1 x2", "CKV_2"]),
    ],
)
def test_what_a_reviewer_asks_first(found, expected):
    assert found == expected


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_the_summary_counts_every_resource(env):
    loaded = workspace.load(env)
    lines = summary.lines(loaded)
    count = len(loaded.nest.flat["Resources"])
    assert lines[0].startswith(f"{env}: {count} resources in ")
    rows = lines[3 : lines.index("", 2)]
    assert sum(int(row.rpartition(" ")[2]) for row in rows) == count
    for name, value in loaded.values.items():
        changed = value != str(loaded.definitions[name].get("Default", ""))
        assert any(line.split()[:1] == [name] for line in lines) is changed


def test_the_lab_makes_no_role_and_says_so(capsys):
    assert main(["summary", "lab"]) == 0
    shown = capsys.readouterr().out
    assert "  IAM                none\n" in shown
    assert "DBInstanceClass" in shown


def test_without_an_environment_all_are_shown(capsys):
    assert main(["summary", ""]) == 0
    assert all(f"{env}: " in capsys.readouterr().out for env in ENVIRONMENTS[:1])


def test_the_summary_waits_for_no_linter():
    command = "import sys, review.__main__ as m; m.main(['summary']); sys.exit('cfnlint' in sys.modules)"
    subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True, capture_output=True)


def test_resolve_writes_both_views(tmp_path, capsys):
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "old.yaml").write_text("left by an earlier run")
    assert main(["resolve", "lab", "--out", str(tmp_path), "--region", "eu-west-1"]) == 0
    written = {path.name for path in (tmp_path / "lab").iterdir()}
    nest = workspace.load("lab", "eu-west-1").nest
    assert written == {*nest.stacks, "flat.yaml"}
    assert parse((tmp_path / "lab" / "flat.yaml").read_text(), "flat.yaml") == nest.flat
    assert "eu-west-1" in json.dumps(nest.flat)
    assert "flat.yaml" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("config", "root", "words"),
    [
        (
            "Size=many",
            "{Parameters: {Size: {Type: Number}}, Resources: {}}",
            "config/lab.env: Size=many: must be a whole",
        ),
        ("", "{", "out/root.yaml: line 2: not YAML"),
        ("", "A: 1", "out/root.yaml: not a CloudFormation template"),
        ("", "Resources: {V: {Type: A, Properties: {B: !Ref C}}}", "root.yaml: there is no C to refer to"),
    ],
)
def test_bad_input_is_one_line(tmp_path, monkeypatch, capsys, config, root, words):
    files = {"config/lab.env": config, "out/root.yaml": root, "out/bootstrap.yaml": "Resources: {}"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("OUT", str(tmp_path / "out"))
    assert main(["summary", "lab"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert words in error


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_the_overview_has_what_the_hand_over_has(env, capsys):
    assert main(["overview", env]) == 0
    shown = capsys.readouterr().out
    handed = {name: (ROOT / "out/handover" / name).read_text() for name in ("PRICE.md", "REACH.md", "PERMISSIONS.md")}
    assert "\n".join(summary.lines(workspace.load(env))) in shown
    (month,) = re.findall(rf"^    {env}: (\S+) a month", handed["PRICE.md"], re.MULTILINE)
    assert f"  {month} a month, " in shown
    table = handed["REACH.md"].partition(f"## {env}\n")[2].partition("promise")[0]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines() if row.startswith("| ")]
    for title, *cells in rows[1:]:
        assert re.search(rf"^  {title} +{' +'.join(filter(None, cells))}$", shown, re.MULTILINE), title
    (actions,) = re.findall(rf"^## {env}\n\n(.*)\.$", handed["PERMISSIONS.md"], re.MULTILINE)
    assert actions in shown
    assert "BROKEN" not in shown
    assert shown.endswith(f"make scan ENV={env}\n")
    replacing, interrupting = (
        shown.partition(f"A change of these {word} what holds data")[2].partition("\n\n")[0]
        for word in ("replaces", "interrupts")
    )
    assert re.search(r"^    DBName +\w+ +DataDBInstance", replacing, re.MULTILINE)
    assert "DBInstanceClass" not in replacing
    assert re.search(r"^    DBInstanceClass +db\S+ +DataDBInstance", interrupting, re.MULTILINE)


def test_the_overview_says_what_is_broken(tmp_path, monkeypatch, capsys):
    out = shutil.copytree(ROOT / "out", tmp_path / "out")
    network = (out / "network.yaml").read_text()
    (out / "network.yaml").write_text(network.replace("FromPort: 3306", "FromPort: 22"))
    monkeypatch.setenv("OUT", str(out))
    assert main(["overview", "lab"]) == 1
    assert "  BROKEN: " in capsys.readouterr().out


def test_the_overview_loads_no_linter():
    """It is there in a second: cfn-lint's data is read, cfn-lint is not imported."""
    command = "import sys; from review.__main__ import main; main(['overview', 'lab']); print('cfnlint' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True, capture_output=True, text=True)
    assert result.stdout.endswith("make scan ENV=lab\nFalse\n")


def test_an_environment_that_is_not_there(capsys):
    assert main(["summary", "nowhere"]) == 1
    assert "there is no config/nowhere.env; environments: lab" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_the_partition_follows_from_the_region(region, partition):
    assert environment.pseudo(region, "shop")["AWS::Partition"] == partition
