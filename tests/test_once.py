"""tests/once.py: a check is left out only where nothing that it reads has changed; what the application reads."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests import once
from tests.nest import ROOT


@pytest.fixture
def check(tmp_path):
    """A repository with a.txt, b.txt and docs/c.txt; returns what a check of a.txt and docs does: its code and runs."""
    (tmp_path / "docs").mkdir()
    for name in ("a.txt", "b.txt", "docs/c.txt"):
        (tmp_path / name).write_text(name)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    tool = "import sys, pathlib; pathlib.Path('.git/ran').open('a').write(' '.join(sys.argv[1:]) + '|')"

    def run(*options, code=f"{tool}; sys.exit('bad' in pathlib.Path('a.txt').read_text())"):
        args = once.parse(["it", "a.txt", "docs", *options, "--", sys.executable, "-c", code])
        return once.run(args, tmp_path, tmp_path / ".git/passed"), (tmp_path / ".git/ran").read_text()

    run.folder = tmp_path
    run.tool = tool
    return run


def test_what_passed_is_not_run_again(check):
    assert check() == (0, "|")
    assert check() == (0, "|")
    (check.folder / "b.txt").write_text("not read")
    assert check() == (0, "|")
    assert check("--all") == (0, "||")


@pytest.mark.parametrize("change", ["edit", "add", "remove", "rename"])
def test_any_change_of_an_input_runs_it_again(check, change):
    check()
    c = check.folder / "docs/c.txt"
    if change == "edit":
        stat = c.stat()
        c.write_text("docs/C.txt")  # of the same length; its time is set back
        os.utime(c, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    elif change == "add":
        (check.folder / "docs/d.txt").touch()
    elif change == "remove":
        c.unlink()
    else:
        c.rename(c.with_name("e.txt"))
    assert check() == (0, "||")


def test_another_command_is_another_check(check):
    check()
    assert check(code=check.tool)[1] == "||"


def test_what_failed_runs_until_it_passes(check):
    (check.folder / "a.txt").write_text("bad")
    assert check() == (1, "|")
    assert check() == (1, "||")
    (check.folder / "a.txt").write_text("good")
    assert check() == (0, "|||")
    (check.folder / "a.txt").write_text("bad")
    assert check() == (1, "||||")


def test_what_was_edited_meanwhile_has_not_passed(check):
    code = f"{check.tool}; pathlib.Path('a.txt').open('a').write('more')"
    assert check(code=code) == (0, "|")
    assert check(code=code) == (0, "||")


def test_only_the_files_that_changed_are_checked(check):
    files = ["--each", "a.txt", "b.txt"]
    args = [sys.executable, "-c", check.tool]

    def run():
        once.run(once.parse(["it", "docs", *files, "--", *args]), check.folder, check.folder / ".git/passed")
        return (check.folder / ".git/ran").read_text()

    assert run() == "a.txt b.txt|"
    (check.folder / "b.txt").write_text("edited")
    assert run() == "a.txt b.txt|b.txt|"
    (check.folder / "docs/c.txt").write_text("edited")
    assert run() == "a.txt b.txt|b.txt|a.txt b.txt|"


def words(name):
    """A list of the Makefile, which may go on in the next lines."""
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    return re.search(rf"^{name} := (.*)$", text, re.MULTILINE)[1].split()


def passes_alone(folder, reads, files):
    """Do these tests pass in a repository that has nothing but what git lists of `reads`?"""
    listed = subprocess.run(["git", "ls-files", *reads], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    command = [sys.executable, "-m", "pytest", "-x", "-m", "not slow", "-p", "no:cacheprovider", "--numprocesses=2"]
    done = subprocess.run([*command, *files], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.mark.slow
def test_the_applications_tests_pass_where_nothing_but_what_they_are_said_to_read_is(tmp_path):
    """`make check` leaves them out when nothing of it has changed."""
    files = sorted(f"tests/{path.name}" for path in (ROOT / "tests").glob("test_app_*.py"))
    passes_alone(tmp_path, words("APP_READS"), files)


@pytest.mark.slow
def test_the_tests_of_tools_pass_where_no_template_is(tmp_path):
    """`make check` leaves them out after an edit of a template."""
    files = [f"tests/test_{name}.py" for name in words("TOOLS")]
    passes_alone(tmp_path, [".", *(f":!{name}" for name in words("TEMPLATES"))], files)
