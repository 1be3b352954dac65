"""What ops are handed to read: fresh, the same at every run, and what it says is what is computed."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from review import handover
from review.__main__ import main
from review.price import report
from review.price.bill import monthly
from tests.nest import ENVIRONMENTS, OUT, ROOT, nest, stack

FOLDER = OUT / "handover"

pytestmark = pytest.mark.slow  # every document of every environment, again and again; `make check` asks for freshness


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """The folder of the templates, elsewhere."""
    monkeypatch.setenv("OUT", str(shutil.copytree(OUT, tmp_path / "out")))
    return tmp_path / "out" / "handover"


def test_what_is_committed_is_fresh():
    assert main(["handover", "--check"]) == 0


def test_another_run_writes_the_same_bytes():
    command = "from review import handover; import sys, json; json.dump(handover.documents(), sys.stdout)"
    runs = [
        subprocess.run(
            [sys.executable, "-c", command],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone},
            check=True,
            capture_output=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    ]
    assert runs[0] == runs[1]


@pytest.fixture(scope="module")
def made():
    return handover.documents()


@pytest.fixture
def known(monkeypatch, made):
    """What the documents are is computed once: nothing that they are computed from is changed."""
    monkeypatch.setattr(handover, "documents", lambda: made)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    "name",
    [
        "PARAMETERS.md",
        "README.md",
        "parameters/lab.json",
        "permissions/lab/read.json",
        "production.svg",
        "../SHA256SUMS",
    ],
)
def test_any_edit_is_noticed_and_mended(copy, capsys, name):
    content = (copy / name).read_text()
    (copy / name).write_text(content[:100] + content[101:])
    assert stale(capsys).startswith(f"error: {shown(name)} is not what the templates say: run `make handover`; ")
    assert main(["handover"]) == 0
    assert (copy / name).read_bytes() == (FOLDER / name).read_bytes()


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("name", ["RUNBOOK.md", "parameters/lab.json", "../SHA256SUMS"])
def test_a_missing_file_is_noticed_and_made(copy, capsys, name):
    (copy / name).unlink()
    assert stale(capsys) == f"error: {shown(name)} is missing: run `make handover`\n"
    assert main(["handover"]) == 0
    assert (copy / name).read_bytes() == (FOLDER / name).read_bytes()


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("name", ["OLD.md", "permissions/lab/deploy-9.json", "stray.bin"])
def test_a_file_too_many_is_noticed_and_removed(copy, capsys, name):
    (copy / name).write_bytes(b"\xff")
    assert stale(capsys) == f"error: handover/{name} is made of nothing: run `make handover`, which removes it\n"
    assert main(["handover"]) == 0
    assert not (copy / name).exists()


def stale(capsys):
    """The one line that `--check` says of what is stale."""
    assert main(["handover", "--check"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def shown(name):
    return name.removeprefix("../") if name.startswith("../") else f"handover/{name}"


def test_a_changed_template_makes_them_stale(copy, capsys):
    compute = copy.parent / "compute.yaml"
    compute.write_text(
        compute.read_text().replace("      # ", "      #  ", 1) + "\n# A comment, which no document shows\n"
    )
    assert main(["handover", "--check"]) == 1
    assert capsys.readouterr().err.startswith("error: SHA256SUMS is not what the templates say")
    network = copy.parent / "network.yaml"
    network.write_text(network.read_text().replace("FromPort: 3306", "FromPort: 3300", 1))
    assert main(["handover", "--check"]) == 1
    assert "REACH.md" in capsys.readouterr().err


def test_sha256sum_takes_the_checksums():
    """Every file of out/, and no other."""
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    result = subprocess.run(command, cwd=OUT, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    checked = {line.removesuffix(": OK") for line in result.stdout.splitlines()}
    there = {path.relative_to(OUT).as_posix() for path in OUT.rglob("*") if path.is_file()}
    assert checked == there - {"SHA256SUMS"}


def test_every_parameter_and_environment_is_there():
    parameters, price, reach = ((FOLDER / name).read_text() for name in ("PARAMETERS.md", "PRICE.md", "REACH.md"))
    assert re.findall(r"^### (\w+)$", parameters, re.MULTILINE) == list(stack("root")["Parameters"])
    for env in ENVIRONMENTS:
        assert f"\n## {env}\n" in price
        assert f"\n## {env}\n" in reach
        assert f"| {env} | {report.money(monthly(nest(env)).month)} | " in price
    assert reach.count("The promise holds.") == len(ENVIRONMENTS)
    assert "Broken" not in reach
