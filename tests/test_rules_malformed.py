"""Our rules on what is no proper template: whatever stands where, none of them fails.

cfn-lint turns the failure of a rule into one finding more (E0002) and goes on without that rule.
"""

import copy
import json
from collections.abc import Iterator

import pytest
from cfnlint.decode.cfn_yaml import loads
from cfnlint.template import Template

from tests.nest import ROOT
from tests.test_rules import EXAMPLES, RULES

pytestmark = pytest.mark.slow

WRONG = [
    "text",
    7,
    True,
    None,
    [],
    {},
    [[]],
    [{}],
    ["text"],
    [7],
    [None],
    {"text": "text"},
    {"Ref": "AWS::NoValue"},
    {"Ref": ["x"]},
    {"Fn::If": ["No", 1, 2]},
    {"Fn::GetAtt": 7},
    {"Fn::Sub": []},
    {"Fn::Join": "x"},
    {"Fn::Select": [9, []]},
]
SECTIONS = ("Parameters", "Conditions", "Mappings", "Resources")
# Every so many of all the changes that could be made, of which there are some 85,000; each change is of another kind.
STEP = 45
PARTS = 6


def places(node: object, path: tuple = ()) -> Iterator[tuple]:
    """The path of every value, those of lists and objects too."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(template: dict, path: tuple, value: object) -> dict:
    """The template with another value at one place."""
    made = copy.deepcopy(template)
    place = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return made


def changes(part: int) -> Iterator[tuple[str, dict]]:
    """Examples of the rules, each with one value of the wrong kind."""
    count = 0
    for example in EXAMPLES:
        template = loads(example.files["template.yaml"])
        for path in places(template):
            if path[0] not in SECTIONS or len(path) < 3:
                continue
            for value in WRONG:
                count += 1
                if count % STEP == 0 and count // STEP % PARTS == part:
                    yield f"{example.name} {path} = {value!r}", changed(template, path, value)


def hold(cfn: Template, words: str) -> None:
    """No rule fails on it."""
    for rule in RULES.data.values():
        try:
            list(rule.match(cfn))
        except Exception as error:  # whatever it is
            pytest.fail(f"{rule.id}: {type(error).__name__}: {error}: {words}")


@pytest.mark.parametrize("part", range(PARTS))
def test_no_rule_fails_on_a_value_of_the_wrong_kind(part):
    tried = 0
    for words, template in changes(part):
        hold(Template("template.yaml", template, ["us-east-1"]), words)
        tried += 1
    assert tried > 200


@pytest.mark.parametrize("asked", ["Stack", "Stack.Outputs.Is", ["Bucket", "Arn"]], ids=str)
def test_no_rule_fails_on_a_condition_that_asks_what_hangs_on_it(asked):
    """No condition may ask a resource; it was followed to the resource, whose condition was asked again."""
    stack = {"Type": "AWS::CloudFormation::Stack", "Condition": "Is", "Properties": {"TemplateURL": "keys.yaml"}}
    template = {
        "Conditions": {"Is": {"Fn::And": [{"Condition": "Is"}, {"Fn::Equals": [{"Fn::GetAtt": asked}, "x"]}]}},
        "Resources": {"Stack": stack, "Bucket": {"Type": "AWS::S3::Bucket", "Condition": "Is"}},
    }
    hold(Template(str(ROOT / "out/template.yaml"), loads(json.dumps(template)), ["us-east-1"]), str(asked))
