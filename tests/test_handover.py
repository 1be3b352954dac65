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


@pytest.mark.parametrize("name", ["PARAMETERS.md", "REACH.md", "PRICE.md", "production.svg", "nest.svg"])
def test_any_edit_is_noticed_and_mended(copy, capsys, name):
    (copy / name).write_text((copy / name).read_text().replace("the", "an", 1))
    assert main(["handover", "--check"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: handover/{name} is not what the templates say: run `make handover`; ")
    assert error.count("\n") == 1
    (copy / "OLD.md").write_text("no longer made")
    assert main(["handover"]) == 0
    assert {path.name for path in copy.iterdir()} == set(handover.documents())
    assert (copy / name).read_bytes() == (FOLDER / name).read_bytes()


def test_a_changed_template_makes_them_stale(copy, capsys):
    network = copy.parent / "network.yaml"
    network.write_text(network.read_text().replace("FromPort: 3306", "FromPort: 3300", 1))
    assert main(["handover", "--check"]) == 1
    assert "REACH.md" in capsys.readouterr().err


def test_every_parameter_and_environment_is_there():
    parameters, price, reach = ((FOLDER / name).read_text() for name in ("PARAMETERS.md", "PRICE.md", "REACH.md"))
    assert re.findall(r"^### (\w+)$", parameters, re.MULTILINE) == list(stack("root")["Parameters"])
    for env in ENVIRONMENTS:
        assert f"\n## {env}\n" in price
        assert f"\n## {env}\n" in reach
        assert f"| {env} | {report.money(monthly(nest(env)).month)} | " in price
    assert reach.count("The promise holds.") == len(ENVIRONMENTS)
    assert "Broken" not in reach
