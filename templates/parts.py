"""The few helpers that every stack module shares."""

from collections.abc import Sequence

from troposphere import Join, Output, Parameter, Ref, Sub, Tags, Template

from templates.parameters import GROUPS, PARAMETERS


def new_template(description: str) -> Template:
    """An empty template; `description` is what the console shows for the stack (1,024 bytes at most)."""
    t = Template(Description=description)
    t.set_version("2010-09-09")
    t.notes = {}
    return t


def note(t: Template, logical_id: str, text: str) -> None:
    """Say why, in the YAML, above the resource `logical_id` and those that follow it."""
    t.notes[logical_id] = text


def add_parameters(t: Template, names: Sequence[str]) -> None:
    """Add the named parameters from the catalogue, grouped and labelled for the console."""
    groups = [(label, [name for name in members if name in names]) for label, members in GROUPS.items()]
    for _, members in groups:
        for name in members:
            t.add_parameter(Parameter(name, **PARAMETERS[name]))
    t.set_metadata(
        {
            "AWS::CloudFormation::Interface": {
                "ParameterGroups": [
                    {"Label": {"default": label}, "Parameters": members} for label, members in groups if members
                ]
            }
        }
    )


def add_outputs(t: Template, outputs: dict[str, tuple[str, object]]) -> None:
    """Add outputs given as {name: (description, value)}."""
    for name, (description, value) in outputs.items():
        t.add_output(Output(name, Description=description, Value=value))


def name_tag(suffix: str) -> Tags:
    """The Name tag that the console lists: the root stack's name and what the thing is."""
    return Tags(Name=Sub("${NamePrefix}-" + suffix))


def joined_refs(logical_ids: Sequence[str]) -> Join:
    """Their ids, comma separated: the form in which a list passes between nested stacks."""
    return Join(",", [Ref(logical_id) for logical_id in logical_ids])
