"""Where two values differ, as deep as it goes, and a value as short text."""

import json
from collections.abc import Iterator

from review.text import is_function

# What items of a list are told apart by, so that one that is added does not shift the others.
_NAMES = ("Key", "Name", "Sid", "Id", "PolicyName", "CidrIp")


def differences(path: str, before: object, after: object) -> Iterator[tuple[str, object, object]]:
    """(path, before, after) of each leaf that differs; None stands for what is not there."""
    sides = [_opened(before), _opened(after)]
    if all(isinstance(side, dict) for side in sides) and not any(map(is_function, (before, after))):
        for key in dict.fromkeys([*sides[0], *sides[1]]):
            left, right = (side.get(key) for side in sides)
            if left != right:
                yield from differences(f"{path}.{key}", left, right)
    else:
        yield path, before, after


def _opened(value):
    """A list of named items as a mapping, by their names; of others by number. An empty list stays one."""
    if not isinstance(value, list) or not all(isinstance(item, dict) and not is_function(item) for item in value):
        return value
    for name in _NAMES:
        names = [item.get(name) for item in value]
        if all(isinstance(each, str) for each in names) and len(set(names)) == len(names):
            return {
                title: item["Value"] if set(item) == {name, "Value"} else item
                for title, item in zip(names, value, strict=True)
            }
    return {str(number): item for number, item in enumerate(value)}


def short(value: object, room: int) -> str:
    """The value in at most so many characters; what is cut out of its middle is three points."""
    text = written(value)
    if len(text) <= room:
        return text
    kept = max(room - 3, 4)
    return text[: kept - kept // 2] + "..." + text[-(kept // 2) :]


def pair(before: object, after: object, room: int) -> str:
    """`before -> after` in at most so many characters (20 at least): what they begin with alike goes first."""
    left, right = written(before), written(after)
    half = max((room - 4) // 2, 8)
    over = max(len(left), len(right)) - half
    alike = next((number for number, (one, other) in enumerate(zip(left, right, strict=False)) if one != other), 0)
    if over > 0 and alike > 4:
        # Some of what is alike stays, where there is room, to be recognised. The first difference is always shown.
        cut = min(over + 3, alike - 1)
        left, right = (_front(f"...{text[cut:]}", half) for text in (left, right))
    # What one side leaves free, the other may use.
    left = short(left, max(half, 2 * half - len(right)))
    return f"{left} -> {short(right, max(half, 2 * half - len(left)))}"


def _front(text, room):
    return text if len(text) <= room else f"{text[: room - 3]}..."


def written(value: object) -> str:
    """The value as text without line breaks; references as in YAML."""
    if value is None:
        return "(none)"
    if isinstance(value, dict) and len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref":
            return f"!Ref {argument}"
        if name == "Fn::GetAtt":
            return f"!GetAtt {'.'.join(map(str, argument))}"
        if name == "Fn::Sub" and isinstance(argument, str):
            return argument
    if isinstance(value, bool):
        return str(value).lower()
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return " ".join(text.split()) or "''"
