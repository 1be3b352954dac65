"""Root: the wiring diagram. The tiers meet here and nowhere else.

Equal names are the wiring: a parameter of a nested stack is fed by the output of that name of an earlier stack; if
there is none, it is the user's choice and becomes a parameter of the root.
"""

from collections.abc import Mapping

from troposphere import GetAtt, If, Ref, StackName, Tags, Template, cloudformation

from templates import alerts, compute, data, edge, egress, keys, monitoring, network
from templates.parts import add_conditions, add_outputs, add_parameters, chosen, new_template, note
from templates.rules import add_rules

DESCRIPTION = (
    "Three-tier web application: public load balancer -> nginx and Gunicorn on ECS Fargate in private subnets"
    " -> RDS MySQL that only the application can reach"
)

# Nested stack: (its module, its file beside this one, condition under which it exists). Later ones take from earlier
# ones, and wait for those only.
NEST = {
    "Keys": (keys, "keys.yaml", "HasCustomerManagedKey"),
    "Network": (network, "network.yaml", None),
    "Egress": (egress, "egress.yaml", None),
    "Edge": (edge, "edge.yaml", None),
    "Data": (data, "data.yaml", None),
    "Alerts": (alerts, "alerts.yaml", "IsMonitored"),
    "Compute": (compute, "compute.yaml", None),
    "Monitoring": (monitoring, "monitoring.yaml", "IsMonitored"),
}

# Tasks pull their images through what the egress stack makes, which no parameter says.
WAITS = {"Compute": ["Egress"]}

# What a person looks for afterwards: (output, nested stack).
OUTPUTS = {
    "DatabaseHost": "Data",
    "DatabaseInstanceId": "Data",
    "FinalSnapshot": "Data",
    "ClusterName": "Compute",
    "ServiceName": "Compute",
    "TaskDefinitionArn": "Compute",
    "AppLogGroupName": "Compute",
    "WebLogGroupName": "Compute",
    "MigrateLogGroupName": "Compute",
    "NatAddress": "Egress",
    "LoadBalancerDnsName": "Edge",
    "Url": "Edge",
}


def build(built: Mapping[str, Template] | None = None) -> Template:
    """The root stack. `built` holds the nested ones by file where they are there already: each is half the work."""
    t = new_template(DESCRIPTION)
    add_conditions(t, {"HasCustomerManagedKey": chosen("CustomerManagedKey")})
    add_conditions(t, {"IsMonitored": chosen("EnableMonitoring")})
    sources = {"NamePrefix": (StackName, None)}
    choices = ["CustomerManagedKey", "EnableMonitoring"]
    for title, (module, file, condition) in NEST.items():
        child = built[file] if built else module.build()
        choices += [name for name in child.parameters if name not in sources and name not in choices]
        given = {name: _value(name, sources, condition) for name in child.parameters}
        add_nested(t, title, file, condition, given)
        for name in child.outputs:
            sources.setdefault(name, (GetAtt(title, f"Outputs.{name}"), condition))
    add_parameters(t, choices)
    add_rules(t)
    accept_local_paths(t)
    add_outputs(t, {name: GetAtt(title, f"Outputs.{name}") for name, title in OUTPUTS.items()})
    return t


def _value(name, sources, condition):
    """What feeds a parameter. A stack that may not exist gives nothing then, except to those that exist with it."""
    value, under = sources.get(name, (Ref(name), None))
    return value if under in (None, condition) else If(under, value, "")


def add_nested(t: Template, title: str, file: str, condition: str | None, parameters: dict[str, object]) -> None:
    """Add a nested stack. The file stays a local path: `aws cloudformation package` and deploy.sh upload it."""
    more = {"Condition": condition} if condition else {}
    if title in WAITS:
        more["DependsOn"] = WAITS[title]
    t.add_resource(
        cloudformation.Stack(
            title,
            **more,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            TemplateURL=file,
            Parameters=parameters,
            Tags=Tags(Tier=title),
        )
    )


def accept_local_paths(t: Template) -> None:
    """Tell cfn-lint that the local paths are meant."""
    note(
        t,
        "cfn-lint",
        "TemplateURL is a local path on purpose: cfn-lint then checks the seams between the stacks, and\n"
        "`aws cloudformation package` uploads the files and puts their addresses in.",
    )
    t.metadata["cfn-lint"] = {"config": {"ignore_checks": ["W3002"]}}
