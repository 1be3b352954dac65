"""The wiring: equal names, nothing left over, every choice with a default."""

import pytest

from tests.nest import OUT, ROOT, stack

NEST = {"Network": "network", "Data": "data", "Compute": "compute"}


def test_nests_the_three_tiers_by_local_paths():
    assert {title: body["Properties"]["TemplateURL"] for title, body in stack("root")["Resources"].items()} == {
        title: f"{name}.yaml" for title, name in NEST.items()
    }


@pytest.mark.parametrize("title", NEST)
def test_every_parameter_of_a_nested_stack_comes_from_its_namesake(title):
    given = stack("root")["Resources"][title]["Properties"]["Parameters"]
    assert set(given) == set(stack(NEST[title])["Parameters"])
    for name, value in given.items():
        if "Fn::GetAtt" in value:
            source, attribute = value["Fn::GetAtt"]
            assert attribute == f"Outputs.{name}"
            assert name in stack(NEST[source])["Outputs"]
        else:
            assert value in ({"Ref": name}, {"Ref": "AWS::StackName"})


def test_every_choice_has_a_default_except_the_images():
    without = {name for name, definition in stack("root")["Parameters"].items() if "Default" not in definition}
    assert without == {"AppImage", "WebImage"}


@pytest.mark.parametrize("path", sorted(OUT.glob("*.yaml")), ids=lambda path: path.name)
def test_parameters_are_grouped_described_and_constrained(path):
    content = stack(path.stem)
    groups = content["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    listed = [name for group in groups for name in group["Parameters"]]
    assert sorted(listed) == sorted(content["Parameters"])
    for name, definition in content["Parameters"].items():
        assert definition["Description"], name
        if {"AllowedPattern", "AllowedValues", "MinValue"} & set(definition):
            assert definition["ConstraintDescription"], name


@pytest.mark.parametrize("path", sorted(OUT.glob("*.yaml")), ids=lambda path: path.name)
def test_nothing_is_exported_and_every_output_described(path):
    for name, output in stack(path.stem)["Outputs"].items():
        assert "Export" not in output, name
        assert output["Description"], name


@pytest.mark.parametrize("path", sorted(OUT.glob("*.yaml")), ids=lambda path: path.name)
def test_small_enough_to_be_deployed_without_a_bucket(path):
    assert path.stat().st_size < 51_200


def test_every_logical_id_of_the_yaml_can_be_found_in_the_python():
    source = "".join(path.read_text() for path in (ROOT / "templates").glob("*.py"))
    ids = {title for path in OUT.glob("*.yaml") for title in stack(path.stem)["Resources"]}
    lost = {title for title in ids if f'"{title}"' not in source}
    assert len(lost) <= 0.05 * len(ids), sorted(lost)


def test_url_is_the_last_output():
    assert list(stack("root")["Outputs"])[-1] == "Url"
