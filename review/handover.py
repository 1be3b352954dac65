"""What an ops team wants to read before it deploys someone else's templates: out/handover/, made from the templates.

The same templates and environments give the same bytes; `check` says which files are not those.
"""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from review import environment, manifest, workspace
from review.effects import report as parameters
from review.effects.effects import effects
from review.effects.flow import resources
from review.handbook import inventory, parameter_files, readme, runbook, stack_policy
from review.handbook import permissions as permissions_document
from review.handbook.text import table
from review.permissions import report as permissions
from review.picture.report import pictures
from review.price import report as price
from review.price.bill import monthly, remaining
from review.price.table import table as prices
from review.price.traffic import Traffic
from review.problem import Problem
from review.reach import report as reach
from review.reach.matrix import Matrix
from review.reach.promises import broken
from review.timing import documents as timing

FOLDER = "handover"  # in the folder of the templates
MADE = "Computed from the templates; nothing here is written by hand.\n"


def documents(region: str = workspace.REGION) -> dict[str, str]:
    """The files of the folder and their text, by their path in it."""
    names = environment.names(workspace.config())
    envs = [workspace.load(name, region) for name in names]
    runbook.entries(workspace.read_templates())  # at once: what is refused need not wait for what is computed
    parts = {"PARAMETERS.md": _parameters(names), "REACH.md": _reach(names, region), "PRICE.md": _price(names, region)}
    made = {name: "\n".join(lines) + "\n" for name, lines in parts.items()}
    made |= pictures(names, region) | timing.documents(names, region)
    return made | _handbook(envs, region, list(made))


def _handbook(envs, region, beside) -> dict[str, str]:
    """README.md and what it leads to; `beside` are the names of the other files."""
    templates = workspace.read_templates()
    kinds = {body["Type"] for content in templates.values() for body in content["Resources"].values()}
    watched = [env.name for env in envs if env.values.get("EnableMonitoring") == "true"]
    months = {env.name: monthly(env.nest, region, Traffic()).month for env in envs}
    policies = {env.name: permissions.documents(env.name, region) for env in envs}
    return {
        "README.md": readme.readme(envs, months, [name for name in beside if name.endswith(".svg")]),
        "OPERATIONS.md": readme.operations(),
        "RUNBOOK.md": runbook.document(templates, watched),
        "INVENTORY.md": inventory.document(envs),
        "PERMISSIONS.md": permissions_document.document(envs, region, policies),
        "stack-policy.json": stack_policy.text(kinds),
        **{f"parameters/{env.name}.json": parameter_files.text(env) for env in envs},
        **{f"permissions/{env}/{name}.json": text for env, files in policies.items() for name, text in files.items()},
    }


