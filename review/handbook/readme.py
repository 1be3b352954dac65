"""README.md and OPERATIONS.md: what is deployed and how, with the AWS command line only."""

import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import takewhile

from review import environment, workspace
from review.handbook.parameter_files import examples
from review.handbook.text import TEXTS, indented, table, text, words
from review.update.guard import HOLDS
from review.workspace import Environment

PROTECTIONS = ("DeletionProtection", "LoadBalancerDeletionProtection")
# What the templates are written with, and the resource types' descriptions that the documents are computed from.
MADE_WITH = {
    "requirements/templates.txt": ["troposphere", "awacs"],
    "requirements/dev.txt": ["cfn-lint"],
}
# Names that a reader should see said in words.
_SAID = {
    "AWS::RDS::DBInstance": "database",
    "AWS::S3::Bucket": "bucket",
    "AWS::KMS::Key": "key",
    "AWS::SecretsManager::Secret": "secret",
    "AWS::ECR::Repository": "image repository",
}


def readme(envs: list[Environment], months: Mapping[str, Decimal], pictures: list[str]) -> str:
    """How to deploy, update and remove it; `months` are prices, `pictures` the drawings beside it."""
    root = workspace.read_templates()["root.yaml"]
    return text(
        "README.md",
        {
            "project": environment.PROJECT,
            "picture": _pictures(envs, pictures),
            "environments": "\n".join(table(_environments(envs, months))),
            "examples": _examples(envs),
            "room": _room(envs),
            "terminal": terminal(),
            "look": (TEXTS / "look.sh").read_text(),
            "holds": words((f"a {_SAID[kind]}" for kind in _held()), "or"),
            "types": "|".join(_held()),
            "protected": words(f"`{env.name}`" for env in envs if is_protected(env)),
            "outputs": "\n".join(table(_outputs(root))),
            "versions": words(f"{name} {version}" for name, version in versions().items()),
        },
    )


def operations() -> str:
    """The days after."""
    data = workspace.read_templates()["data.yaml"]["Resources"]
    user = data["AppUserSecret"]["Properties"]["GenerateSecretString"]["SecretStringTemplate"]
    return text(
        "OPERATIONS.md",
        {
            "terminal": terminal(),
            "indented look": indented((TEXTS / "look.sh").read_text()),
            "app user": re.findall(r'"username": "(\w+)"', user)[0],
        },
    )


def terminal() -> str:
    """The commands with which each terminal begins."""
    return text("terminal.sh", {"project": environment.PROJECT})


def is_protected(env: Environment) -> bool:
    """Is something in it protected from deletion?"""
    return any(env.values.get(name) == "true" for name in PROTECTIONS)


def versions() -> dict[str, str]:
    """The packages that made the files, as requirements/ pins them."""
    found = {}
    for file, names in MADE_WITH.items():
        pinned = dict(re.findall(r"^([\w-]+)==(\S+)", (workspace.ROOT / file).read_text(), re.MULTILINE))
        found |= {name: pinned[name] for name in names}
    return found


def _pictures(envs, pictures):
    """The first environment that is drawn, and links to the others and to the nest."""
    drawn = [env.name for env in envs if f"{env.name}.svg" in pictures]
    if not drawn:
        return ""
    shown = "production" if "production" in drawn else drawn[0]
    others = [
        f"[{name}]({name}.svg)" for name in [*drawn, *(["nest"] if "nest.svg" in pictures else [])] if name != shown
    ]
    more = f"\n\nDrawn from the templates: `{shown}`. The others: {words(others)}." if others else ""
    return f"\n\n![The architecture of {shown}]({shown}.svg){more}"


def _environments(envs, months):
    yield ["environment", "what it is", "a month", "resources", "roles it makes", "elastic addresses", "processor"]
    for env in envs:
        kinds = [body["Type"] for body in env.nest.flat["Resources"].values()]
        yield [
            f"`{env.name}`",
            _about(env.name),
            f"${months[env.name]:.0f}",
            str(len(kinds)),
            str(kinds.count("AWS::IAM::Role")),
            str(kinds.count("AWS::EC2::EIP")),
            env.values.get("CpuArchitecture", env.definitions["CpuArchitecture"]["Default"]),
        ]


def _about(env: str) -> str:
    """What its own file says of an environment: the first sentence of the comment at its beginning."""
    lines = (workspace.config() / f"{env}.env").read_text().splitlines()
    comment = " ".join(line.strip("# ") for line in takewhile(lambda line: line.startswith("#"), lines))
    return re.split(r"(?<=[a-z])\. ", comment)[0].rstrip(".")


def _examples(envs):
    found = {env.name: examples(env) for env in envs if examples(env)}
    told = [f"`{env}` has examples for {words(f'`{name}`' for name in names)}" for env, names in found.items()]
    return f"{'; '.join(told)}: put your own there first." if told else ""


def _room(envs):
    kinds = {env.name: [body["Type"] for body in env.nest.flat["Resources"].values()] for env in envs}
    most = max(found.count("AWS::EC2::EIP") for found in kinds.values())
    return f"up to {most} elastic addresses"


def _held():
    """The types in the templates that hold data."""
    there = {body["Type"] for content in workspace.read_templates().values() for body in content["Resources"].values()}
    return [kind for kind in HOLDS if kind in there]


def _outputs(root):
    yield ["output", "what it is"]
    yield from ([f"`{name}`", body["Description"]] for name, body in root["Outputs"].items())
