"""What the hand-over says: every alarm, resource and parameter is in it, and what it says is so."""

import json
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from review import environment, workspace
from review.__main__ import main
from review.handbook import readme, runbook
from review.handbook.text import text
from review.problem import Problem
from review.update.guard import HOLDS
from tests.handed_over import FOLDER, commands
from tests.nest import CONFIG, ENVIRONMENTS, OUT, ROOT, flat, nest, stack

ALARMS = {
    name: body["Properties"]
    for path in OUT.glob("*.yaml")
    for name, body in stack(path.stem)["Resources"].items()
    if body["Type"] == "AWS::CloudWatch::Alarm"
}


def document(name):
    return (FOLDER / name).read_text()


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_is_in_the_runbook(name):
    (entry,) = re.findall(rf"^## {name}\n\n(.*?)(?=^## )", document("RUNBOOK.md"), re.MULTILINE | re.DOTALL)
    said = ALARMS[name]["AlarmDescription"]
    meaning, _, first = said.partition(". First: ")
    assert entry.startswith(meaning.partition(". Look at")[0])
    assert first.lower() in entry.lower()
    assert f"- **When:** {ALARMS[name]['MetricName']} (" in entry
    assert re.search(r"^- \*\*Look:\*\* \[\w", entry, re.MULTILINE)
    assert re.search(r"^- \*\*Then:\*\* \S", entry, re.MULTILINE)
    assert f"| [{name}](#{name.lower()}) |" in document("RUNBOOK.md")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("LoadBalancerErrorAlarm", "HTTPCode_ELB_5XX_Count (Sum) above 10 for 3 minutes"),
        ("LatencyAlarm", "TargetResponseTime (p99) above 2 s for 5 minutes"),
        ("NoHealthyTargetAlarm", "HealthyHostCount (Minimum) below 1 for 2 minutes"),
        ("MigrationErrorAlarm", "MigrationErrors (Sum) above 0 for 1 minute"),
        ("NoRunningTaskAlarm", "RunningTaskCount (Average) at or below 0 for 5 minutes"),
        ("DatabaseMemoryAlarm", "FreeableMemory (Average) below 64 MiB for 15 minutes"),
        ("DatabaseStorageAlarm", "FreeStorageSpace (Minimum) below 2 GiB for 5 minutes"),
        ("DatabaseBurstAlarm", "EBSIOBalance% (Average) below 10 % for 3 minutes"),
        ("DatabaseReadLatencyAlarm", "ReadLatency (p90) above 0.02 s for 5 minutes"),
        ("ErrorRollbackAlarm", "HTTPCode_Target_5XX_Count (Sum) above 10 in 2 of 3 minutes"),
    ],
)
def test_when_an_alarm_goes_off_in_words(name, words):
    assert runbook.when(ALARMS[name]) == words
    assert f"- **When:** {words}. " in document("RUNBOOK.md")


def test_an_alarm_without_an_entry_ends_the_hand_over(tmp_path, monkeypatch, capsys):
    out = shutil.copytree(OUT, tmp_path / "out")
    (out / "monitoring.yaml").write_text(
        (out / "monitoring.yaml").read_text().replace("  LatencyAlarm:", "  SlowAlarm:")
    )
    monkeypatch.setenv("OUT", str(out))
    assert main(["handover", "--check"]) == 1
    assert capsys.readouterr().err == "error: runbook.toml: no alarm has the name LatencyAlarm\n"
    known = {"alarms": {"A": {"look": ["here"]}}, "looks": {}}
    with pytest.raises(Problem, match="no entry for the alarm B"):
        runbook.check(known, {"A": {}, "B": {}})
    with pytest.raises(Problem, match="A looks at here, which is no command"):
        runbook.check(known, {"A": {}})


def test_every_resource_is_in_the_inventory():
    text = document("INVENTORY.md")
    for path in OUT.glob("*.yaml"):
        if path.stem not in ("root", "bootstrap"):
            part = text.partition(f"## {path.stem.capitalize()}\n")[2].partition("\n## ")[0]
            for title, body in stack(path.stem)["Resources"].items():
                made = ["yes" if f"{path.stem.capitalize()}{title}" in flat(env) else "-" for env in ENVIRONMENTS]
                assert f"| {title} | {body['Type'].removeprefix('AWS::')} | {' | '.join(made)} |" in part
    assert f"| all | {' | '.join(str(len(flat(env))) for env in ENVIRONMENTS)} |" in text