def write(folder: Path) -> list[Path]:
    """Write the files and the checksums of all that is handed over; what is no longer made is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    made = documents()
    for stale in _files(folder):
        if stale not in made:
            (folder / stale).unlink()
    for name, text in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder.parent / manifest.NAME).write_text(_sums(folder, made))
    return [folder / name for name in made]


def check(folder: Path) -> None:
    """Raise a Problem with the first line that differs in a file, or the first file that is missing or too many."""
    made = documents()
    for name in [*made, *(name for name in _files(folder) if name not in made)]:
        _compare(folder / name, f"{folder.name}/{name}", made.get(name))
    _compare(folder.parent / manifest.NAME, manifest.NAME, _sums(folder, made))


def _compare(path, name, made):
    if made is None:
        raise Problem(f"{name} is made of nothing: run `make handover`, which removes it")
    if not path.exists():
        raise Problem(f"{name} is missing: run `make handover`")
    there = path.read_bytes()
    if there != made.encode():
        lines = difflib.ndiff(there.decode(errors="replace").splitlines(), made.splitlines())
        changed = next((line[:90] for line in lines if line[:1] in "+-"), "its lines end otherwise")
        raise Problem(f"{name} is not what the templates say: run `make handover`; {changed}")


def _files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _sums(folder: Path, made: Mapping[str, str]) -> str:
    """The checksums of the templates as they are, and of what is made from them."""
    templates = {path.name: path.read_bytes() for path in folder.parent.glob("*.yaml")}
    return manifest.sums(templates | {f"{folder.name}/{name}": text.encode() for name, text in made.items()})


def _parameters(envs) -> Iterator[str]:
    templates = workspace.read_templates()
    root, there = templates["root.yaml"], list(resources(templates))
    values = {env: workspace.load(env).values for env in envs}
    yield "# Parameters\n"
    yield MADE
    yield "What each means, what it is in each environment, and what changing it does to what is deployed."
    yield "`EdgeLoadBalancer` is the resource `LoadBalancer` of the nested stack `Edge`; [INVENTORY.md](INVENTORY.md)"
    yield "lists them all."
    yield ""
    for word, found in parameters.heaviest(root["Parameters"], there).items():
        yield f"**{word.capitalize()} what holds data**, so look twice before a change of:\n"
        yield from (f"- [{name}](#{name.lower()}): {', '.join(titles)}" for name, titles in found.items())
        yield ""
    yield "What holds data and is replaced keeps it only in a snapshot; the new one is empty."
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

    yield "\n## Combinations that are refused\n"
    yield "CloudFormation checks these before it creates or changes anything.\n"
    for rule in root["Rules"].values():
        yield from (f"- {each['AssertDescription']}" for each in rule["Assertions"])


def _reach(envs, region) -> Iterator[str]:
    yield "# Who can reach whom\n"
    yield MADE
    yield "A row opens a connection to a column on these ports, as routes, public addresses, security groups and"
    yield "network ACLs allow. The promise: the internet reaches the load balancer and nothing else, only the load"
    yield "balancer reaches the tasks, only the tasks reach the database, and the database reaches nothing."
    yield ""
    yield "`EdgeLoadBalancer` is the load balancer, `ComputeService` the tasks, `DataDBInstance` the database, a"
    yield "`VPCEndpoint` the way to a service of AWS inside the VPC. Who reaches the internet on a port reaches what is"
    yield "public there too, as tasks the load balancer on 443. `-` is no way at all; answers always come back."
    for env in envs:
        nest = workspace.load(env, region).nest
        matrix = Matrix(nest.flat["Resources"])
        yield f"\n## {env}\n"
        yield from table(reach.rows(matrix))
        yield ""
        yield "".join(f"\n- **Broken:** {fault}" for fault in broken(matrix)) or "The promise holds."
        yield ""
        yield from (f"{line}.\n" for line in reach.services(matrix, nest))
        yield "Inbound rules:\n"
        yield from (f"    {line.strip()}" for line in reach.rules(matrix))


def _price(envs, region) -> Iterator[str]:
    traffic = Traffic()
    yield "# Price\n"
    yield MADE
    yield "List prices, without any free tier. Below each environment stand its resources, what another choice of a"
    yield "parameter would cost or save, and what was assumed of the traffic. In the repository"
    yield '`make price ENV=standard TRAFFIC="requests=5000000"` computes it with other assumptions.\n'
    rows = [["", "a month", "an hour", "a lab of four hours", "at the most tasks", "after it is destroyed"]]
    for env in envs:
        nest = workspace.load(env, region).nest
        least, most = (monthly(nest, region, traffic, most) for most in (False, True))
        left = remaining(nest, region, traffic).month
        rows.append([env, *(price.money(usd) for usd in (least.month, least.hour, least.lab, most.month, left))])
    yield from table(rows)
    for env in envs:
        yield f"\n## {env}\n"
        yield from (f"    {line}".rstrip() for line in price.lines(env, region, traffic))
    yield "\n## Sources\n"
    yield "Read on the day given, or quoted on that day in public code. Each price has two where two were found.\n"
    for source in prices(region).sources.values():
        yield f"- <{source['url']}>, {source['date']}, {source['how']}"
