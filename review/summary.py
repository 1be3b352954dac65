"""An environment on one screen: what it is made of, and what a reviewer asks first."""

from collections import Counter

from review.workspace import Environment

WORLD = {"0.0.0.0/0", "::/0"}


def lines(environment: Environment) -> list[str]:
    """The summary of an environment, line by line."""
    nest = environment.nest
    resources = nest.flat["Resources"]
    stacks = [name.removesuffix(".yaml") for name in nest.stacks]
    used = [stack for stack in stacks if any(file == f"{stack}.yaml" for file, _ in nest.origin.values())]
    return [
        f"{environment.name}: {len(resources)} resources in {len(used)} nested stacks",
        "",
        *_table(nest, used),
        "",
        *_answers(environment, resources),
        *_parameters(environment),
    ]


def _table(nest, stacks):
    """Resources by type and stack."""
    counts = Counter(
        (nest.flat["Resources"][title]["Type"], file.removesuffix(".yaml")) for title, (file, _) in nest.origin.items()
    )
    kinds = sorted({kind for kind, _ in counts})
    width = max((len(kind.removeprefix("AWS::")) for kind in kinds), default=0)
    yield "  " + " ".join([" " * width, *(f"{stack:>{_column(stack)}}" for stack in stacks), "total"])
    for kind in kinds:
        cells = [f"{counts[kind, stack] or '.':>{_column(stack)}}" for stack in stacks]
        total = sum(counts[kind, stack] for stack in stacks)
        yield "  " + " ".join([f"{kind.removeprefix('AWS::'):<{width}}", *cells, f"{total:>5}"])


def _column(stack):
    return max(len(stack), 3)


def _answers(environment, resources):
    """(what is asked, the answer) as lines."""
    answers = {
        "IAM": named(resources, "AWS::IAM::"),
        "Lambda, custom": named(resources, "AWS::Lambda::", "Custom::", "AWS::CloudFormation::CustomResource"),
        "In from anywhere": open_rules(resources, "Ingress"),
        "Out to anywhere": open_rules(resources, "Egress"),
        "Kept if deleted": kept(resources),
        "Suppressed checks": suppressed(resources),
    }
    for asked, found in answers.items():
        yield f"  {asked:<18} {', '.join(found) or 'none'}"


def named(resources: dict[str, dict], *prefixes: str) -> list[str]:
    """The resources whose type begins with one of the prefixes."""
    return [title for title, body in resources.items() if body["Type"].startswith(prefixes)]


def security_rules(resources: dict[str, dict], direction: str) -> list[tuple[str, dict]]:
    """(logical id, rule) of every `Ingress` or `Egress` rule of a security group, inline or a resource of its own."""
    found = []
    for title, body in resources.items():
        properties = body.get("Properties", {})
        if body["Type"] == f"AWS::EC2::SecurityGroup{direction}":
            found.append((title, properties))
        elif body["Type"] == "AWS::EC2::SecurityGroup":
            found += [(title, rule) for rule in properties.get(f"SecurityGroup{direction}", [])]
    return found


def open_rules(resources: dict[str, dict], direction: str) -> list[str]:
    """The rules that let the whole internet in (`Ingress`) or everything out to it (`Egress`), as text."""
    return [
        f"{_ports(rule)} ({title})"
        for title, rule in security_rules(resources, direction)
        if _block(rule.get("CidrIp")) in WORLD or _block(rule.get("CidrIpv6")) in WORLD
    ]


def _block(value):
    return value if isinstance(value, str) else None


def _ports(rule):
    protocol = str(rule.get("IpProtocol"))
    if protocol == "-1":
        return "everything"
    ports = {str(rule.get(key)) for key in ("FromPort", "ToPort") if key in rule}
    return f"{protocol} {'-'.join(sorted(ports, key=lambda port: (len(port), port)))}"


def kept(resources: dict[str, dict]) -> list[str]:
    """What outlives the stack: resources with a DeletionPolicy other than Delete."""
    return [
        f"{title} ({policy})"
        for title, body in resources.items()
        if (policy := body.get("DeletionPolicy", "Delete")) != "Delete"
    ]


def suppressed(resources: dict[str, dict]) -> list[str]:
    """checkov's checks that resources ask to be left alone, with how often."""
    checks = Counter(
        str(skip.get("id"))
        for body in resources.values()
        for skip in body.get("Metadata", {}).get("checkov", {}).get("skip", [])
    )
    return [f"{check} x{count}" if count > 1 else check for check, count in sorted(checks.items())]


def _parameters(environment):
    """Parameters that differ from their defaults."""
    changed = {
        name: value
        for name, value in environment.values.items()
        if value != str(environment.definitions[name].get("Default", ""))
    }
    yield f"  {'Not at its default':<18} {len(changed)} of {len(environment.definitions)} parameters"
    width = max(map(len, changed), default=0)
    for name, value in changed.items():
        default = environment.definitions[name].get("Default")
        was = "it has none" if default is None else f"default {default if default != '' else 'empty'}"
        yield f"    {name:<{width}}  {value or 'empty'}  ({was})"
