"""What differs from its template, as lines for a person."""

import re

from deploy.events import NESTED

SECRET = re.compile(r"password|secret|token|credential", re.IGNORECASE)


def lines(path: str, drifts: list[dict]) -> list[str]:
    """One line a resource of a stack (its `path` in the nest), one more for each property that differs.

    `drifts` as in DescribeStackResourceDrifts. A nested stack is left out: what differs in it is said of itself.
    """
    result = []
    for drift in sorted(drifts, key=lambda one: one["LogicalResourceId"]):
        if drift["ResourceType"] == NESTED and drift["StackResourceDriftStatus"] != "DELETED":
            continue
        place = f"{path}/{drift['LogicalResourceId']}".lstrip("/")
        result.append(f"{place} ({drift['ResourceType']}) {drift['StackResourceDriftStatus']}")
        result += [f"  {_difference(one)}" for one in drift.get("PropertyDifferences", [])]
    return result


def _difference(one):
    name = one["PropertyPath"].lstrip("/").replace("/", ".")
    if SECRET.search(name):
        return f"{name}: differs"
    found, expected = one.get("ActualValue") or "nothing", one.get("ExpectedValue") or "nothing"
    return f"{name}: is {found}, the template says {expected}"
