"""The documents say what there is."""

import re
import subprocess

import pytest

from tests.nest import ROOT

README = (ROOT / "README.md").read_text()
MENU = dict(re.findall(r"^([a-z][a-z-]*):.*?## (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_menu_shows_every_target():
    shown = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert targets == set(MENU)
    for target, text in MENU.items():
        assert re.search(rf"^{target}\s+{re.escape(text)}$", shown, re.MULTILINE), target


@pytest.mark.parametrize("target", MENU)
def test_every_target_is_in_the_readme(target):
    assert re.search(rf"`(make )?{target}[ `]|make {target}\b", README)


@pytest.mark.parametrize("target", ["bench", "drills", "rehearse", "test"])
def test_what_starts_the_embedded_aws_installs_it(target):
    (needed,) = re.findall(rf"^{target}: ([^#]*)##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert "setup" in needed.split()


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.env")), ids=lambda path: path.stem)
def test_every_environment_is_in_the_readme(path):
    assert f"| `{path.stem}` |" in README


def test_every_setting_of_deploy_sh_is_in_the_readme():
    used = set(re.findall(r"\$\{([A-Z_]+):-", (ROOT / "deploy.sh").read_text()))
    documented = (ROOT / "deploy.sh").read_text().split("set -euo")[0]
    for name in used:
        assert f"##   {name} " in documented
    for name in ("YES", "CONTAINER_ENGINE", "AWS_ENDPOINT_URL"):
        assert f"| `{name}" in README


def test_links_lead_somewhere():
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_decisions_have_context_decision_and_consequences():
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [path.name.partition("-")[0] for path in decisions]
    assert all(re.fullmatch(r"\d{4}", number) for number in numbers)
    assert len(set(numbers)) == len(numbers)
    for path in decisions:
        assert re.findall(r"^\*\*(\w+)\.\*\*", path.read_text(), re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
        ]


def test_every_attack_that_was_tried_names_tests_that_there_are():
    rows = re.findall(r"^\| (?!attack|-)(.*) \|$", (ROOT / "docs/security-pass.md").read_text(), re.MULTILINE)
    attacks = [row.partition(" | ")[0] for row in rows]
    assert len(attacks) == len(set(attacks)) > 20
    for row in rows:
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", row.rpartition(" | ")[2])
        assert named, row
        for file, test in named:
            assert f"\ndef {test}(" in (ROOT / "tests" / file).read_text(), f"{file}::{test}"
