"""How many single faults in our templates lint finds: cfn-lint alone, and with our rules.

`make faults` prints every fault with what found it.
"""

import copy
import json
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import pytest
from cfnlint.api import lint_file
from cfnlint.config import ManualArgs
from cfnlint.decode import decode
from cfnlint.rules import Rules
from cfnlint.template import Template

from tests.faults import FAULTS, GONE
from tests.nest import OUT, ROOT, stack

REGION = "us-east-1"

# Faults that lint does not find, each with the reason.
KNOWN_MISSES = {
    "redirect to where it comes from": "the API takes it; browsers give up after some rounds",
    "every action allowed": "the statement still names the resources; the rule is on every action on everything",
    "deployment that stops everything first": "MinimumHealthyPercent 0 is a choice, and saves money where nobody waits",
    "scaling of a service's name only": "GetAtt Name is a text like any other for the resource's schema",
    "subnets where a group is wanted": "both are text at the seam; AWS finds it before it creates anything",
    "output that is not there": "AWS finds it when it makes the change set",
    "template that is not there": "a path may be a key in a bucket to come",
    "class that RDS has no more": "cfn-lint refuses it as a literal (E3062), not behind a parameter",
    "version that RDS has not": "cfn-lint refuses it as a literal (E3691), not behind a parameter",
    "alarms cannot publish with SNS's own key": "its alarms are in another stack: tests/test_monitoring.py",
    "replica of an address": "the address is text like the name that is wanted",
}


@cache
def own_rules() -> Rules:
    return Rules.create_from_directory(str(ROOT / "review/rules"))


def mutated(path: str, value: object, template: dict) -> dict:
    """The template with the fault in it."""
    *parents, last = path.split(".")
    result = copy.deepcopy(template)
    node = result
    for part in parents:
        node = node[int(part)] if isinstance(node, list) else node[part]
    key = int(last) if isinstance(node, list) else last
    if value is GONE:
        del node[key]
    else:
        node[key] = value
    return result


def found_by(number: int, always_both: bool) -> tuple[bool | None, bool]:
    """Whether cfn-lint alone finds a fault, and whether our rules do.

    cfn-lint is slow, so unless `always_both` it is asked only for what ours do not find.
    """
    name, _, path, value = FAULTS[number]
    with tempfile.TemporaryDirectory() as folder:
        for template in OUT.glob("*.yaml"):
            (Path(folder) / template.name).write_bytes(template.read_bytes())
        file = Path(folder) / f"{name}.yaml"
        file.write_text(json.dumps(mutated(path, value, stack(name))))
        # The root sees what it gives to a nested stack, and whether it fits together.
        files = sorted({file, Path(folder) / "root.yaml"}) if name != "bootstrap" else [file]
        ours = any(rule.match(view) for view in map(_view, files) for rule in own_rules().data.values())
        if ours and not always_both:
            return None, True
        arguments = ManualArgs(regions=[REGION], include_checks=["I"], ignore_checks=["W3002"])
        return any(list(lint_file(each, config=arguments)) for each in files), ours


def _view(file):
    return Template(str(file), decode(str(file))[0], [REGION])


def results(always_both: bool = False) -> dict[str, tuple[bool | None, bool]]:
    """By fault: (cfn-lint alone, ours)."""
    numbers = range(len(FAULTS))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(found_by, numbers, [always_both] * len(numbers), chunksize=5)
        return dict(zip((what for _, what, _, _ in FAULTS), found, strict=True))


def test_every_fault_is_one_and_is_told_from_the_others():
    assert len({what for _, what, _, _ in FAULTS}) == len(FAULTS) >= 100
    for name, what, path, value in FAULTS:
        assert mutated(path, value, stack(name)) != stack(name), what


@pytest.mark.slow
def test_nineteen_of_twenty_faults_are_found(capsys):
    found = results()
    ours = sum(ours for _, ours in found.values())
    together = sum(bool(alone) or ours for alone, ours in found.values())
    with capsys.disabled():
        print(f"\n{len(found)} faults: our rules find {ours}, with cfn-lint's own {together}")
    assert {what for what, (alone, ours) in found.items() if not (alone or ours)} <= set(KNOWN_MISSES)
    assert together >= 0.95 * len(found)


def main() -> int:
    """Print what finds each fault, and the shares."""
    found = results(always_both=True)
    for what, (alone, ours) in found.items():
        print(f"{'cfn-lint' if alone else '':<9}{'ours' if ours else '':<5}{what}")
    alone, ours, together = (
        sum(test(*pair) for pair in found.values())
        for test in (lambda alone, _: alone, lambda _, ours: ours, lambda alone, ours: alone or ours)
    )
    print(f"{len(found)} faults: cfn-lint alone finds {alone}, our rules {ours}, both together {together}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
