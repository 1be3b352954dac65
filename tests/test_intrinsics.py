"""Functions, conditions, rules and parameters of one template, applied."""

import pytest

from review.problem import Problem
from review.resolve import resolve

PSEUDO = {"AWS::Region": "us-east-1", "AWS::Partition": "aws", "AWS::StackName": "shop"}
PARAMETERS = {
    "Name": {"Type": "String", "Default": "web"},
    "Empty": {"Type": "String", "Default": ""},
    "Flag": {"Type": "String", "Default": "true"},
    "Count": {"Type": "Number", "Default": "2"},
    "Ratio": {"Type": "Number", "Default": 0.5},
    "Zones": {"Type": "CommaDelimitedList", "Default": "a, b"},
    "Ports": {"Type": "List<Number>", "Default": "80,443"},
    "ImageId": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/aws/image"},
}
CONDITIONS = {
    "IsTwo": {"Fn::Equals": [{"Ref": "Count"}, "2"]},
    "IsWest": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-west-2"]},
}
MAPPINGS = {"Sizes": {"us-east-1": {"web": "large"}}}
VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}


def template(resources, **sections) -> dict:
    return (
        {"Parameters": PARAMETERS, "Conditions": CONDITIONS, "Mappings": MAPPINGS} | sections | {"Resources": resources}
    )


def resolved(resources, given=(), **sections):
    return resolve({"root.yaml": template(resources, **sections)}, "root.yaml", dict(given), PSEUDO).flat


def value(expression):
    """What an expression becomes as a property beside a VPC; absent if the property is gone."""
    flat = resolved({"VPC": VPC, "Thing": {"Type": "Custom::Thing", "Properties": {"Value": expression}}})
    return flat["Resources"]["Thing"]["Properties"].get("Value", "absent")


