"""The picture of the nest says what the root's YAML says."""

import copy
import re

import pytest

from review.picture.nest import picture
from review.picture.wiring import stacks
from tests.drawn import Seen, box, outside, overlaps
from tests.nest import OUT, stack

TEMPLATES = {path.name: stack(path.stem) for path in sorted(OUT.glob("*.yaml"))}
WRITTEN = (OUT / "root.yaml").read_text()


def changed(edit):
    """The templates with something else in the root."""
    templates = copy.deepcopy(TEMPLATES)
    edit(templates)
    return templates


def rename(templates):
    parameters = templates["root.yaml"]["Resources"]["Compute"]["Properties"]["Parameters"]
    parameters["Somewhere"] = parameters.pop("DatabaseHost")


def add(templates):
    properties = {"TemplateURL": "keys.yaml", "Parameters": {"Url": {"Fn::GetAtt": ["Edge", "Outputs.Url"]}}}
    more = {"Type": "AWS::CloudFormation::Stack", "DependsOn": "Monitoring", "Properties": properties}
    templates["root.yaml"]["Resources"]["CanaryOfTheWholeSite"] = more


def cut(templates):
    resources = templates["root.yaml"]["Resources"]
    resources["Compute"].pop("DependsOn", None)
    resources["Edge"]["Properties"]["Parameters"].pop("VpcId")


CASES = {"as it is": TEMPLATES, "renamed": changed(rename), "one more": changed(add), "less": changed(cut)}


@pytest.fixture(params=CASES)
def templates(request):
    return CASES[request.param]


def feeds(templates):
    """{(source, target): what is written there}"""
    found = {}
    for _, element in Seen(picture(templates)).boxes("data-feed"):
        source, target = element.get("data-feed").split()
        found[source, target] = [text.text for text in element.iter("text")]
    return found


def test_nothing_overlaps_and_words_fit_their_boxes(templates):
    found = Seen(picture(templates))
    assert outside(found) == []
    assert list(overlaps(found)) == []
    cells = [where for where, _ in [*found.boxes("data-feed"), *found.cards]]
    assert [one for one in cells for other in cells if one is not other and one.meets(other)] == []


def test_every_wire_of_the_root_is_there_and_no_other():
    """By the text of the YAML, not by what reads it for the picture."""
    expected = {}
    nested = re.findall(r"^  (\w+):\n    Type: AWS::CloudFormation::Stack\n((?:    .*\n)+)", WRITTEN, re.MULTILINE)
    for target, body in nested:
        for parameter, source, output in re.findall(r"(\w+): .*!GetAtt (\w+)\.Outputs\.(\w+)", body):
            assert parameter == output  # docs/decisions/0001
            expected.setdefault((source, target), []).append(parameter)
        for source in re.findall(r"\w+", "".join(re.findall(r"DependsOn: (.*)", body))):
            expected.setdefault((source, target), ["waits for it"])
    assert feeds(TEMPLATES) == expected
    assert len(expected) > 10


def test_a_wire_between_other_names_says_both():
    assert "DatabaseHost → Somewhere" in feeds(CASES["renamed"])["Data", "Compute"]
    assert feeds(CASES["one more"])["Monitoring", "CanaryOfTheWholeSite"] == ["waits for it"]
    assert feeds(CASES["one more"])["Edge", "CanaryOfTheWholeSite"] == ["Url"]
    assert "VpcId" not in feeds(CASES["less"])["Network", "Edge"]


def test_who_waits_comes_after_whom_it_waits_for(templates):
    wave = {stack.title: stack.wave for stack in stacks(templates)}
    places = {
        element.get("data-card"): box(element)
        for element in Seen(picture(templates)).root.iter("g")
        if element.get("data-card")
    }
    for source, target in feeds(templates):
        assert wave[source] < wave[target]
        assert places[source].left < places[target].left
        assert places[source].top < places[target].top
    assert min(wave.values()) == 1


def test_stacks_that_are_not_always_there_say_when():
    text = Seen(picture(TEMPLATES)).text()
    assert {"CustomerManagedKey", "EnableMonitoring"} < set(text)
    there = [body for body in stack("root")["Resources"].values() if "Condition" in body]
    assert text.count("= true") == text.count("only with") == len(there) >= 2
    assert f"{len(stack('root')['Parameters'])} parameters" in " ".join(text)
