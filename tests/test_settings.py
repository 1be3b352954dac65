"""config/ENV.env against the parameters: each mistake is one clear line."""

import pytest

from deploy import settings
from deploy.problem import Problem
from tests.nest import ROOT, stack

DEFINITIONS = stack("root")["Parameters"]


def load(tmp_path, text: str, env: str = "try") -> settings.Settings:
    (tmp_path / f"{env}.env").write_text(text)
    return settings.load(env, tmp_path, DEFINITIONS)


def problem(tmp_path, text: str, env: str = "try") -> str:
    with pytest.raises(Problem) as caught:
        load(tmp_path, text, env)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("env", ["lab", "reference", "standard"])
def test_every_environment_is_accepted(env):
    assert settings.load(env, ROOT / "config", DEFINITIONS).stack == f"flaskcrud-{env}"


def test_an_example_is_not_deployed():
    with pytest.raises(Problem, match=r"production\.env: DomainName=www\.example\.com is an example: put your own"):
        settings.load("production", ROOT / "config", DEFINITIONS)


def test_values_names_and_tags(tmp_path):
    loaded = load(tmp_path, "# why\n\n DesiredCount = 2 \nCertificateArn=\n")
    assert loaded.parameters == {"DesiredCount": "2", "CertificateArn": ""}
    assert (loaded.stack, loaded.bootstrap_stack) == ("flaskcrud-try", "flaskcrud-try-bootstrap")
    assert loaded.tags == {"Application": "flaskcrud", "Environment": "try"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("DesiredCont=2", "there is no parameter DesiredCont; did you mean DesiredCount?"),
        ("Colour=red", "there is no parameter Colour; the parameters are listed in out/root.yaml"),
        ("AppImage=x:1", "AppImage is set by deploy.sh"),
        ("DesiredCount 2", ":1: expected Parameter=Value, found: DesiredCount 2"),
        ("DesiredCount=1\nDesiredCount=2", ":2: DesiredCount is set twice"),
        ("DesiredCount=two", "DesiredCount=two: must be a whole number"),
        ("DesiredCount=101", "DesiredCount=101: must be a whole number from 0 to 100"),
        ("DesiredCount=-1", "DesiredCount=-1: must be a whole number from 0 to 100"),
        ("DesiredCount=nan", "DesiredCount=nan: must be a whole number"),
        ("DesiredCount=1.5", "DesiredCount=1.5: must be a whole number"),
        ("TaskCpu=300", "TaskCpu=300: must be one of 256, 512"),
        ("StorageType=ssd", "StorageType=ssd: must be one of gp2, gp3"),
        ("MultiAZ=True", "MultiAZ=True: must be one of true, false"),
        ("DBName=1st", "DBName=1st: must begin with a letter"),
        ("DBName=" + "d" * 65, "must have at most 64 characters"),
        ("EngineVersion=8.0", "EngineVersion=8.0: must be 8.4"),
        ("CertificateArn=mine", "must be empty or the ARN of an ACM certificate"),
        ("VpcCidr=10.0.0.0", "must be an IPv4 block from /16 to /25"),
        ("VpcCidr=300.0.0.0/16", "VpcCidr=300.0.0.0/16: not an IPv4 block"),
        ("VpcCidr=10.0.0.1/16", "the block begins at 10.0.0.0: write 10.0.0.0/16"),
        ("VpcCidr=10.0.0.0/24", "VpcCidr=10.0.0.0/24 is too small: 7 blocks of SubnetHostBits=8"),
    ],
)
def test_each_mistake_is_one_line_that_names_file_and_cure(tmp_path, text, words):
    line = problem(tmp_path, text)
    assert words in line
    assert "try.env" in line


def test_a_small_network_with_smaller_subnets_is_accepted(tmp_path):
    assert load(tmp_path, "VpcCidr=10.0.0.0/24\nSubnetHostBits=5")


def test_missing_parameter_without_default():
    definitions = {"Owner": {"Type": "String", "Description": "Who pays"}}
    with pytest.raises(Problem, match="Owner is missing and has no default: Who pays"):
        settings.check({}, definitions, "x.env")


@pytest.mark.parametrize(
    ("env", "words"),
    [("prod", "there is no"), ("", "is no environment"), ("../etc", "is no environment"), ("Lab", "is no environment")],
)
def test_wrong_environment_lists_those_there_are(tmp_path, env, words):
    (tmp_path / "lab.env").write_text("")
    with pytest.raises(Problem) as caught:
        settings.load(env, tmp_path, DEFINITIONS)
    assert words in str(caught.value)
    assert "environments: lab" in str(caught.value)


def test_environment_whose_name_cannot_name_a_stack(tmp_path):
    assert "lower case letters" in problem(tmp_path, "", env="My_Lab")
