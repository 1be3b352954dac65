"""Two versions of a resolved nest, resource by resource; who refers to what is replaced changes with it."""

from review.nest import NESTED
from review.resolve import Nest
from review.text import references
from review.update.change import ADD, IN_PLACE, MODIFY, PERHAPS, REMOVE, REPLACED, Change, Difference, worst
from review.update.replacement import verdict

EMPTY = Nest({}, {"Resources": {}}, {})

_ANOTHER = "another value, which only AWS knows"

# What a change set tells of beside properties: ResourceAttribute of the API, where there is no DependsOn.
_ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy", "UpdatePolicy", "CreationPolicy", "Metadata")


def compare(before: Nest, after: Nest, region: str = "us-east-1") -> list[Change]:
    """What differs, in the order of the templates, what is gone last."""
    old, new = before.flat["Resources"], after.flat["Resources"]
    both = [title for title in new if title in old]
    written = {title: _written(old[title], new[title], region) for title in both}
    found = _propagate(written, new, lambda title: path_of(title, after), region)
    changes = _stacks(before, after)
    for title, body in new.items():
        path = path_of(title, after)
        if title not in old:
            changes.append(Change(path, body["Type"], ADD, after=body))
        elif found[title]:
            differences = tuple(found[title])
            outcome = worst(difference.verdict for difference in differences)
            changes.append(Change(path, body["Type"], MODIFY, outcome, differences, old[title], body))
    gone = [title for title in old if title not in new]
    return changes + [Change(path_of(title, before), old[title]["Type"], REMOVE, before=old[title]) for title in gone]


def _stacks(before, after) -> list[Change]:
    """The nested stacks that come or go as a whole."""
    old, new = ([path_of(title, nest).rpartition("/")[0] for title in nest.origin] for nest in (before, after))
    come = [Change(path, NESTED, ADD) for path in dict.fromkeys(new) if path and path not in old]
    return come + [Change(path, NESTED, REMOVE) for path in dict.fromkeys(old) if path and path not in new]


def path_of(title: str, nest: Nest) -> str:
    """Data/DBInstance of DataDBInstance, as its logical id is in the flat view."""
    _, own = nest.origin[title]
    return "/".join(part for part in (title.removesuffix(own), own) if part)


def _written(old, new, region) -> list[Difference]:
    """What is written differently in two versions of a resource."""
    if old["Type"] != new["Type"]:
        return [Difference("Type", REPLACED, old["Type"], new["Type"])]
    before, after = old.get("Properties", {}), new.get("Properties", {})
    properties = []
    for name in [*after, *(name for name in before if name not in after)]:
        left, right = before.get(name), after.get(name)
        if left != right:
            properties.append(Difference(name, verdict(new["Type"], name, left, right, region), left, right))
    attributes = [
        Difference(name, IN_PLACE, old.get(name), new.get(name))
        for name in _ATTRIBUTES
        if old.get(name) != new.get(name)
    ]
    return properties + attributes


def _propagate(written, new, path, region) -> dict[str, list[Difference]]:
    """What is written differently, and what changes because something that it refers to is replaced, perhaps or surely.

    A replaced resource has another Ref and other attributes. Repeated until nothing follows any more.
    """
    found = written
    while True:
        ended = {
            title: outcome for title in found if (outcome := worst(item.verdict for item in found[title])) != IN_PLACE
        }
        grown = {title: _with_consequences(written[title], new[title], ended, path, region) for title in found}
        if grown == found:
            return found
        found = grown


def _with_consequences(differences, body, ended, path, region) -> list[Difference]:
    known = {difference.name for difference in differences}
    result = list(differences)
    for name, value in body.get("Properties", {}).items():
        causes = sorted(references(value) & ended.keys())
        if causes and name not in known:
            outcome = verdict(body["Type"], name, value, _ANOTHER, region)
            if outcome == REPLACED and not any(ended[title] == REPLACED for title in causes):
                outcome = PERHAPS
            result.append(Difference(name, outcome, value, value, because=path(causes[0])))
    return result
