"""`make plan BASE=...`: two versions of out/ and config/ in a git repository, compared as a person does it."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.nest import ROOT

pytestmark = pytest.mark.slow  # each makes a repository and starts processes; test_update.py has the decisions

IDENTITY = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]


class Repository:
    """A git repository with the project's out/ and config/, and what the images are built from."""

    def __init__(self, folder):
        self.folder = folder

    def git(self, *words):
        subprocess.run(["git", "-C", str(self.folder), *IDENTITY, *words], check=True, capture_output=True)

    def edit(self, file, old, new):
        path = self.folder / file
        assert old in path.read_text(), f"{old!r} is not in {file}"
        path.write_text(path.read_text().replace(old, new, 1))

    def append(self, file, line):
        with (self.folder / file).open("a") as text:
            text.write(f"{line}\n")

    def plan(self, *words, base="HEAD", **environment):
        """Run it without credentials, a region or a home."""
        given = {"PATH": os.environ["PATH"], "OUT": f"{self.folder}/out", "CONFIG": f"{self.folder}/config"}
        return subprocess.run(
            [sys.executable, "-m", "review", "plan", "--base", base, *words],
            cwd=ROOT,
            env=given | environment,
            check=False,
            capture_output=True,
            text=True,
        )


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plan") / "project"
    for name in ("out", "config"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "app").mkdir()
    (folder / "app/page.py").write_text("1\n")
    repository = Repository(folder)
    repository.git("init", "--quiet")
    repository.git("add", ".")
    repository.git("commit", "--quiet", "--message", "First")
    return repository


@pytest.fixture
def repository(original, tmp_path):
    return Repository(shutil.copytree(original.folder, tmp_path / "project"))


def error_of(result, code=1):
    assert result.returncode == code, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("error: ")
    return line


DESCRIPTION = "Database: reached from the tasks, reaches nothing"


def test_name_class_and_description_are_replace_in_place_replace(repository):
    """The three changes that tell a surprise from a routine, each named; bench/plan.py measures how long it takes."""
    repository.edit("config/lab.env", "DBInstanceClass=db.t3.micro", "DBInstanceClass=db.t3.small")
    repository.edit("out/network.yaml", DESCRIPTION, "Database")
    repository.edit("config/reference.env", "DBName=flaskcrud", "DBName=shop")
    repository.git("commit", "--quiet", "--all", "--message", "Second")
    result = repository.plan(base="HEAD~1")
    lab = result.stdout.split("lab: changes")[1].split(": changes since")[0]
    reference = result.stdout.split("reference: changes")[1].split(": changes since")[0]
    assert "  ~  DBInstance AWS::RDS::DBInstance\n" in lab
    assert "DBInstanceClass: db.t3.micro -> db.t3.small" in lab
    assert "! another class: some minutes without the database" in lab
    assert "  -+ RdsSecurityGroup AWS::EC2::SecurityGroup REPLACED\n" in lab
    assert "GroupDescription: " in lab
    assert re.search(r"\nlist price: \$\d+ -> \$\d+ a month \(Data/DBInstance \+\$[\d.]+\)\n", lab)
    assert "  -+ DBInstance AWS::RDS::DBInstance REPLACED\n       DBName: flaskcrud -> shop\n" in reference
    assert "ALLOW_REPLACE=Data/DBInstance" in error_of(result, 3)
    assert all(len(line) <= 80 for line in result.stdout.splitlines())


def test_nothing_changed_is_said_once_for_all_environments(repository):
    result = repository.plan()
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "lab, production, reference, standard: changes since HEAD\nno changes\n"


def test_allow_replace_lets_exactly_that_pass_and_nothing_that_is_left_over(repository):
    repository.append("config/lab.env", "DBName=shop")
    assert repository.plan("lab").returncode == 3
    assert repository.plan("lab", ALLOW_REPLACE="DBInstance").returncode == 0
    assert repository.plan("lab", ALLOW_REPLACE="Data/DBInstance").returncode == 0
    assert repository.plan(ALLOW_REPLACE="DBInstance").returncode == 0
    assert "Key: this change neither" in error_of(repository.plan("lab", ALLOW_REPLACE="DBInstance,Key"))


def test_a_condition_turned_off_takes_a_whole_stack_and_its_key_and_the_guard_sees_it(repository):
    repository.edit("config/production.env", "CustomerManagedKey=true", "CustomerManagedKey=false")
    result = repository.plan("production")
    assert "-  Keys AWS::CloudFormation::Stack\n  -  Key AWS::KMS::Key\n" in result.stdout
    assert "CloudFormation refuses: it has a name of its own" in result.stdout
    assert "Keys/Key (AWS::KMS::Key) would be removed" in error_of(result, 3)


