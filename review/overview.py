"""An environment on the terminal, as the hand-over has it in files: what it is, reach, price, permissions."""

from collections.abc import Iterator
from itertools import groupby

from review import handover, summary, workspace
from review.catalogues import report as catalogues
from review.effects import report as parameters
from review.effects.flow import resources
from review.permissions import report as permissions
from review.price import report as price
from review.price.bill import monthly
from review.price.traffic import Traffic
from review.reach import report as reach
from review.reach.matrix import Matrix
from review.reach.promises import broken
from review.workspace import Environment


def lines(env: Environment, region: str) -> tuple[list[str], list[str]]:
    """(what there is to show, the promises that it breaks)."""
    matrix = Matrix(env.nest.flat["Resources"])
    faults = broken(matrix)
    shown = [
        *summary.lines(env),
        "",
        f"  {catalogues.summary(env)}",
        *_of_data(env),
        *_titled("who opens a connection to whom, on which ports", reach.table(reach.rows(matrix))),
        *(
            [f"  BROKEN: {fault}" for fault in faults]
            or ["  As promised: only internet -> load balancer -> tasks -> database"]
        ),
        *_titled("what it costs", _price(env, region)),
        *_titled("what must be allowed", _permissions(env.name, region)),
        *_pictures(env.name),
        "",
        f"  More: make price, make reach, make permissions ENV={env.name}; for ops: out/{handover.FOLDER}/README.md",
    ]
    return shown, faults


def _titled(title, content) -> Iterator[str]:
    yield ""
    yield f"{title}:"
    yield from content


def _of_data(env) -> Iterator[str]:
    """The parameters whose change replaces or interrupts what holds data, with their values."""
    made = set(env.nest.flat["Resources"])
    for word, found in parameters.heaviest(env.definitions, list(resources(workspace.read_templates()))).items():
        yield ""
        yield f"  A change of these {word} what holds data"
        for name, titles in found.items():
            there = [title for title in titles if title in made]
            if there:
                value = parameters.shown(env.values.get(name, env.definitions[name].get("Default", "")))
                yield f"    {name:<22} {value:<22} {', '.join(there)}"


def _price(env, region) -> Iterator[str]:
    bill = monthly(env.nest, region, Traffic())
    most = monthly(env.nest, region, Traffic(), True)
    yield (
        f"  {price.money(bill.month)} a month, {price.cents(bill.hour)} an hour, {price.cents(bill.lab)} a lab of four"
        f" hours; {price.money(most.month)} a month at the most tasks"
    )
    sums = [
        f"{file.removesuffix('.yaml').capitalize()} {price.money(sum(charge.usd for charge in charges))}"
        for file, charges in groupby(bill.charges, lambda charge: env.nest.origin[charge.resource][0])
    ]
    yield f"  {', '.join(sums)}"


def _permissions(env, region) -> Iterator[str]:
    yield f"  {permissions.headline(env, region).partition(': ')[2]}"
    yield f"  as policies: out/{handover.FOLDER}/permissions/{env}/"


def _pictures(env) -> Iterator[str]:
    folder = workspace.out() / handover.FOLDER
    found = [f"out/{handover.FOLDER}/{name}.svg" for name in (env, "nest") if (folder / f"{name}.svg").exists()]
    if found:
        yield from _titled("pictures", [f"  {' '.join(found)}"])
