"""What an ops team wants to read before it deploys someone else's templates: out/handover/, made from the templates.

The same templates and environments give the same bytes; `check` says which files are not those.
"""

import difflib
from collections.abc import Iterator
from pathlib import Path

from review import environment, workspace
from review.effects import report as parameters
from review.effects.effects import effects
from review.effects.flow import resources
from review.picture.report import pictures
from review.price import report as price
from review.price.bill import monthly, remaining
from review.price.traffic import Traffic
from review.problem import Problem
from review.reach import report as reach
from review.reach.matrix import Matrix
from review.reach.promises import broken
from review.timing import documents as timing

FOLDER = "handover"  # in the folder of the templates
MADE = "Computed from the templates; nothing here is written by hand.\n"


def documents(region: str = workspace.REGION) -> dict[str, str]:
    """The files and their text."""
    envs = environment.names(workspace.config())
    parts = {"PARAMETERS.md": _parameters(envs), "REACH.md": _reach(envs, region), "PRICE.md": _price(envs, region)}
    return (
        {name: "\n".join(lines) + "\n" for name, lines in parts.items()}
        | pictures(envs, region)
        | timing.documents(envs, region)
    )


def write(folder: Path) -> list[Path]:
    """Write the files; those that are no longer made are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    made = documents()
    for stale in folder.iterdir():
        if stale.name not in made:
            stale.unlink()
    for name, text in made.items():
        (folder / name).write_text(text)
    return [folder / name for name in made]


def check(folder: Path) -> None:
    """Raise a Problem with the first line that differs in a file."""
    for name, text in documents().items():
        there = (folder / name).read_text() if (folder / name).exists() else ""
        if there != text:
            changed = [line for line in difflib.ndiff(there.splitlines(), text.splitlines()) if line[:1] in "+-"]
            raise Problem(f"{folder.name}/{name} is not what the templates say: run `make handover`; {changed[0][:90]}")


def _parameters(envs) -> Iterator[str]:
    templates = workspace.read_templates()
    root, there = templates["root.yaml"], list(resources(templates))
    values = {env: workspace.load(env).values for env in envs}
    yield "# Parameters\n"
    yield MADE
    yield "What each means, what it is in each environment, and what changing it does to what is deployed."
    for group in root["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]:
        yield f"\n## {group['Label']['default']}"
        for name in group["Parameters"]:
            definition = root["Parameters"][name]
            chosen = [f"{env} `{parameters.shown(own[name])}`" for env, own in values.items() if name in own]
            yield f"\n### {name}\n"
            yield f"{definition['Description']}\n"
            yield f"- Default: `{parameters.shown(definition.get('Default'))}`" + "".join(f"; {one}" for one in chosen)
            yield f"- Allowed: {parameters.allowed(definition)}"
            yield f"- Changing it: {parameters.summary(effects(name, there))}"


def _reach(envs, region) -> Iterator[str]:
    yield "# Who can reach whom\n"
    yield MADE
    yield "A row opens a connection to a column on these ports, as routes, public addresses, security groups and"
    yield "network ACLs allow. The promise: the internet reaches the load balancer and nothing else, only the load"
    yield "balancer reaches the tasks, only the tasks reach the database, and the database reaches nothing."
    for env in envs:
        matrix = Matrix(workspace.load(env, region).nest.flat["Resources"])
        yield f"\n## {env}\n"
        yield from _table(reach.rows(matrix))
        yield ""
        yield "".join(f"\n- **Broken:** {fault}" for fault in broken(matrix)) or "The promise holds."
        yield ""
        yield "Inbound rules:\n"
        yield from (f"    {line.strip()}" for line in reach.rules(matrix))


def _price(envs, region) -> Iterator[str]:
    traffic = Traffic()
    yield "# Price\n"
    yield MADE
    rows = [["", "a month", "an hour", "a lab of four hours", "at the most tasks", "after it is destroyed"]]
    for env in envs:
        nest = workspace.load(env, region).nest
        least, most = (monthly(nest, region, traffic, most) for most in (False, True))
        left = remaining(nest, region, traffic).month
        rows.append([env, *(price.money(usd) for usd in (least.month, least.hour, least.lab, most.month, left))])
    yield from _table(rows)
    for env in envs:
        yield f"\n## {env}\n"
        yield from (f"    {line}".rstrip() for line in price.lines(env, region, traffic))


def _table(rows):
    head, *others = rows
    yield _row(head)
    yield "|---" * len(head) + "|"
    yield from (_row(row) for row in others)


def _row(cells):
    return "| " + " | ".join(cell.replace("\\", "\\\\") for cell in cells) + " |"