def test_what_stays_is_what_the_templates_keep():
    stays = document("INVENTORY.md").partition("## What stays")[2]
    kept = {
        "/".join([nest(env).origin[title][0].removesuffix(".yaml").capitalize(), nest(env).origin[title][1]])
        for env in ENVIRONMENTS
        for title, body in flat(env).items()
        if body.get("DeletionPolicy", "Delete") != "Delete"
    }
    assert set(re.findall(r"^\| (\w+/\w+) \|", stays, re.MULTILINE)) == kept


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_a_parameter_file_says_what_the_environment_says(env):
    rows = json.loads(document(f"parameters/{env}.json"))
    given = {row["ParameterKey"]: row["ParameterValue"] for row in rows}
    definitions = stack("root")["Parameters"]
    assert list(given) == list(definitions)
    values = environment.read(env, CONFIG)[1]
    for name, definition in definitions.items():
        if name not in environment.FROM_DEPLOY:
            assert given[name] == values.get(name, str(definition.get("Default")))
            assert environment.fault_of(given[name], definition) == ""
    for name in environment.FROM_DEPLOY:  # forgotten, it is refused before anything is made
        assert environment.fault_of(given[name], definitions[name])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.md")), ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target, _, anchor in (
        link.partition("#") for link in re.findall(r"\]\((?!https?:)([^)]+)\)", path.read_text())
    ):
        there = path.parent / target if target else path
        assert there.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.*)$", there.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}, anchor


@pytest.mark.parametrize("name", ["README.md", "OPERATIONS.md", "RUNBOOK.md", "PERMISSIONS.md"])
def test_parameters_and_outputs_that_are_named_are_there(name):
    shell = "\n".join(commands(name) + commands(name, fence="sh-not-emulated"))
    parameters, outputs = stack("root")["Parameters"], {**stack("root")["Outputs"], **stack("bootstrap")["Outputs"]}
    assert set(re.findall(r"set_parameter (\w+) ", shell)) <= set(parameters)
    assert set(re.findall(r'output "\$STACK(?:-bootstrap)?" (\w+)', shell)) <= set(outputs)
    said = set(re.findall(r"`([A-Z]\w+[a-z]\w*[A-Z]\w*)`", document(name)))
    titles = {title for path in OUT.glob("*.yaml") for title in stack(path.stem)["Resources"]}
    sids = set(re.findall(r'"Sid": "(\w+)"', document("permissions/production/deploy-1.json")))
    errors = {"CannotPullContainerError", "ResourceInitializationError", "StatusReason", "OutOfMemory"}
    assert said <= {*parameters, *outputs, *titles, *sids} | errors


@pytest.mark.parametrize("name", ["README.md", "OPERATIONS.md", "RUNBOOK.md", "PERMISSIONS.md"])
def test_shellcheck_finds_nothing_in_the_commands(name):
    terminal = [] if name in ("README.md", "OPERATIONS.md") else commands("OPERATIONS.md")[:1]
    text = "\n".join([*terminal, *commands(name), *commands(name, fence="sh-not-emulated")])
    command = [Path(sys.executable).with_name("shellcheck"), "--shell=bash", "--severity=warning"]
    unused = ["--exclude=SC2034"]  # TAGS is for those who make a change set
    result = subprocess.run([*command, *unused, "-"], input=text, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_the_stack_policy_holds_what_holds_data():
    allow, deny = json.loads(document("stack-policy.json"))["Statement"]
    assert (allow["Effect"], allow["Action"], deny["Effect"]) == ("Allow", "Update:*", "Deny")
    assert set(deny["Action"]) == {"Update:Replace", "Update:Delete"}
    kinds = {body["Type"] for body in stack("data")["Resources"].values()} & HOLDS.keys()
    assert kinds <= set(deny["Condition"]["StringEquals"]["ResourceType"])


def test_the_readme_names_each_environment_and_its_processor():
    for env in ENVIRONMENTS:
        processor = workspace.load(env).values.get("CpuArchitecture", "X86_64")
        (row,) = re.findall(rf"^\| `{env}` \|.*$", document("README.md"), re.MULTILINE)
        assert row.endswith(f"| {processor} |")
        assert f"| {len(flat(env))} |" in row
        assert str((ROOT / "config" / f"{env}.env").read_text().splitlines()[0][2:40]) in row
    assert "`production` has examples for `DomainName` and `HostedZoneId`" in document("README.md")


def test_a_text_wants_all_its_gaps_filled_and_nothing_else():
    with pytest.raises(Problem, match="gaps and what is given for them differ: project, typo"):
        text("terminal.sh", {"typo": "x"})


def test_the_readme_shows_the_pictures_that_there_are():
    envs = [workspace.load(env) for env in ENVIRONMENTS]
    months = dict.fromkeys(ENVIRONMENTS, Decimal(1))
    drawn = readme.readme(envs, months, ["lab.svg", "production.svg", "nest.svg"])
    assert "![The architecture of production](production.svg)" in drawn
    assert "Drawn from the templates: `production`. The others: [lab](lab.svg) and [nest](nest.svg)." in drawn
    assert ".svg" not in readme.readme(envs, months, [])
