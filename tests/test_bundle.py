"""The bundle: all that is handed over, the same bytes from the same commit wherever it is made."""

import json
import subprocess
import tarfile

import pytest

from tests.handed_over import bundle, checkout, git, unpacked

pytestmark = pytest.mark.slow  # clones, and every document computed anew for each bundle


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return checkout(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="module")
def made(repository, tmp_path_factory):
    """The bundle of the repository."""
    out = tmp_path_factory.mktemp("bundle")
    result = bundle(repository, out)
    assert result.returncode == 0, result.stderr
    (path,) = out.iterdir()
    assert result.stdout == f"{path}\n"
    return path


def test_another_machine_makes_the_same_bytes(repository, made, tmp_path):
    """A clone elsewhere, with another umask, time zone, language, home and seed of hashes."""
    clone = tmp_path / "a clone"
    git(repository, "clone", "--quiet", str(repository), str(clone))
    for path in clone.rglob("*"):
        if ".git" not in path.parts:
            path.chmod(0o700 if path.is_dir() else 0o600)
    git(clone, "config", "core.fileMode", "false")
    elsewhere = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "HOME": str(tmp_path), "PYTHONHASHSEED": "7"}
    result = bundle(clone, tmp_path / "out", umask=0o077, **elsewhere)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out" / made.name).read_bytes() == made.read_bytes()


def test_it_says_what_it_is_and_that_it_is_whole(repository, made, tmp_path):
    commit = git(repository, "rev-parse", "HEAD").strip()
    folder = unpacked(made, tmp_path)
    assert folder.name == made.stem == f"flaskcrud-{commit[:12]}"
    about = json.loads((folder / "MANIFEST.json").read_text())
    assert about["commit"] == commit
    assert about["committed"] == "2026-11-23T12:00:00+00:00"
    assert about["made with"]["troposphere"] in (repository / "requirements/templates.txt").read_text()
    for place in (folder, folder / "out"):
        command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
        result = subprocess.run(command, cwd=place, check=False, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout
        checked = {line.removesuffix(": OK") for line in result.stdout.splitlines()}
        there = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
        assert checked == there - {"SHA256SUMS"}
    whole = subprocess.run(["sha256sum", "out/SHA256SUMS"], cwd=folder, check=True, capture_output=True, text=True)
    assert about["templates and documents"] == f"sha256:{whole.stdout.split()[0]}"


def test_it_holds_what_is_deployed_and_what_the_images_are_built_of(repository, made):
    listed = git(repository, "ls-files", "--", "out", "app", "docker", "requirements/app.txt").splitlines()
    with tarfile.open(made) as tar:
        members = {each.name.partition("/")[2]: each for each in tar}
    assert set(members) == {*listed, "README.md", "MANIFEST.json", "SHA256SUMS"}
    assert list(members) == sorted(members)
    owners = {(each.uid, each.gid, each.uname, each.gname) for each in members.values()}
    assert owners == {(0, 0, "", "")}
    assert members["docker/images.sh"].mode == 0o755
    assert members["out/root.yaml"].mode == 0o644


@pytest.mark.parametrize("path", ["app/models.py", "out/root.yaml", "docker/new.txt"])
def test_what_is_not_committed_is_in_no_bundle(repository, tmp_path, path):
    clone = tmp_path / "clone"
    git(repository, "clone", "--quiet", str(repository), str(clone))
    with (clone / path).open("a") as file:
        file.write("\n# Not committed\n")
    result = bundle(clone, tmp_path / "out")
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert path in result.stderr
    assert not (tmp_path / "out").exists()


def test_what_is_committed_and_stale_is_in_no_bundle(repository, tmp_path):
    clone = tmp_path / "clone"
    git(repository, "clone", "--quiet", str(repository), str(clone))
    with (clone / "out/handover/REACH.md").open("a") as file:
        file.write("All is well.\n")
    git(clone, "commit", "--quiet", "--all", "--message", "By hand")
    result = bundle(clone, tmp_path / "out")
    assert result.returncode == 1
    assert result.stderr.startswith("error: handover/REACH.md is not what the templates say: run `make handover`; ")
    assert not (tmp_path / "out").exists()
