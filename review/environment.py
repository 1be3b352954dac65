"""An environment: config/ENV.env held against the parameters of the root template."""

import difflib
import ipaddress
import re
from pathlib import Path

from review.problem import Problem

PROJECT = "flaskcrud"

# What deploy.sh knows because it builds the images, with what stands for it in a review.
_REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
FROM_DEPLOY = {
    "AppImage": f"{_REGISTRY}/{PROJECT}/app@sha256:{'a' * 64}",
    "WebImage": f"{_REGISTRY}/{PROJECT}/web@sha256:{'b' * 64}",
}

ENV_PATTERN = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_SHOWN = 60  # characters
BLOCKS = 7  # the VPC is cut into seven blocks (templates/network.py)
PARTITIONS = {"cn-": ("aws-cn", "amazonaws.com.cn"), "us-gov-": ("aws-us-gov", "amazonaws.com")}


def names(folder: Path) -> list[str]:
    """The environments that a folder holds. Problem: none."""
    present = sorted(path.stem for path in folder.glob("*.env"))
    if not present:
        raise Problem(f"{folder}: no environment, that is no file NAME.env, is there")
    return present


def read(env: str, folder: Path) -> tuple[str, dict[str, str]]:
    """config/ENV.env as (its name for messages, its values). Problem: no such environment, or a line that is wrong."""
    present = sorted(path.stem for path in folder.glob("*.env"))
    if env not in present:
        asked = (
            f"there is no {folder.name}/{env}.env" if ENV_PATTERN.fullmatch(env) else f"ENV={env!r} is no environment"
        )
        raise Problem(f"{asked}; environments: {', '.join(present) or 'none'} (as in ENV={(present or ['lab'])[0]})")
    if not ENV_PATTERN.fullmatch(env) or len(env) > 20:
        raise Problem(f"{folder.name}/{env}.env: its name must be at most 20 lower case letters, digits and single -")
    source = f"{folder.name}/{env}.env"
    try:
        text = (folder / f"{env}.env").read_text("utf-8-sig")  # editors of Windows put a mark in front
    except UnicodeDecodeError:
        raise Problem(f"{source}: not a text in UTF-8: save it so, or write it anew") from None
    except OSError as error:
        raise Problem(f"{source} cannot be read: {error.strerror}") from None
    return source, parse(text, source)


def parse(text: str, source: str) -> dict[str, str]:
    """The `Name=Value` lines; blank lines and lines that begin with # are left out."""
    values = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if hidden := next((character for character in stripped if not character.isprintable()), ""):
            raise Problem(f"{source}:{number}: a character that cannot be seen, {hidden!a}: write the line anew")
        name, equals, value = (part.strip() for part in stripped.partition("="))
        if not equals or not name.isalnum():
            raise Problem(f"{source}:{number}: expected Parameter=Value, found: {shown(stripped)}")
        if name in values:
            raise Problem(f"{source}:{number}: {shown(name)} is set twice")
        values[name] = value
    return values


def shown(text: str) -> str:
    """The text as it fits into a message."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def check(values: dict[str, str], definitions: dict[str, dict], source: str) -> None:
    """Raise a Problem for the first value that CloudFormation would refuse, and for a parameter that is missing."""
    for name, value in values.items():
        if name in FROM_DEPLOY:
            raise Problem(f"{source}: {name} is set by deploy.sh from the image that it builds: remove the line")
        if name not in definitions:
            near = difflib.get_close_matches(name, definitions, 1)
            hint = f"did you mean {near[0]}?" if near else "the parameters are listed in out/root.yaml"
            raise Problem(f"{source}: there is no parameter {shown(name)}; {hint}")
        fault = fault_of(value, definitions[name])
        if fault:
            raise Problem(f"{source}: {name}={shown(value)}: {fault}")
    for name, definition in definitions.items():
        if "Default" not in definition and name not in values and name not in FROM_DEPLOY:
            raise Problem(f"{source}: {name} is missing and has no default: {definition['Description']}")
    effective = {name: definition.get("Default", "") for name, definition in definitions.items()} | values
    if {"VpcCidr", "SubnetHostBits"} <= set(effective):
        fault = network_fault(str(effective["VpcCidr"]), int(effective["SubnetHostBits"]))
        if fault:
            raise Problem(f"{source}: {fault}")


def fault_of(value: str, definition: dict) -> str:
    """Why CloudFormation would refuse the value of a parameter, or an empty string."""
    constraint = definition.get("ConstraintDescription", "is not allowed")
    if definition["Type"] == "Number":
        if not re.fullmatch(r"-?[0-9]{1,18}", value):  # int() takes more: 1_000, and the digits of other scripts
            return "must be a whole number"
        number = int(value)
        if not definition.get("MinValue", number) <= number <= definition.get("MaxValue", number):
            return constraint
    allowed = definition.get("AllowedValues")
    if allowed and value not in [str(item) for item in allowed]:
        return constraint
    if not int(definition.get("MinLength", 0)) <= len(value) <= int(definition.get("MaxLength", 4096)):
        return f"must have at most {definition.get('MaxLength', 4096)} characters"
    return "" if re.fullmatch(definition.get("AllowedPattern", ".*"), value) else constraint


def network_fault(cidr: str, host_bits: int) -> str:
    """Why the VPC's block cannot be cut into the subnets' blocks, or an empty string."""
    try:
        network = ipaddress.ip_network(cidr)
    except ValueError:
        try:
            meant = ipaddress.ip_network(cidr, strict=False)
        except ValueError:
            return f"VpcCidr={cidr}: not an IPv4 block, as in 10.0.0.0/16"
        return f"VpcCidr={cidr}: the block begins at {meant.network_address}: write {meant}"
    if network.num_addresses < BLOCKS << host_bits:
        return (
            f"VpcCidr={cidr} is too small: {BLOCKS} blocks of SubnetHostBits={host_bits} ({1 << host_bits} addresses)"
            " would overlap its end; take a larger VPC or fewer bits"
        )
    return ""


def with_stand_ins(
    values: dict[str, str], definitions: dict[str, dict], images: dict[str, str] = FROM_DEPLOY
) -> dict[str, str]:
    """The values with a stand-in for what deploy.sh will give."""
    return {name: stand_in for name, stand_in in images.items() if name in definitions} | values


def pseudo(region: str, stack: str) -> dict[str, str]:
    """AWS's own parameters as far as they are known before a deployment: the account is not."""
    partition, suffix = next(
        (found for prefix, found in PARTITIONS.items() if region.startswith(prefix)), ("aws", "amazonaws.com")
    )
    return {
        "AWS::Region": region,
        "AWS::Partition": partition,
        "AWS::URLSuffix": suffix,
        "AWS::StackName": stack,
    }
