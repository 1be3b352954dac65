"""The wiring: equal names, nothing left over, every choice with a default; and what all templates have in common."""

import pytest

from review.problem import Problem
from tests.nest import ENVIRONMENTS, OUT, ROOT, flat, stack

NEST = {
    title: body["Properties"]["TemplateURL"].removesuffix(".yaml") for title, body in stack("root")["Resources"].items()
}
TEMPLATES = pytest.mark.parametrize("path", sorted(OUT.glob("*.yaml")), ids=lambda path: path.name)


def test_nests_the_stacks_by_local_paths():
    assert list(NEST.values()) == ["keys", "network", "egress", "edge", "data", "alerts", "compute", "monitoring"]
    assert {path.stem for path in OUT.glob("*.yaml")} == {"root", "bootstrap", *NEST.values()}


@pytest.mark.parametrize("title", NEST)
def test_every_parameter_of_a_nested_stack_comes_from_its_namesake(title):
    given = stack("root")["Resources"][title]["Properties"]["Parameters"]
    assert set(given) == set(stack(NEST[title])["Parameters"])
    for name, value in given.items():
        if "Fn::If" in value:  # from a stack that may not exist
            condition, made, otherwise = value["Fn::If"]
            assert (condition, otherwise) == (stack("root")["Resources"][made["Fn::GetAtt"][0]]["Condition"], "")
        else:
            made = value
        if "Fn::GetAtt" in made:
            source, attribute = made["Fn::GetAtt"]
            assert attribute == f"Outputs.{name}"
            assert name in stack(NEST[source])["Outputs"]
        else:
            assert value in ({"Ref": name}, {"Ref": "AWS::StackName"})


def test_every_choice_has_a_default_except_the_images():
    without = {name for name, definition in stack("root")["Parameters"].items() if "Default" not in definition}
    assert without == {"AppImage", "WebImage"}


@TEMPLATES
def test_every_parameter_is_grouped_described_and_constrained(path):
    content = stack(path.stem)
    groups = content["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    listed = [name for group in groups for name in group["Parameters"]]
    assert sorted(listed) == sorted(content["Parameters"])
    for name, definition in content["Parameters"].items():
        assert len(definition["Description"]) > 5, name
        if not definition["Type"].startswith(("AWS::", "List<AWS::")):  # those CloudFormation checks itself
            assert {"AllowedPattern", "AllowedValues", "MinValue"} & set(definition), name
            assert definition["ConstraintDescription"], name


@TEMPLATES
def test_nothing_is_exported_and_every_output_described(path):
    for name, output in stack(path.stem)["Outputs"].items():
        assert "Export" not in output, name
        assert output["Description"], name


@TEMPLATES
def test_small_enough_to_be_deployed_without_a_bucket(path):
    assert path.stat().st_size < 51_200


@TEMPLATES
def test_no_literal_account_region_or_partition(path):
    # Account, region and partition are the reader's; the examples in descriptions are not looked at.
    body = path.read_text().partition("\nConditions:")[2] or path.read_text().partition("\nResources:")[2]
    for word in ("123456789012", "us-east-1", "arn:aws:"):
        assert word not in body


def test_every_logical_id_of_the_yaml_can_be_found_in_the_python():
    source = "".join(path.read_text() for path in (ROOT / "templates").rglob("*.py"))
    ids = {title for path in OUT.glob("*.yaml") for title in stack(path.stem)["Resources"]}
    lost = {title for title in ids if f'"{title}"' not in source}
    assert len(lost) <= 0.05 * len(ids), sorted(lost)


def test_url_is_the_last_output():
    assert list(stack("root")["Outputs"])[-1] == "Url"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"DomainName": "shop.test"}, "DomainName needs HostedZoneId"),
        ({"HostedZoneId": "Z0123456789"}, "HostedZoneId needs DomainName"),
        ({"TaskCpu": "256", "TaskMemory": "4096"}, "TaskCpu 256 goes with TaskMemory"),
        ({"TaskCpu": "4096", "TaskMemory": "512"}, "TaskCpu 4096 goes with TaskMemory"),
        ({"PerformanceInsights": "true", "DBInstanceClass": "db.t4g.micro"}, "PerformanceInsights"),
        ({"ExecutionRoleName": "LabRole", "TaskRoleName": "LabRole", "StorageType": "gp3"}, "StorageType=gp2"),
        (
            {
                "ExecutionRoleName": "LabRole",
                "TaskRoleName": "LabRole",
                "StorageType": "gp2",
                "DBInstanceClass": "db.m7g.large",
            },
            "burstable",
        ),
        ({"ExecutionRoleName": "LabRole", "StorageType": "gp2"}, "TaskRoleName=LabRole"),
        ({"OnDemandWeight": "0", "SpotWeight": "0"}, "cannot both be 0"),
    ],
)
def test_impossible_combinations_are_refused_before_anything_is_created(parameters, words):
    with pytest.raises(Problem, match=words):
        flat(**parameters)


@pytest.mark.parametrize("cpu", ["256", "512", "1024", "2048", "4096"])
def test_every_cpu_has_some_memory(cpu):
    accepted = []
    for memory in map(str, stack("root")["Parameters"]["TaskMemory"]["AllowedValues"]):
        try:
            flat(TaskCpu=cpu, TaskMemory=memory)
        except Problem:
            continue
        accepted.append(memory)
    assert accepted


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_everything_that_takes_tags_has_them(env):
    from review.schemas import schema

    for title, body in flat(env).items():
        tagging = schema(body["Type"]).get("tagging", {})
        if not tagging.get("taggable"):
            continue
        name = tagging.get("tagProperty", "/properties/Tags").removeprefix("/properties/")
        assert body.get("Properties", {}).get(name), title