REF, ATT = {"Ref": "VPC"}, {"Fn::GetAtt": ["VPC", "CidrBlock"]}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"Ref": "Name"}, "web"),
        ({"Ref": "Count"}, 2),
        ({"Ref": "Ratio"}, 0.5),
        ({"Ref": "Zones"}, ["a", "b"]),
        ({"Ref": "Ports"}, [80, 443]),
        ({"Ref": "ImageId"}, "{{resolve:ssm:/aws/image}}"),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Ref": "AWS::AccountId"}, {"Ref": "AWS::AccountId"}),
        ({"Ref": "AWS::NoValue"}, "absent"),
        ([1, {"Ref": "AWS::NoValue"}, 2], [1, 2]),
        (REF, REF),
        (ATT, ATT),
        ({"Fn::GetAtt": "VPC.CidrBlock"}, ATT),
        ({"Fn::If": ["IsTwo", {"Ref": "Name"}, "no"]}, "web"),
        ({"Fn::If": ["IsWest", "yes", {"Ref": "AWS::NoValue"}]}, "absent"),
        ({"Fn::Sub": "${Name}-${Count}-${AWS::Region}"}, "web-2-us-east-1"),
        ({"Fn::Sub": "${VPC}"}, REF),
        ({"Fn::Sub": "${Name}/${VPC.CidrBlock}"}, {"Fn::Sub": "web/${VPC.CidrBlock}"}),
        ({"Fn::Sub": "${!Name}"}, "${Name}"),
        ({"Fn::Sub": "${!Name} ${VPC}"}, {"Fn::Sub": "${!Name} ${VPC}"}),
        ({"Fn::Sub": ["${A}-${Name}", {"A": {"Ref": "Flag"}}]}, "true-web"),
        (
            {"Fn::Sub": ["${A}", {"A": {"Fn::Select": [0, {"Fn::GetAZs": ""}]}}]},
            {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
        ),
        ({"Fn::Join": ["-", ["a", {"Ref": "Count"}, True]]}, "a-2-true"),
        ({"Fn::Join": [",", [REF, "b"]]}, {"Fn::Sub": "${VPC},b"}),
        ({"Fn::Join": [",", {"Fn::GetAtt": ["VPC", "X"]}]}, {"Fn::Join": [",", {"Fn::GetAtt": ["VPC", "X"]}]}),
        ({"Fn::Join": ["", []]}, ""),
        ({"Fn::Split": ["/", "10.0.0.0/16"]}, ["10.0.0.0", "16"]),
        ({"Fn::Split": ["/", ATT]}, {"Fn::Split": ["/", ATT]}),
        ({"Fn::Select": ["1", {"Ref": "Zones"}]}, "b"),
        ({"Fn::Select": [0, [REF, "b"]]}, REF),
        ({"Fn::Select": [1, {"Fn::GetAZs": {"Ref": "AWS::Region"}}]}, {"Fn::Select": [1, {"Fn::GetAZs": "us-east-1"}]}),
        ({"Fn::Select": [1, {"Fn::Cidr": ["10.0.0.0/16", 5, 8]}]}, "10.0.1.0/24"),
        ({"Fn::Cidr": ["2001:db8::/56", 2, 64]}, ["2001:db8::/64", "2001:db8:0:1::/64"]),
        ({"Fn::Cidr": [ATT, 2, 8]}, {"Fn::Cidr": [ATT, 2, 8]}),
        ({"Fn::Base64": {"Fn::Sub": "${Name}"}}, "d2Vi"),
        ({"Fn::Base64": REF}, {"Fn::Base64": REF}),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, {"Ref": "Name"}]}, "large"),
        ({"Fn::FindInMap": ["Sizes", "x", "y", {"DefaultValue": "small"}]}, "small"),
        ({"Fn::ImportValue": {"Fn::Sub": "${Name}-id"}}, {"Fn::ImportValue": "web-id"}),
        ({"Condition": "IsTwo", "StringEquals": {"Ref": "Name"}}, {"Condition": "IsTwo", "StringEquals": "web"}),
    ],
    ids=str,
)
def test_function(expression, expected):
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ({"Ref": "Nobody"}, "there is no Nobody to refer to"),
        ({"Fn::If": ["Nobody", 1, 2]}, "there is no condition Nobody"),
        ({"Fn::If": ["IsTwo", 1]}, "takes a list of 3"),
        ({"Fn::GetAtt": "VPC"}, "takes a list of 2"),
        ({"Fn::Cidr": "10.0.0.0/16"}, "takes a list of 2"),
        ({"Fn::FindInMap": ["Sizes"]}, "takes a list of 3"),
        ({"Fn::Sub": [["a"], {}]}, "is no text"),
        ({"Fn::Sub": "${Zones}"}, "is no text"),
        ({"Fn::Select": [2, {"Ref": "Zones"}]}, "no item 2 in a list of 2"),
        ({"Fn::Cidr": ["10.0.0.0/24", 5, 8]}, "10.0.0.0/24 has no room for 5 blocks of 8 bits"),
        ({"Fn::Cidr": ["10.0.0.1/24", 1, 4]}, "has host bits set"),
        ({"Fn::FindInMap": ["Sizes", "x", "y"]}, "nothing at Sizes, x, y"),
    ],
    ids=str,
)
def test_what_cloudformation_would_refuse_is_one_line(expression, words):
    with pytest.raises(Problem, match=r"^root\.yaml: [^\n]+$") as caught:
        value(expression)
    assert words in str(caught.value)


TRUE, FALSE = {"Condition": "IsTwo"}, {"Condition": "IsWest"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Fn::Equals": [{"Ref": "Flag"}, "true"]}, True),
        ({"Fn::Equals": [{"Fn::Select": [0, {"Fn::Split": ["-", {"Ref": "AWS::Region"}]}]}, "us"]}, True),
        ({"Fn::Equals": [{"Fn::FindInMap": ["Sizes", "us-east-1", "web"]}, {"Fn::Sub": "${Name}"}]}, False),
        ({"Fn::Equals": [{"Fn::Join": ["", {"Ref": "Zones"}]}, "ab"]}, True),
        ({"Fn::Equals": [{"Ref": "AWS::AccountId"}, ""]}, False),
        ({"Fn::Equals": [{"Ref": "AWS::AccountId"}, {"Ref": "AWS::AccountId"}]}, True),
        ({"Fn::Not": [TRUE]}, False),
        ({"Fn::And": [TRUE, {"Fn::Not": [FALSE]}]}, True),
        ({"Fn::And": [TRUE, FALSE]}, False),
        ({"Fn::Or": [TRUE, FALSE]}, True),
        ({"Fn::Or": [FALSE, FALSE]}, False),
    ],
    ids=str,
)
def test_condition(condition, expected):
    flat = resolved({"A": VPC | {"Condition": "Asked"}}, Conditions=CONDITIONS | {"Asked": condition})
    assert ("A" in flat["Resources"]) is expected


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({"A": {"Condition": "B"}, "B": {"Condition": "A"}}, "go in circles: A -> B -> A"),
        ({"A": {"Condition": "B"}}, "there is no condition B"),
        ({"A": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, "1"]}}, "what only AWS knows"),
        ({"A": {"Fn::Sum": []}}, "A: this is no condition"),
        ({"A": {"Fn::Equals": ["one"]}}, "A: this is no condition"),
        ({"A": {"Fn::And": []}}, "A: this is no condition"),
        ({"A": {"Fn::Equals": [{"Ref": "AWS::NoValue"}, "1"]}}, "cannot ask for AWS::NoValue"),
    ],
)
def test_a_condition_that_cannot_be_decided(conditions, words):
    with pytest.raises(Problem, match=words):
        resolved({}, Conditions=conditions)


