"""INVENTORY.md: what is created, by tier, in each environment; what stays when the stack goes."""

from collections.abc import Iterator

from review import workspace
from review.handbook.text import table, text
from review.update.guard import HOLDS
from review.workspace import Environment

# What a deletion leaves, by type: (what becomes of it, how to remove it).
STAYS = {
    "AWS::RDS::DBInstance": (
        "its final snapshot",
        "`aws rds delete-db-snapshot --db-snapshot-identifier NAME`",
    ),
    "AWS::S3::Bucket": (
        "the bucket with its logs",
        "*Empty*, then *Delete*, in the console of S3: versions of objects stay with a plain removal",
    ),
    "AWS::KMS::Key": (
        "the key, without which the snapshot cannot be read",
        "`aws kms schedule-key-deletion --key-id ID --pending-window-in-days 30`, once no snapshot needs it",
    ),
    "AWS::RDS::OptionGroup": (
        "the option group, which the snapshot refers to",
        "`aws rds delete-option-group --option-group-name NAME`, once no snapshot needs it",
    ),
}


def document(envs: list[Environment]) -> str:
    """The inventory of these environments."""
    return text(
        "INVENTORY.md",
        {
            "counts": "\n".join(table(_counts(envs))),
            "tiers": "\n".join(line for file in _files(envs) for line in _tier(file, envs)).strip(),
            "stays": "\n".join(table(_stays(envs))),
            "bootstrap": "\n".join(table(_bootstrap(envs[0].name))),
        },
    )


def _files(envs):
    """The files of the nested stacks, in the order of the root."""
    return list(dict.fromkeys(file for env in envs for file in env.nest.stacks if file != "root.yaml"))


def _counts(envs):
    yield ["tier", *(env.name for env in envs)]
    for file in _files(envs):
        yield [_name(file), *(str(_number(env, file)) if _number(env, file) else "-" for env in envs)]
    yield ["all", *(str(len(env.nest.origin)) for env in envs)]


def _name(file):
    return file.removesuffix(".yaml").capitalize()


def _number(env, file):
    return sum(place == file for place, _ in env.nest.origin.values())


def _tier(file, envs) -> Iterator[str]:
    template = workspace.read_templates()[file]
    yield f"## {_name(file)}\n"
    yield f"{template['Description'].removeprefix(f'{_name(file)}: ').capitalize()}. `out/{file}`\n"
    made = {env.name: {title for place, title in env.nest.origin.values() if place == file} for env in envs}
    rows = [
        [title, body["Type"].removeprefix("AWS::"), *("yes" if title in made[env.name] else "-" for env in envs)]
        for title, body in template["Resources"].items()
    ]
    yield from table([["resource", "type", *(env.name for env in envs)], *rows])
    yield ""


def _stays(envs):
    yield ["resource", *(env.name for env in envs), "what stays", "how to remove it"]
    found = {}
    for env in envs:
        for title, body in env.nest.flat["Resources"].items():
            if body.get("DeletionPolicy", "Delete") != "Delete":
                found.setdefault((env.nest.origin[title], body["Type"]), set()).add(env.name)
    for ((file, title), kind), where in found.items():
        yield [f"{_name(file)}/{title}", *("yes" if env.name in where else "-" for env in envs), *STAYS[kind]]


def _bootstrap(env):
    yield ["resource", "type", "holds"]
    for title, body in workspace.bootstrap(env).flat["Resources"].items():
        yield [title, body["Type"].removeprefix("AWS::"), HOLDS.get(body["Type"], "-")]