def test_another_block_of_the_vpc_is_refused_where_the_database_is(repository):
    repository.edit("config/reference.env", "VpcCidr=10.0.0.0/16", "VpcCidr=10.8.0.0/16")
    result = repository.plan("reference", ALLOW_REPLACE="VPC")
    assert "Data/DBSubnetGroup (AWS::RDS::DBSubnetGroup) cannot follow a VPC" in error_of(result, 3)


def test_other_sources_of_the_images_are_new_tasks(repository):
    repository.append("app/page.py", "2")
    result = repository.plan("lab")
    assert "ContainerDefinitions.app.Image: " in result.stdout
    *_, summary, price = result.stdout.splitlines()
    assert summary == "1 replaced, 1 changed in place; interrupted: nothing that is known of"
    assert price == "list price: $54 a month, as before"
    assert result.returncode == 0


def test_a_secret_value_is_never_shown(repository):
    repository.edit("out/root.yaml", "  DBName:\n", "  DBName:\n    NoEcho: true\n")
    repository.append("config/lab.env", "DBName=first_hush")
    repository.git("commit", "--quiet", "--all", "--message", "Secret")
    repository.edit("config/lab.env", "DBName=first_hush", "DBName=second_hush")
    for form in ("text", "markdown"):
        shown = repository.plan("lab", "--format", form)
        assert "DBName: **** -> ****" in shown.stdout
        assert "hush" not in shown.stdout + shown.stderr


def test_markdown_for_a_pull_request(repository):
    repository.append("config/lab.env", "DBName=shop")
    lines = repository.plan("lab", "--format", "markdown").stdout.splitlines()
    assert lines[0] == "### lab: changes since HEAD"
    assert lines[2:4] == ["| | resource | what | effect |", "|---|---|---|---|"]
    assert lines[4].startswith(
        "| ~ | Data/DBInstance<br>AWS::RDS::DBInstance | **replaced**<br>`DBName: flaskcrud -> shop`"
    )


def test_environments_and_parameters_that_come_and_go(repository):
    """Each version is read with its own parameters, and an environment of one version only is compared with nothing."""
    (repository.folder / "config/lab.env").unlink()
    (repository.folder / "config/extra.env").write_text("")
    repository.edit("config/reference.env", "MultiAZ=false\n", "Standby=true\n")
    repository.edit("out/root.yaml", "  MultiAZ:\n", "  Standby:\n")
    repository.edit("out/root.yaml", "!Ref MultiAZ", "!Ref Standby")
    result = repository.plan("extra", "lab", "reference")
    assert result.returncode == 0, result.stderr
    assert "extra: not there yet at HEAD" in result.stdout
    assert "lab: no longer in config/" in result.stdout
    assert "MultiAZ: false -> true" in result.stdout


def no_repository(repository):
    shutil.rmtree(repository.folder / ".git")


def no_templates_at_base(repository):
    repository.git("mv", "out", "elsewhere")
    repository.git("commit", "--quiet", "--message", "Without")
    shutil.copytree(repository.folder / "elsewhere", repository.folder / "out")


def broken_at_base(repository):
    repository.append("config/lab.env", "Nonsense=1")
    repository.git("commit", "--quiet", "--all", "--message", "Broken")
    repository.edit("config/lab.env", "Nonsense=1\n", "")


def broken_here(repository):
    repository.append("config/lab.env", "Nonsense=1")


@pytest.mark.parametrize(
    ("prepare", "base", "words"),
    [
        (None, "nope", "BASE=nope: git knows no such commit, branch or tag here"),
        (None, "--help", "BASE=--help: git knows no such"),
        (None, "HEAD~99", "BASE=HEAD~99: git knows no such"),
        (no_repository, "HEAD", "not a git repository"),
        (no_templates_at_base, "HEAD", "BASE=HEAD: there is no out/ at that commit"),
        (broken_at_base, "HEAD", "at HEAD: config/lab.env: there is no parameter Nonsense"),
        (broken_here, "HEAD", "error: config/lab.env: there is no parameter Nonsense"),
    ],
)
def test_what_cannot_be_compared_is_one_line(repository, prepare, base, words):
    if prepare:
        prepare(repository)
    assert words in error_of(repository.plan("lab", f"--base={base}"))


def test_an_unknown_environment_is_one_line(repository):
    assert "there is no config/nope.env; environments: lab" in error_of(repository.plan("nope"))


def test_without_git_it_is_one_line(repository, tmp_path):
    assert "git is not installed" in error_of(repository.plan("lab", PATH=str(tmp_path)))