def test_what_a_false_condition_takes_away():
    flat = resolved(
        {
            "Gone": VPC | {"Condition": "IsWest"},
            "One": VPC | {"Condition": "IsTwo", "DependsOn": "Gone"},
            "Two": VPC | {"DependsOn": ["Gone", "One"]},
        },
        Outputs={"A": {"Value": REF, "Condition": "IsWest"}, "B": {"Value": {"Ref": "One"}, "Condition": "IsTwo"}},
    )
    assert flat["Resources"] == {"One": VPC, "Two": VPC | {"DependsOn": ["One"]}}
    assert flat["Outputs"] == {"B": {"Value": {"Ref": "One"}}}
    with pytest.raises(Problem, match="refers to VPC, which is not made: IsWest is false"):
        resolved({"VPC": VPC | {"Condition": "IsWest"}}, Outputs={"A": {"Value": REF}})


def test_metadata_is_resolved_so_that_a_suppression_can_hang_on_a_choice():
    skip = {"Fn::If": ["IsTwo", {"id": "CKV_1", "comment": "two are enough"}, {"Ref": "AWS::NoValue"}]}
    flat = resolved({"VPC": VPC | {"Metadata": {"checkov": {"skip": [skip]}}}})
    assert flat["Resources"]["VPC"]["Metadata"]["checkov"]["skip"] == [{"id": "CKV_1", "comment": "two are enough"}]


@pytest.mark.parametrize(
    ("condition", "assertion", "broken"),
    [
        (True, {"Fn::Contains": [["1", "2"], {"Ref": "Count"}]}, False),
        (True, {"Fn::Contains": [["1", "3"], {"Ref": "Count"}]}, True),
        ({"Fn::Equals": [{"Ref": "Name"}, "db"]}, {"Fn::Equals": ["a", "b"]}, False),
        (True, {"Fn::EachMemberIn": [{"Ref": "Zones"}, ["a", "b", "c"]]}, False),
        (True, {"Fn::EachMemberIn": [{"Ref": "Zones"}, ["a"]]}, True),
        (True, {"Fn::EachMemberEquals": [["x", "x"], "x"]}, False),
        (True, {"Fn::Not": [{"Fn::Equals": [{"Ref": "Empty"}, ""]}]}, True),
        (True, {"Fn::Equals": [{"Fn::ValueOf": ["VpcId", "Tags.a"]}, "b"]}, False),
    ],
)
def test_rule(condition, assertion, broken):
    rules = {
        "Pairs": {"RuleCondition": condition, "Assertions": [{"Assert": assertion, "AssertDescription": "Take 2"}]}
    }
    if broken:
        with pytest.raises(Problem, match=r"^root\.yaml: Pairs: Take 2$"):
            resolved({}, Rules=rules)
    else:
        resolved({}, Rules=rules)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"Nobody": "1"}, r"^root\.yaml: there is no parameter Nobody$"),
        ({"Count": "many"}, r"^root\.yaml: Count=many: must be a whole number$"),
    ],
)
def test_parameters_that_cloudformation_would_refuse(given, words):
    with pytest.raises(Problem, match=words):
        resolved({}, given)


def test_a_parameter_without_a_value():
    with pytest.raises(Problem, match="parameter Size has neither a value nor a default"):
        resolved({}, Parameters={"Size": {"Type": "String"}}, Conditions={})


def test_scalars_have_the_type_of_the_property():
    properties = {"AllocatedStorage": {"Ref": "Count"}, "MultiAZ": {"Ref": "Flag"}, "Tags": [{"Key": "a", "Value": 1}]}
    flat = resolved({"A": {"Type": "AWS::RDS::DBInstance", "Properties": properties}})
    typed = {"AllocatedStorage": "2", "MultiAZ": True, "Tags": [{"Key": "a", "Value": "1"}]}
    assert flat["Resources"]["A"]["Properties"] == typed
