"""What a change set says, judged: what CloudFormation is sure of, held against what is known without it.

CloudFormation says `Conditional` of much that is harmless: of a value that comes from another stack of the nest, since
it cannot know it beforehand, and of properties that replace at times. Two others know more: the resource types' own
descriptions (review.update.replacement), and the comparison of the deployed nest with the one to come, both resolved.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from review.nest import NESTED
from review.update.change import ADD, IN_PLACE, MODIFY, PERHAPS, REMOVE, REPLACED, Change, Difference, worst
from review.update.replacement import verdict

# ChangeAction -> what it is here; SyncWithActual changes nothing but CloudFormation's own record.
ACTIONS = {"Add": ADD, "Import": ADD, "Modify": MODIFY, "Dynamic": MODIFY, "Remove": REMOVE, "SyncWithActual": None}

# What CloudFormation says of a change set without changes, in its different voices.
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")

# Nested change set arn:... was not successfully created: Currently in FAILED.
_NESTED_FAILED = re.compile(r"(?<=Nested change set )arn:\S+(?= was not)")

# Sources of a change that only repeat what happens elsewhere.
_REFERENCES = {"ResourceReference", "ParameterReference", "ResourceAttribute", "Automatic", "NoModification"}


def is_empty(change_set: dict) -> bool:
    """Whether a change set failed only because there is nothing to change."""
    return change_set["Status"] == "FAILED" and any(
        words in change_set.get("StatusReason", "") for words in _NO_CHANGES
    )


def failed_nested(reason: str) -> str:
    """The id of the nested change set that a change set failed for, in the words of its reason; empty: none."""
    found = _NESTED_FAILED.search(reason)
    return found[0] if found else ""


@dataclass(frozen=True)
class Nesting:
    """How to look into nested stacks: the changes of a nested change set, and all resources of a stack that goes.

    Both by id; the latter as Aws.nest lists them.
    """

    changes: Callable[[str], list[dict]]
    resources: Callable[[str], Iterable[dict]]


def read(entries: list[dict], nesting: Nesting, known: Mapping[str, Change] | None, prefix: str = "") -> list[Change]:
    """The `Changes` of DescribeChangeSet and of those nested in it, judged.

    `known` are the differences of the two nests by path; None: they could not be compared, and CloudFormation's word
    stands. A difference that CloudFormation only thinks possible, and that is none in the nests, is left out; what is
    left without any is in the list all the same, see `is_repeat`.
    """
    found = []
    for entry in (entry["ResourceChange"] for entry in entries):
        path, action = prefix + entry["LogicalResourceId"], action_of(entry)
        if entry["ResourceType"] != NESTED:
            found += [judge(entry, path, known)] if action else []
            continue
        found += [Change(path, NESTED, action)] if action else []
        if entry.get("ChangeSetId"):
            found += read(nesting.changes(entry["ChangeSetId"]), nesting, known, f"{path}/")
        elif action == REMOVE:
            found += _all_gone(entry.get("PhysicalResourceId", ""), nesting, known, f"{path}/")
    return found


def action_of(entry: dict) -> str | None:
    """What a ResourceChange does; one of which the API did not tell when this was written changes something."""
    return ACTIONS.get(entry["Action"], MODIFY)


def is_repeat(change: Change) -> bool:
    """Is it a change that CloudFormation thinks possible only because something that it refers to changes, in place?"""
    return change.kind != NESTED and change == replace(change, action=MODIFY, verdict=IN_PLACE, differences=())


def _all_gone(stack_id, nesting, known, prefix) -> Iterator[Change]:
    """Of a nested stack that goes there is no change set: everything in it goes."""
    for summary in nesting.resources(stack_id):
        path = prefix + summary["Path"]
        before = known[path].before if known and path in known else None
        yield Change(path, summary["ResourceType"], REMOVE, before=before)


def judge(entry: dict, path: str, known: Mapping[str, Change] | None) -> Change:
    """One ResourceChange, judged."""
    own = known.get(path) if known is not None else None
    kind, action = entry["ResourceType"], action_of(entry)
    before = own.before if own else _context(entry, "BeforeContext")
    after = own.after if own else _context(entry, "AfterContext")
    if action != MODIFY:
        return Change(path, kind, action, before=before, after=after)
    own_differences = {difference.name: difference for difference in own.differences} if own else {}
    by_name: dict[str, list[dict]] = {}
    for detail in entry.get("Details", []):
        by_name.setdefault(_name(detail), []).append(detail)
    judged = [_difference(kind, *item, own_differences, known is not None) for item in by_name.items()]
    unsaid = [item for name, item in own_differences.items() if name not in by_name]
    judged += [replace(item, verdict=settle(IN_PLACE, item.verdict)) for item in unsaid]
    differences = tuple(item for item in judged if item)
    return Change(path, kind, action, _overall(entry, differences, bool(judged)), differences, before, after)


def _overall(entry, differences, explained) -> str:
    """CloudFormation's certainty holds; its `Conditional` counts for itself where no property explains it."""
    if entry.get("Replacement") == "True":
        return REPLACED
    unexplained = entry["Action"] != "Modify" or (entry.get("Replacement") == "Conditional" and not explained)
    return worst([*(difference.verdict for difference in differences), *([PERHAPS] if unexplained else [])])


