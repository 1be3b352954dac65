"""Text of which a part is known, and a part only AWS can know.

Such text has one form here, whatever it was made with: {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/LabRole"}. In
between it is a list of pieces: text, and references as data.
"""

import re
from itertools import groupby

_PLACE = re.compile(r"\$\{(!?)([^}]*)\}")


def is_function(value: object) -> bool:
    """Is it a function that is still to be applied, as {"Ref": "VPC"} is?"""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    (name,) = value
    return name == "Ref" or name.startswith("Fn::")


def known(value: object) -> bool:
    """Does the value hold no function, at any depth?"""
    if isinstance(value, dict):
        return not is_function(value) and all(known(item) for item in value.values())
    return not isinstance(value, list) or all(known(item) for item in value)


def text(value: object) -> str:
    """A scalar as CloudFormation writes it into text: true, 8, 0.5."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def reference(name: str) -> dict:
    """What ${name} in a Fn::Sub stands for."""
    return {"Fn::GetAtt": name.split(".", 1)} if "." in name else {"Ref": name}


def split_sub(template: str) -> list:
    """The text of a Fn::Sub as pieces; ${!X} is the text ${X}."""
    pieces, end = [], 0
    for match in _PLACE.finditer(template):
        literal, name = match.groups()
        pieces += [template[end : match.start()], f"${{{name}}}" if literal else reference(name.strip())]
        end = match.end()
    return [piece for piece in [*pieces, template[end:]] if piece != ""]


def pieces_of(value: object) -> list:
    """A resolved value as pieces."""
    if not isinstance(value, dict):
        return [text(value)]
    if isinstance(value.get("Fn::Sub"), str):
        return split_sub(value["Fn::Sub"])
    if _is_plain_join(value):
        return value["Fn::Join"][1]
    return [value]


def _is_plain_join(value):
    argument = value.get("Fn::Join")
    return isinstance(argument, list) and argument[0] == "" and isinstance(argument[1], list)


def concat(pieces: list) -> object:
    """Pieces as one value: text if all is known, the reference if there is but one, else a Fn::Sub.

    What stands for no name, as a Fn::Select does, cannot be in a Fn::Sub; then it is a Fn::Join.
    """
    merged = []
    for is_text, run in groupby(pieces, key=lambda piece: isinstance(piece, str)):
        items = list(run)
        merged += ["".join(items)] if is_text else items
    merged = [piece for piece in merged if piece != ""]
    if not merged:
        return ""
    if len(merged) == 1:
        return merged[0]
    if all(isinstance(piece, str) or _name(piece) for piece in merged):
        return {"Fn::Sub": "".join(_written(piece) for piece in merged)}
    return {"Fn::Join": ["", merged]}


def _name(piece):
    """VPC of {"Ref": "VPC"}, VPC.CidrBlock of its GetAtt, else None."""
    if isinstance(piece.get("Ref"), str):
        return piece["Ref"]
    parts = piece.get("Fn::GetAtt", [{}])
    return ".".join(parts) if all(isinstance(part, str) for part in parts) else None


def _written(piece):
    return piece.replace("${", "${!") if isinstance(piece, str) else f"${{{_name(piece)}}}"


def split_list(value: object) -> object:
    """A value for a list parameter as a list: split at the commas that are known. No name that AWS gives holds one."""
    if isinstance(value, dict) and "Fn::Join" in value and value["Fn::Join"][0] == ",":
        return value["Fn::Join"][1]
    pieces = pieces_of(value)
    if any(isinstance(piece, dict) and not _name(piece) for piece in pieces):
        return {"Fn::Split": [",", value]}
    items = [[]]
    for piece in pieces:
        first, *others = piece.split(",") if isinstance(piece, str) else [piece]
        items[-1].append(first)
        items += [[other] for other in others]
    return [concat([_stripped(piece) for piece in item]) for item in items]


def _stripped(piece):
    return piece.strip() if isinstance(piece, str) else piece


def references(value: object) -> set[str]:
    """Every name that a value refers to: parameters, logical ids, mappings."""
    found: set[str] = set()
    _collect(value, found)
    return found


def _collect(value, found):
    """Add the names; one set for all, since this looks at every value of a nest again and again."""
    if isinstance(value, list):
        for item in value:
            _collect(item, found)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref":
                found.add(item)
            elif key in {"Fn::GetAtt", "Fn::FindInMap"}:
                found.add(item.partition(".")[0] if isinstance(item, str) else str(item[0]))
                _collect(item[1:], found)
            elif key == "Fn::Sub":
                pattern, *more = [item] if isinstance(item, str) else item
                _collect([piece for piece in split_sub(pattern) if isinstance(piece, dict)], found)
                _collect(more, found)
            else:
                _collect(item, found)
