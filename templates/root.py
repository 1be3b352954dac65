"""Root: the wiring diagram. The tiers meet here and nowhere else.

Equal names are the wiring: a parameter of a nested stack is fed by the output of that name of an earlier stack; if
there is none, it is the user's choice and becomes a parameter of the root.
"""

from troposphere import GetAtt, Ref, StackName, Tags, Template, cloudformation

from templates import compute, data, network
from templates.parts import add_outputs, add_parameters, new_template, note

DESCRIPTION = (
    "Three-tier web application: public load balancer -> nginx and Gunicorn on ECS Fargate in private subnets"
    " -> RDS MySQL that only the application can reach"
)

# Nested stack: (its module, its file beside this one). Later ones take from earlier ones.
NEST = {
    "Network": (network, "network.yaml"),
    "Data": (data, "data.yaml"),
    "Compute": (compute, "compute.yaml"),
}

# What a person looks for afterwards: (nested stack, output).
OUTPUTS = {
    "DatabaseHost": "Data",
    "ClusterName": "Compute",
    "ServiceName": "Compute",
    "AppLogGroupName": "Compute",
    "Url": "Compute",
}


def build() -> Template:
    """The root stack."""
    t = new_template(DESCRIPTION)
    built = {title: module.build() for title, (module, _) in NEST.items()}
    sources = {"NamePrefix": StackName}
    choices = []
    for title, child in built.items():
        choices += [name for name in child.parameters if name not in sources and name not in choices]
        add_nested(t, title, NEST[title][1], {name: sources.get(name, Ref(name)) for name in child.parameters})
        sources |= {name: GetAtt(title, f"Outputs.{name}") for name in child.outputs}
    add_parameters(t, choices)
    accept_local_paths(t)
    add_outputs(
        t,
        {
            name: (built[title].outputs[name].Description, GetAtt(title, f"Outputs.{name}"))
            for name, title in OUTPUTS.items()
        },
    )
    return t


def accept_local_paths(t: Template) -> None:
    """Tell cfn-lint that the local paths are meant."""
    note(
        t,
        "cfn-lint",
        "TemplateURL is a local path on purpose: cfn-lint then checks the seams between the stacks, and\n"
        "`aws cloudformation package` uploads the files and puts their addresses in.",
    )
    t.metadata["cfn-lint"] = {"config": {"ignore_checks": ["W3002"]}}


def add_nested(t: Template, title: str, file: str, parameters: dict[str, object]) -> None:
    """Add a nested stack. The file stays a local path: `aws cloudformation package` and deploy.sh upload it."""
    t.add_resource(
        cloudformation.Stack(
            title,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            TemplateURL=file,
            Parameters=parameters,
            Tags=Tags(Tier=title),
        )
    )
