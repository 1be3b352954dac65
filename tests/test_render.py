"""The writer of YAML: whatever it writes, a YAML reader reads back as it was."""

import pytest
import yaml
from troposphere import GetAtt, GetAZs, If, Join, Output, Ref, Select, Sub, ec2

from deploy.template import parse
from templates.parts import new_template, note
from templates.render import render

TEXTS = [
    "",
    " ",
    "plain",
    "yes",
    "Null",
    "~",
    "8.4",
    "010",
    "1e3",
    "0x1F",
    "1:30",
    "2012-10-17",
    "-1",
    "- item",
    "-",
    "key: value",
    "ends:",
    "a #comment",
    "#comment",
    "it's",
    "'quoted'",
    '"double"',
    "[flow]",
    "{brace}",
    "a, b",
    "*alias",
    "&anchor",
    "!tag",
    "%percent",
    "@at",
    "`tick`",
    "|",
    ">",
    "<<",
    "=",
    "?",
    "trailing ",
    "two  spaces",
    "back\\slash",
    "two\nlines",
    "a\n\n  b",
    "ends with a line\n",
    " begins with a space\nand goes on",
    "words " * 40,
    "long with: colon and #hash " * 10,
    "x" * 300,
    "ünïcode \N{SNOWMAN}",
]


def round_trip(content: dict) -> dict:
    t = new_template("test")
    t.metadata = content
    t.add_resource(ec2.VPC("VPC", CidrBlock="10.0.0.0/16"))
    return yaml.safe_load(render(t))["Metadata"]


@pytest.mark.parametrize("text", TEXTS)
def test_text_survives_as_value_in_a_list_and_in_a_mapping(text):
    content = {"Value": text, "List": [text, "x"], "Nested": {"Deep": [{"Value": text, "Other": [text]}]}}
    assert round_trip(content) == content


def test_other_values_survive():
    content = {
        "No": False,
        "Yes": True,
        "Number": 3,
        "Negative": -2,
        "Float": 0.5,
        "Empty": {},
        "None": [],
        "L": [[1], [2, [3]]],
    }
    assert round_trip(content) == content


def test_functions_survive():
    t = new_template("test")
    t.add_condition("Has", {"Fn::Not": [{"Fn::Equals": [Ref("AWS::Region"), ""]}]})
    values = {
        "Ref": Ref("AWS::StackName"),
        "GetAtt": GetAtt("VPC", "CidrBlock"),
        "Sub": Sub("${VPC}/*"),
        "SubWith": Sub("${Name}: {x}", Name=If("Has", "a: b", Ref("AWS::Region"))),
        "Join": Join(",", [Ref("VPC"), "a, b"]),
        "Select": Select(0, GetAZs(Ref("AWS::Region"))),
        "Long": Join("-", [Sub("${AWS::StackName}-" + "x" * 60) for _ in range(4)]),
        "If": If("Has", [{"Key": "a", "Value": Ref("VPC")}], Ref("AWS::NoValue")),
    }
    t.add_resource(ec2.VPC("VPC", CidrBlock="10.0.0.0/16"))
    for name, value in values.items():
        t.add_output(Output(name, Value=value))
    assert parse(render(t), "test") == t.to_dict()


def test_reads_from_top_to_bottom():
    t = new_template("test")
    t.add_output(Output("VpcId", Description="one", Value=Ref("VPC")))
    t.add_resource(ec2.VPC("VPC", CidrBlock="10.0.0.0/16", DeletionPolicy="Retain"))
    note(t, "VPC", "Why\nit is.")
    assert render(t) == (
        "AWSTemplateFormatVersion: '2010-09-09'\n"
        "\n"
        "Description: test\n"
        "\n"
        "Resources:\n"
        "  # Why\n"
        "  # it is.\n"
        "  VPC:\n"
        "    Type: AWS::EC2::VPC\n"
        "    DeletionPolicy: Retain\n"
        "    Properties:\n"
        "      CidrBlock: 10.0.0.0/16\n"
        "\n"
        "Outputs:\n"
        "  VpcId:\n"
        "    Description: one\n"
        "    Value: !Ref VPC\n"
    )