def _difference(kind, name, details, own_differences, compared) -> Difference | None:
    """One property of which a change set speaks, in one or more details; None if in truth it stays as it is."""
    own = own_differences.get(name)
    only_possible = all(_is_only_possible(detail) for detail in details)
    if own is None and compared and only_possible:
        return None
    before, after = _value(details, "BeforeValue"), _value(details, "AfterValue")
    known = own or Difference(name, verdict(kind, name, before, after), before, after)
    if not _is_property(details):
        return known if own else replace(known, verdict=IN_PLACE)
    if own is None and only_possible and known.verdict == REPLACED:
        return replace(known, verdict=PERHAPS)
    return replace(known, verdict=settle(_said(details), known.verdict))


def settle(said: str, known: str) -> str:
    """The verdict where CloudFormation and we judge one property: neither is made more hopeful than it is.

    Its certainty of a replacement stands; where it excludes one that we see, it stays possible; where it thinks one
    possible, ours stands.
    """
    if said == REPLACED:
        return REPLACED
    if said == IN_PLACE:
        return IN_PLACE if known == IN_PLACE else PERHAPS
    return known


def _said(details) -> str:
    verdicts = {"Never": IN_PLACE, "Conditionally": PERHAPS, "Always": REPLACED}
    said = []
    for detail in details:
        outcome = verdicts.get(detail["Target"].get("RequiresRecreation", "Never"), PERHAPS)
        said.append(PERHAPS if outcome == REPLACED and detail.get("Evaluation") == "Dynamic" else outcome)
    return worst(said)


def _is_only_possible(detail) -> bool:
    """Is it a change that may turn out to be none: of a value that comes from elsewhere?"""
    certain = detail.get("Evaluation") != "Dynamic" and detail["Target"].get("RequiresRecreation") == "Always"
    return not certain and (detail.get("Evaluation") == "Dynamic" or detail.get("ChangeSource") in _REFERENCES)


def _is_property(details) -> bool:
    return details[0]["Target"].get("Attribute", "Properties") == "Properties"


def _name(detail) -> str:
    target = detail["Target"]
    return target.get("Name") or target.get("Attribute") or "?"


def _value(details, side) -> object:
    """The value that CloudFormation shows; None where it shows none, or several of parts of the property."""
    shown = {detail["Target"][side] for detail in details if side in detail["Target"]}
    return shown.pop() if len(shown) == 1 else None


def _context(entry, side) -> dict | None:
    """The resource's body before or after, where CloudFormation tells it."""
    try:
        return json.loads(entry.get(side) or "null")
    except ValueError:
        return None
