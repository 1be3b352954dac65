"""build_templates.py: reproducible, and --check notices every edit."""

import os
import subprocess
import sys

import pytest

import build_templates
from tests.nest import OUT, ROOT


def build(*arguments, hash_seed="random") -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, ROOT / "build_templates.py", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        cwd="/",
    )


def test_out_is_fresh():
    assert build_templates.check(build_templates.build_all(), OUT) == ""


def test_same_bytes_at_every_build(tmp_path):
    for seed in ("1", "2"):
        assert build("--out", tmp_path / seed, hash_seed=seed).returncode == 0
    files = sorted(path.name for path in OUT.glob("*.yaml"))
    assert files == sorted(f"{name}.yaml" for name in build_templates.STACKS)
    for name in files:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes() == (OUT / name).read_bytes()


@pytest.mark.parametrize("name", ["root.yaml", "network.yaml", "bootstrap.yaml"])
def test_check_fails_with_a_diff_after_an_edit(tmp_path, capsys, name):
    build_templates.main(["--out", str(tmp_path)])
    assert build_templates.main(["--check", "--out", str(tmp_path)]) == 0
    with (tmp_path / name).open("a") as file:
        file.write("# edited\n")
    assert build_templates.main(["--check", "--out", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "-# edited" in printed.out
    assert "run `make build`" in printed.err


def test_check_fails_when_a_file_is_missing_or_one_too_many(tmp_path):
    build("--out", tmp_path)
    (tmp_path / "data.yaml").rename(tmp_path / "old.yaml")
    result = build("--check", "--out", tmp_path)
    assert result.returncode == 1
    assert "built/data.yaml" in result.stdout
    assert f"{tmp_path.name}/old.yaml" in result.stdout


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    result = build("--out", tmp_path / "file" / "out")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: cannot write ")


def test_what_is_no_template_is_stale_and_written_anew(tmp_path):
    build("--out", tmp_path)
    (tmp_path / "data.yaml").write_bytes(b"\xff\0")
    (tmp_path / "keys.yaml").unlink()
    (tmp_path / "keys.yaml").mkdir()
    result = build("--check", "--out", tmp_path)
    assert (result.returncode, result.stderr) == (
        1,
        f"{tmp_path.name}/ is stale: run `make build` and commit the result\n",
    )
    result = build("--out", tmp_path)
    assert (result.returncode, result.stderr) == (1, f"error: cannot write {tmp_path}/keys.yaml: Is a directory\n")
    (tmp_path / "keys.yaml").rmdir()
    assert build("--out", tmp_path).returncode == 0
    assert build("--check", "--out", tmp_path).returncode == 0


def test_troposphere_keeps_its_own_writer_and_a_build_does_not_load_it():
    code = (
        "import sys; import build_templates; build_templates.build_all(); assert 'yaml' not in sys.modules;"
        "print(build_templates.STACKS['keys'].build().to_yaml())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("AWSTemplateFormatVersion: '2010-09-09'")


def test_an_unchanged_file_keeps_its_time(tmp_path):
    build("--out", tmp_path)
    (tmp_path / "keys.yaml").write_text("edited")
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert build("--out", tmp_path).returncode == 0
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"keys.yaml"}
    assert (tmp_path / "keys.yaml").read_text() == (OUT / "keys.yaml").read_text()
