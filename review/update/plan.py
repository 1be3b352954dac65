"""The plan without an account: what lies between a git ref and the files here, environment by environment."""

import os
from collections.abc import Callable

from review import workspace
from review.update import guard, lines, versions
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
        changes, hidden = found[group[0]]
        say(_title(", ".join(group), ref, form))
        for line in _HOW[form](changes, hidden=hidden):
            say(line)
    for line in gone:
        say(line)
    _guard([change for changes, _ in found.values() for change in changes])
    return 0


def _compared(old: workspace.Environment, new: workspace.Environment, region) -> tuple[list[Change], tuple[str, ...]]:
    return compare(old.nest, new.nest, region), tuple({*old.secrets(), *new.secrets()})


def _alike(found) -> list[list[str]]:
    """The environments of which the same is to be said, together."""
    groups: list[list[str]] = []
    for env, (changes, _) in found.items():
        group = next((group for group in groups if _shown(found[group[0]][0]) == _shown(changes)), None)
        if group is None:
            groups.append([env])
        else:
            group.append(env)
    return groups


def _shown(changes):
    return lines.markdown(changes)


def _title(envs, ref, form):
    return f"### {envs}: changes since {ref}\n" if form == "markdown" else f"{envs}: changes since {ref}"


def _guard(changes):
    guard.check(changes, guard.parse(os.environ.get("ALLOW_REPLACE", "")))
