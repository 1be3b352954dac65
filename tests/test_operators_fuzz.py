"""Wrong input of operators: the short run of `make drills`, and what it has found."""

import json
import shutil

import pytest

from drills.fuzz.operators import Operator
from drills.fuzz.tried import fault_of, judged
from review import template
from review.__main__ import main as review
from review.problem import Problem
from tests.nest import ROOT

SEED = 20261123


@pytest.mark.parametrize(("kind", "count"), [("settings", 100), ("templates", 20), ("command_lines", 30)])
def test_wrong_input_is_one_line(tmp_path, kind, count):
    operator = Operator(SEED, tmp_path / "made")
    for _ in range(count):
        getattr(operator, kind)()
    assert not operator.tally.faults, operator.tally.faults[:5]
    assert operator.tally.refused > count / 5
    assert sum(operator.tally.inputs.values()) >= count * 0.8


@pytest.mark.slow
def test_wrong_words_to_programs_of_their_own_are_one_line(tmp_path):
    operator = Operator(SEED, tmp_path / "made")
    operator.processes(12)
    assert not operator.tally.faults, operator.tally.faults[:5]
    assert operator.tally.refused > 3


def test_a_rule_that_fails_on_a_template_is_found(tmp_path, monkeypatch):
    def broken(template):
        raise KeyError("x")

    operator = Operator(SEED, tmp_path / "made")
    operator.lint("keys.yaml", "as it is")
    assert operator.tally.faults == []
    monkeypatch.setattr(next(iter(operator.rules.data.values())), "match", broken)
    operator.lint("keys.yaml", "as it is")
    assert "raised KeyError" in operator.tally.faults[0][0]


@pytest.mark.parametrize(
    ("words", "code", "err", "fault"),
    [
        (["x"], 0, "anything", False),
        (["x"], 2, "usage: x\nx: error: y", False),
        (["x"], 2, "Do x.\n\nUsage: x", False),
        (["x"], 1, "error: no", False),
        (["x"], 1, "error: no\nmore", True),
        (["x"], 1, "error: \x1b[31m", True),
        (["x"], 1, "no", True),
        (["x"], 1, "", True),
        (["reach"], 1, "", False),
        (["--check"], 1, "out/ is stale: run it", False),
        (["x"], 1, "Traceback (most recent call last):\nKeyError: 1", True),
        (["x"], 0, "Traceback (most recent call last):\nKeyError: 1", True),
    ],
)
def test_how_a_program_takes_its_words_is_judged(words, code, err, fault):
    assert bool(judged(words, code, err)[0]) is fault


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, capsys):
    (tmp_path / "text").write_text("")
    for verb in ("resolve", "permissions", "picture"):
        assert review([verb, "lab", "--out", str(tmp_path / "text")]) == 1
        error = capsys.readouterr().err
        assert error.startswith(f"error: {verb}: {tmp_path}/text")
        assert error.count("\n") == 1


def test_a_traceback_is_found():
    def broken(words):
        raise KeyError("x")

    def silent(words):
        return 1

    assert "KeyError" in fault_of(broken, [])[0]
    assert "exit code 1" in fault_of(silent, ["summary"])[0]
    assert fault_of(review, ["summary", "nowhere"]) == ("", True)


@pytest.fixture
def config(tmp_path, monkeypatch):
    folder = shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.setenv("CONFIG", str(folder))
    return folder / "lab.env"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("Name=é".encode("latin-1"), "not a text in UTF-8"),
        ("DomainName=a\u200bb".encode(), "config/lab.env:1: a character that cannot be seen, '\\u200b'"),
        (b"DomainName=a\0", "config/lab.env:1: a character that cannot be seen, '\\x00'"),
        (b"DomainName=" + b"x" * 100_000, "must have at most"),
        ("AlarmEmail=\nDatabasePort=٣".encode(), "there is no parameter"),
        (b"HealthCheckGracePeriodSeconds=1_0", "must be a whole number"),
    ],
)
def test_a_wrong_file_of_settings_is_one_line(config, capsys, data, words):
    config.write_bytes(data)
    assert review(["summary", "lab"]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert len(error) < 400
    assert error.count("\n") == 1


def test_a_file_of_settings_as_editors_of_windows_write_it(config, capsys):
    config.write_bytes(b"\xef\xbb\xbf" + config.read_bytes().replace(b"\n", b"\r\n"))
    assert review(["summary", "lab"]) == 0


RIGHT = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Resources: 2026-99-99", "not YAML"),
        ("Resources: {a: !!float y}", "not YAML"),
        ("Resources: " + "9" * 5000, "not YAML"),
        ("[" * 5000, "not YAML"),
        ("Resources: &a {b: *a}", "nested too deeply, or in itself"),
        ("Resources: [1]", "Resources: must be an object"),
        ("Resources: {A: {Type: [x]}}", "Resources/A/Type: must be a text"),
        ("Resources: {A: {}}", "Resources/A: needs a Type"),
        ("Resources: {A: {Type: T, Properties: {B: !Ref [x]}}}", "Ref does not take"),
        ("Resources: {A: {Type: T, Properties: {B: !If [[x], 1, 2]}}}", "Fn::If does not take"),
        ("Resources: {A: {Type: T, Properties: {B: 2026-11-23}}}", "put it into quotes"),
        ("Resources: {A: {Type: T, Properties: {B: }}}", "has no value"),
        ("Resources: {A: {Type: T, Properties: {7: x}}}", "the key 7 must be a text"),
        ("Parameters: {P: {Type: String, AllowedPattern: '['}}\nResources: {}", "AllowedPattern"),
        ("Parameters: {P: {Default: x}}\nResources: {}", "Parameters/P: needs a Type"),
        ("Outputs: {O: {}}\nResources: {}", "Outputs/O: needs a Value"),
        ("Rules: {R: {Assertions: [x]}}\nResources: {}", "needs an Assert"),
        ("Mappings: {M: [x]}\nResources: {}", "must have two levels of names"),
        ("Resource: {}\nResources: {}", "Resource: no section of a template"),
    ],
)
def test_the_form_of_a_template_is_held(text, words):
    with pytest.raises(Problem) as caught:
        template.parse(text, "x.yaml")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_right_form_is_taken():
    assert template.parse(json.dumps(RIGHT), "x.yaml") == RIGHT


def test_a_value_of_a_wrong_kind_is_one_line(tmp_path, monkeypatch, capsys):
    """What has the right form, and means nothing: said with where to look, and where we met it."""
    shutil.copytree(ROOT / "out", tmp_path / "out")
    monkeypatch.setenv("OUT", str(tmp_path / "out"))
    path = tmp_path / "out/compute.yaml"
    data = template.parse(path.read_text(), "x")
    data["Resources"]["Service"]["Properties"]["CapacityProviderStrategy"] = 0.5
    path.write_text(json.dumps(data))
    assert review(["price", "lab"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: price: out/ holds a value of a wrong kind: `make lint` says where")
    assert "compute.py:" in error
