"""The plan without an account: what lies between a git ref and the files here, environment by environment."""

import os
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from review import workspace
from review.update import cost, guard, lines, versions
from review.update.change import Change
from review.update.compare import compare

_HOW = {"text": lines.text, "markdown": lines.markdown}


def report(ref: str, envs: list[str], region: str, form: str, say: Callable[[str], None]) -> int:
    """Say what changes in each environment, those with the same changes together; the exit code.

    Problem: a version that cannot be read, or the guard's: it comes when all has been said.
    """
    now = versions.here(other_images=versions.images_differ(ref))
    with versions.at(ref) as then:
        there, before = now.environments(), then.environments()
        unknown = [env for env in envs if env not in there and env not in before]
        if unknown:
            now.load(unknown[0], region)  # says which there are
        found, gone = {}, []
        for env in envs or [*there, *(env for env in before if env not in there)]:
            if env in there and env in before:
                found[env] = _compared(then.load(env, region), now.load(env, region), region)
            else:
                gone.append(f"{env}: {'not there yet at ' + ref if env in there else 'no longer in config/'}")
    for group in _alike(found):
        for line in _told(ref, {env: found[env] for env in group}, form):
            say(line)
    for line in gone:
        say(line)
    allowed = guard.parse(os.environ.get("ALLOW_REPLACE", ""))
    guard.check([change for compared in found.values() for change in compared.changes], allowed)
    return 0


@dataclass(frozen=True)
class _Compared:
    changes: list[Change]
    price: str
    hidden: frozenset[str]


def _compared(old: workspace.Environment, new: workspace.Environment, region) -> _Compared:
    changes = compare(old.nest, new.nest, region)
    price = cost.line(old.nest, new.nest, region) if changes else ""
    return _Compared(changes, price, frozenset(old.secrets() | new.secrets()))


def _alike(found) -> list[list[str]]:
    """The environments of which the same is to be said, together."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for env, compared in found.items():
        groups.setdefault(tuple(lines.markdown(compared.changes, compared.hidden)), []).append(env)
    return list(groups.values())


def _told(ref, group, form) -> Iterator[str]:
    """What is to be said of environments that change alike."""
    title = f"{', '.join(group)}: changes since {ref}"
    first = next(iter(group.values()))
    yield from [f"### {title}", ""] if form == "markdown" else [title]
    yield from _HOW[form](first.changes, hidden=first.hidden)
    for env, compared in group.items() if first.changes else ():
        price = f"{env}: {compared.price}" if len(group) > 1 else compared.price
        yield from ["", price] if form == "markdown" else textwrap.wrap(price, lines.WIDTH, **lines.HANGING)
