"""The few helpers that every stack module shares."""

from collections.abc import Sequence

from troposphere import Equals, If, Join, Not, NoValue, Output, Parameter, Ref, Sub, Tags, Template

from templates.parameters import GROUPS, PARAMETERS

ANYWHERE = "0.0.0.0/0"

OWN_KEY = "Encrypted with AWS's own key; one of this account's is a choice: CustomerManagedKey"


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
    groups = {label: [name for name in members if name in names] for label, members in GROUPS.items()}
    groups = {label: members for label, members in groups.items() if members}
    for name in (name for members in groups.values() for name in members):
        t.add_parameter(Parameter(name, **PARAMETERS[name]))
    t.set_metadata(
        {
            "AWS::CloudFormation::Interface": {
                "ParameterGroups": [
                    {"Label": {"default": label}, "Parameters": members} for label, members in groups.items()
                ]
            }
        }
    )


def add_conditions(t: Template, conditions: dict[str, object]) -> None:
    """Add conditions given as {name: condition}."""
    for name, condition in conditions.items():
        t.add_condition(name, condition)


def given(parameter: str) -> Not:
    """Condition: the parameter is not empty."""
    return Not(Equals(Ref(parameter), ""))


def chosen(parameter: str, value: object = "true") -> Equals:
    """Condition: the parameter has the value."""
    return Equals(Ref(parameter), str(value))


def only_if(condition: str, value: object) -> If:
    """The value under the condition; else as if the property had not been written."""
    return If(condition, value, NoValue)


def accepted(findings: dict[str, str | tuple[str, str]]) -> dict:
    """Metadata in which a reviewer, and checkov, finds why a check does not hold here.

    `findings` gives the reason by the check's id; (condition, reason) where it holds under a condition.
    """
    entries = []
    for check, reason in findings.items():
        condition, words = (None, reason) if isinstance(reason, str) else reason
        entry = {"id": check, "comment": words}
        entries.append(If(condition, NoValue, entry) if condition else entry)
    return {"checkov": {"skip": entries}}


def add_outputs(t: Template, outputs: dict[str, object]) -> None:
    """Add outputs given as {name: value}. One that feeds a parameter has the parameter's description."""
    for name, value in outputs.items():
        t.add_output(Output(name, Description=OUTPUTS.get(name) or PARAMETERS[name]["Description"], Value=value))


# Outputs that are for people, not for other stacks.
OUTPUTS = {
    "AppRepositoryUri": "Where the application's image is pushed",
    "WebRepositoryUri": "Where nginx's image is pushed",
    "ArtifactBucketName": "Where nested templates are uploaded",
    "NatAddress": "Address from which the tasks are seen on the internet; empty without a NAT gateway",
    "Url": "Address of the application",
    "LoadBalancerDnsName": "Host name of the load balancer",
    "TaskDefinitionArn": "Task definition with its revision",
    "DashboardName": "Dashboard in CloudWatch",
    "FinalSnapshot": "Whether `make destroy` keeps or deletes the database's final snapshot",
}


def name_tag(suffix: str) -> Tags:
    """The Name tag that the console lists: the root stack's name and what the thing is."""
    return Tags(Name=Sub("${NamePrefix}-" + suffix))


def joined_refs(logical_ids: Sequence[str]) -> Join:
    """Their ids, comma separated: the form in which a list passes between nested stacks."""
    return Join(",", [Ref(logical_id) for logical_id in logical_ids])
