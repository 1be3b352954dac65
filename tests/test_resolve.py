"""Resolving a nest: what crosses the stacks, the two views, and the environments that there are."""

import pytest

from review import scan
from review.intrinsics import FUNCTIONS
from review.problem import Problem
from review.resolve import resolve
from review.template import dump, parse
from review.text import is_function, references
from review.workspace import load, write
from tests.nest import OUT, ROOT, stack

ENVIRONMENTS = sorted(path.stem for path in (ROOT / "config").glob("*.env"))
PSEUDO = {"AWS::Region": "us-east-1", "AWS::StackName": "shop"}
TEXT = {"Type": "String"}


def nested(file: str, parameters: dict, **more) -> dict:
    return {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": file, "Parameters": parameters},
    } | more


NETWORK = {
    "Parameters": {"Cidr": TEXT | {"Default": "10.0.0.0/16"}},
    "Resources": {
        "VPC": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": {"Ref": "Cidr"}}},
        "Subnet1": {"Type": "AWS::EC2::Subnet", "DependsOn": "VPC", "Properties": {"VpcId": {"Ref": "VPC"}}},
        "Subnet2": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "VPC"}}},
    },
    "Outputs": {
        "SubnetIds": {"Value": {"Fn::Join": [",", [{"Ref": "Subnet1"}, {"Ref": "Subnet2"}]]}},
        "Acl": {"Value": {"Fn::GetAtt": ["VPC", "DefaultNetworkAcl"]}},
        "Cidr": {"Value": {"Ref": "Cidr"}},
        "StackName": {"Value": {"Ref": "AWS::StackName"}},
    },
}
DATA = {
    "Parameters": {"SubnetIds": {"Type": "List<AWS::EC2::Subnet::Id>"}, "Acl": TEXT, "Cidr": TEXT, "Name": TEXT},
    "Conditions": {"HasAcl": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Acl"}, ""]}]}},
    "Resources": {
        "Group": {
            "Type": "AWS::RDS::DBSubnetGroup",
            "Properties": {
                "SubnetIds": {"Ref": "SubnetIds"},
                "DBSubnetGroupDescription": {"Fn::Sub": "${Name} ${Cidr} ${AWS::StackName} ${Acl}"},
            },
        },
        "Guarded": {"Type": "AWS::SNS::Topic", "Condition": "HasAcl"},
    },
}
FROM_NETWORK = {name: {"Fn::GetAtt": ["Network", f"Outputs.{name}"]} for name in ("SubnetIds", "Acl", "Cidr")}
ROOT_TEMPLATE = {
    "Parameters": {"Second": TEXT | {"Default": "false"}},
    "Conditions": {"HasSecond": {"Fn::Equals": [{"Ref": "Second"}, "true"]}},
    "Resources": {
        "Data": nested("data.yaml", FROM_NETWORK | {"Name": {"Ref": "AWS::StackName"}}, DependsOn="Network"),
        "Again": nested("data.yaml", FROM_NETWORK | {"Name": "again"}, Condition="HasSecond"),
        "Network": nested("./network.yaml", {}),
        "Elsewhere": nested("https://example.com/t.yaml", {"Id": {"Fn::GetAtt": ["Network", "Outputs.Acl"]}}),
    },
    "Outputs": {"Acl": {"Value": {"Fn::Sub": "${Network.Outputs.Acl}!"}}},
}
NEST = {"root.yaml": ROOT_TEMPLATE, "network.yaml": NETWORK, "data.yaml": DATA}


def test_the_flat_view_joins_the_stacks():
    flat = resolve(NEST, "root.yaml", {}, PSEUDO).flat
    resources = flat["Resources"]
    assert list(resources) == [
        "Elsewhere",
        "DataGroup",
        "DataGuarded",
        "NetworkVPC",
        "NetworkSubnet1",
        "NetworkSubnet2",
    ]
    assert resources["DataGroup"]["Properties"] == {
        "SubnetIds": [{"Ref": "NetworkSubnet1"}, {"Ref": "NetworkSubnet2"}],
        "DBSubnetGroupDescription": {"Fn::Sub": "shop 10.0.0.0/16 ${AWS::StackName} ${NetworkVPC.DefaultNetworkAcl}"},
    }
    assert resources["NetworkSubnet1"]["DependsOn"] == "NetworkVPC"
    assert resources["Elsewhere"]["Properties"]["Parameters"]["Id"] == {
        "Fn::GetAtt": ["NetworkVPC", "DefaultNetworkAcl"]
    }
    assert flat["Outputs"] == {"Acl": {"Value": {"Fn::Sub": "${NetworkVPC.DefaultNetworkAcl}!"}}}


def test_each_stack_for_itself_stays_a_nest():
    stacks = resolve(NEST, "root.yaml", {}, PSEUDO).stacks
    assert list(stacks) == ["root.yaml", "data.yaml", "network.yaml"]
    assert stacks["root.yaml"]["Resources"]["Data"] == nested(
        "data.yaml", {name: FROM_NETWORK[name] for name in ("SubnetIds", "Acl")}, DependsOn="Network"
    )
    assert stacks["root.yaml"]["Resources"]["Network"]["Properties"] == {"TemplateURL": "network.yaml"}
    assert set(stacks["data.yaml"]["Parameters"]) == {"SubnetIds", "Acl"}
    assert stacks["data.yaml"]["Resources"]["Group"]["Properties"] == {
        "SubnetIds": {"Ref": "SubnetIds"},
        "DBSubnetGroupDescription": {"Fn::Sub": "shop 10.0.0.0/16 ${AWS::StackName} ${Acl}"},
    }


def test_a_template_nested_twice_is_two_stacks():
    nest = resolve(NEST, "root.yaml", {"Second": "true"}, PSEUDO)
    assert {"data.yaml", "again.yaml"} < set(nest.stacks)
    assert nest.origin["AgainGroup"] == ("again.yaml", "Group")
    assert nest.stacks["root.yaml"]["Resources"]["Again"]["Properties"]["TemplateURL"] == "again.yaml"


def changed(file: str, **sections) -> dict:
    return NEST | {file: NEST[file] | sections}


@pytest.mark.parametrize(
    ("templates", "words"),
    [
        ({"root.yaml": ROOT_TEMPLATE, "data.yaml": DATA}, "network.yaml is missing: a TemplateURL names it"),
        (changed("network.yaml", Outputs={}), "network.yaml: there is no output SubnetIds to take: it is not declared"),
        (
            changed(
                "network.yaml",
                Conditions={"Never": {"Fn::Equals": ["a", "b"]}},
                Outputs=NETWORK["Outputs"] | {"Acl": {"Condition": "Never", "Value": "x"}},
            ),
            "network.yaml: there is no output Acl to take: Never is false",
        ),
        (changed("data.yaml", Parameters={"Acl": TEXT}), "data.yaml: there is no parameter"),
        (
            changed("data.yaml", Parameters=DATA["Parameters"] | {"Size": TEXT}),
            "data.yaml: parameter Size has neither a value nor a default",
        ),
        (
            changed("data.yaml", Parameters=DATA["Parameters"] | {"Cidr": TEXT | {"AllowedPattern": "[a-z]+"}}),
            "data.yaml: Cidr=10.0.0.0/16: is not allowed",
        ),
        (
            changed(
                "root.yaml",
                Resources={
                    "Network": nested("network.yaml", {"Cidr": {"Fn::GetAtt": ["Network", "Outputs.Cidr"]}}),
                },
            ),
            "root.yaml: Network needs its own outputs: the nested stacks go in circles",
        ),
        (
            changed("root.yaml", Resources=ROOT_TEMPLATE["Resources"] | {"NetworkVPC": {"Type": "AWS::EC2::VPC"}}),
            "network.yaml: NetworkVPC would stand for two resources",
        ),
    ],
)
def test_a_seam_that_does_not_hold_is_one_line(templates, words):
    with pytest.raises(Problem) as caught:
        resolve(templates, "root.yaml", {}, PSEUDO)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_written_template_reads_back_the_same():
    awkward = [
        " a\n\n b ",
        "a: b # c",
        "!Ref x",
        "x" * 200 + "  y",
        "",
        "yes",
        "1.0",
        "${A}\n",
        {"Fn::Sub": " a\nb"},
        {},
        [],
    ]
    text = {"Resources": {"A": {"Type": "B", "Properties": {"C": awkward, "D": {"Fn::GetAZs": {"Ref": "E"}}}}}}
    for content in [text, *NEST.values(), *(stack(path.stem) for path in OUT.glob("*.yaml"))]:
        assert parse(dump(content), "x") == content


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_resolving_what_is_resolved_changes_nothing(env):
    nest = load(env).nest
    again = resolve(nest.stacks, "root.yaml", {}, PSEUDO)
    assert again.stacks == nest.stacks
    assert again.flat == nest.flat


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_an_environment_holds_nothing_but_what_aws_alone_knows(env):
    nest = load(env).nest
    assert set(nest.origin) == set(nest.flat["Resources"])
    assert "Parameters" not in nest.flat
    for content in [nest.flat, *nest.stacks.values()]:
        assert not {"Conditions", "Rules", "Mappings"} & set(content)
        left = functions([content["Resources"], content.get("Outputs", {})])
        assert not left & (set(FUNCTIONS) - {"Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Select", "Fn::Join", "Fn::Split"})
        there = {*content["Resources"], *content.get("Parameters", {})}
        named = {name.partition(".")[0] for name in references([content["Resources"], content.get("Outputs", {})])}
        assert {name for name in named if not name.startswith("AWS::")} <= there


def functions(value) -> set[str]:
    """The names of all functions in a value."""
    if isinstance(value, list):
        return set().union(*map(functions, value))
    if not isinstance(value, dict):
        return set()
    return (set(value) if is_function(value) else set()).union(*map(functions, value.values()))


def test_without_any_choice_the_defaults_hold():
    names = {path.name for path in OUT.glob("*.yaml")}
    templates = {name: stack(name.removesuffix(".yaml")) for name in names}
    images = {"AppImage": "r/app:1", "WebImage": "r/web:1"}
    nest = resolve(templates, "root.yaml", images, {"AWS::Region": "eu-west-1"})
    assert not functions(nest.flat["Resources"]) & {"Fn::If", "Fn::FindInMap", "Fn::Cidr"}
    assert not references(nest.flat) & set(stack("root")["Parameters"])


@pytest.mark.slow
@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_the_flat_view_is_a_valid_template(env, tmp_path):
    *_, flat = write(load(env).nest, tmp_path)
    assert [finding for finding in scan.lint(flat) if not finding.reason] == []
