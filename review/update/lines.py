"""Changes as lines for a terminal, and as Markdown for a pull request."""

import textwrap
from collections import Counter
from collections.abc import Collection, Iterator

from review.nest import NESTED
from review.update.change import ADD, MODIFY, PERHAPS, REMOVE, REPLACED, VERDICTS, Change, Difference
from review.update.interruption import effects
from review.update.leaves import differences, pair, short

SIGNS = {ADD: "+", MODIFY: "~", REMOVE: "-"}
LOUD = {REPLACED: "REPLACED", PERHAPS: "perhaps REPLACED"}
LEAVES = 8  # lines a resource; the others are counted
WIDTH = 80  # columns, as for a terminal whose width nobody knows
HANGING = {"subsequent_indent": "  ", "break_on_hyphens": False}


def text(changes: Collection[Change], width: int = WIDTH, hidden: Collection[str] = ()) -> list[str]:
    """One line a resource, nested ones indented below their stack; below each what differs and what it interrupts.

    `hidden` are values that are not to be shown, as of NoEcho parameters.
    """
    stacks = {change.path: change for change in changes if change.kind == NESTED}
    result = []
    for place, inside in _by_stack(changes).items():
        depth = place.count("/") + 1 if place else 0
        if place:
            result.append("  " * (depth - 1) + _head(stacks.get(place) or Change(place, NESTED, MODIFY), width))
        for change in inside:
            result.append("  " * depth + _head(change, width - 2 * depth))
            result += ["  " * depth + line for line in _details(change, width - 2 * depth, hidden)]
    last = textwrap.wrap(summary(changes), width, **HANGING)
    return [line.rstrip() for line in result] + last


def _by_stack(changes) -> dict[str, list[Change]]:
    """The resources by the path of their stack; a nested stack without a change inside is left out unless it comes or
    goes as a whole."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        if change.kind == NESTED:
            if change.action != MODIFY:
                found.setdefault(change.path, [])
        else:
            found.setdefault(change.path.rpartition("/")[0], []).append(change)
    return found


def _head(change, width):
    sign = "-+" if change.verdict == REPLACED else SIGNS[change.action]
    loud = f" {LOUD[change.verdict]}" if change.action == MODIFY and change.verdict in LOUD else ""
    words = f"{sign:<2} {change.path.rpartition('/')[2]} {change.kind}{loud}"
    return words if len(words) <= width else words.replace(" AWS::", " ")


def _details(change, width, hidden) -> Iterator[str]:
    if change.action == MODIFY:
        leaves = [line for difference in _worst_first(change) for line in _leaves(difference, width - 5, hidden)]
        yield from (f"     {line}" for line in leaves[:LEAVES])
        if len(leaves) > LEAVES:
            yield f"     and {len(leaves) - LEAVES} more"
    for effect in effects(change):
        told = f"     {'!' if effect.interrupts else '*'} {effect.text}"
        yield from textwrap.wrap(told, width, subsequent_indent=" " * 7, break_on_hyphens=False)


def _worst_first(change) -> list[Difference]:
    return sorted(change.differences, key=lambda difference: -VERDICTS.index(difference.verdict))


def _leaves(difference: Difference, room, hidden) -> list[str]:
    name, before, after = difference.name, difference.before, difference.after
    if difference.because:
        return [short(f"{name}: another, with {difference.because}", room)]
    if name == "Metadata" or before == after:
        return [name]
    return [_leaf(*leaf, room, hidden) for leaf in differences(name, before, after)]


def _leaf(path, before, after, room, hidden):
    values = pair(_masked(before, hidden), _masked(after, hidden), max(room - len(path) - 2, room // 2))
    return f"{short(path, max(room - len(values) - 2, 16))}: {values}"


def _masked(value, hidden):
    if isinstance(value, str):
        for secret in hidden:
            value = value.replace(secret, "****")
        return value
    if isinstance(value, dict):
        return {key: _masked(item, hidden) for key, item in value.items()}
    return [_masked(item, hidden) for item in value] if isinstance(value, list) else value


def summary(changes: Collection[Change]) -> str:
    """How many of each, and what is interrupted."""
    own = [change for change in changes if change.kind != NESTED]
    own = own or [change for change in changes if change.action != MODIFY]
    if not own:
        return "no changes"
    count = Counter(_what(change) for change in own)
    told = ", ".join(f"{count[what]} {what}" for what in _WHAT.values() if count[what])
    cut = [change.path for change in own if any(effect.interrupts for effect in effects(change))]
    return f"{told}; interrupted: {', '.join(cut) or 'nothing that is known of'}"


_WHAT = {REPLACED: "replaced", PERHAPS: "perhaps replaced", REMOVE: "removed", MODIFY: "changed in place", ADD: "added"}


def _what(change):
    return _WHAT[change.verdict if change.action == MODIFY and change.verdict in LOUD else change.action]


def markdown(changes: Collection[Change], hidden: Collection[str] = ()) -> list[str]:
    """The same as a table."""
    rows = ["| | resource | what | effect |", "|---|---|---|---|"]
    for change in changes:
        leaves = [f"`{line}`" for item in _worst_first(change) for line in _leaves(item, 120, hidden)]
        more = [f"and {len(leaves) - LEAVES} more"] if len(leaves) > LEAVES else []
        what = "<br>".join(
            [f"**{_what(change)}**", *leaves[:LEAVES], *more] if change.action == MODIFY else [_what(change)]
        )
        told = "<br>".join(effect.text for effect in effects(change))
        if change.kind != NESTED:
            rows.append(f"| {SIGNS[change.action]} | {change.path}<br>{change.kind} | {_cell(what)} | {_cell(told)} |")
    return [*(rows if len(rows) > 2 else []), "", summary(changes)]


def _cell(content):
    return content.replace("|", "\\|")
