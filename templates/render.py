"""Templates as YAML that reads from top to bottom.

troposphere's own `to_yaml()` sorts every key, so that outputs stand before resources and properties before the type;
and it has no comments. What is written here is a small subset of YAML 1.1: block style, short things in one line.
"""

import json
import re
import textwrap
from collections.abc import Iterator

from troposphere import Template

SECTIONS = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Resources",
    "Outputs",
]
SPACED_SECTIONS = {"Parameters", "Resources"}

# Of a resource, what stands first; the rest, Properties among it, follows.
FIRST_KEYS = ["Type", "Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy"]

WIDTH = 110

# What YAML 1.1 would read as something else than the text that it is.
_NOT_TEXT = re.compile(r"[-+.\d][\d_.,:eExXa-fA-FTZoO+-]*|y|n|yes|no|on|off|true|false|null|~|<<|=", re.IGNORECASE)
_PLAIN = re.compile(r"[\w/$^.(+-](?:[^:#\n]|:(?! |$)|(?<! )#)*")
_AT_SPACES = {"break_long_words": False, "break_on_hyphens": False}
_FLOW_MARKS = re.compile(r"[\[\]{},]")


def render(t: Template) -> str:
    """The template as YAML text, byte for byte the same at every call."""
    content = t.to_dict()
    content["Resources"] = {title: _ordered(body) for title, body in content["Resources"].items()}
    return "\n".join(_section(name, content[name], t.notes) for name in SECTIONS if name in content)


def _ordered(resource):
    return {key: resource[key] for key in FIRST_KEYS if key in resource} | resource


def _section(name, content, notes):
    if not isinstance(content, dict):
        return "".join(f"{line}\n" for line in _entry(f"{name}:", content))
    entries = [
        _comment(notes.get(title, "")) + _indented(_entry(f"{_scalar(title)}:", body))
        for title, body in content.items()
    ]
    return f"{name}:\n" + ("\n" if name in SPACED_SECTIONS else "").join(entries)


def _comment(text):
    return "".join(f"  # {line}\n" for line in text.splitlines())


def _indented(lines):
    return "".join(f"  {line}\n" for line in lines)


def _entry(marker: str, value: object) -> Iterator[str]:
    """The lines of a value behind its marker: `key:` in a mapping, `-` in a list."""
    inline, function = _inline(value), _function(value)
    if inline is not None and len(marker) + len(inline) < WIDTH:
        yield f"{marker} {inline}"
    elif isinstance(value, str):
        yield from _long_text(marker, value)
    elif function and isinstance(function[1], str):
        yield from _long_text(f"{marker} !{function[0]}", function[1])
    elif function:
        yield f"{marker} !{function[0]}"
        yield from (f"  {line}" for line in _block(function[1]))
    elif marker == "-":
        first, *rest = _block(value)
        yield f"- {first}"
        yield from (f"  {line}" for line in rest)
    else:
        yield marker
        yield from (f"  {line}" for line in _block(value))


def _block(value: dict | list) -> Iterator[str]:
    """The lines of a mapping or a list, one entry a line or more."""
    if isinstance(value, dict):
        entries = [(f"{_scalar(key)}:", item) for key, item in value.items()]
    else:
        entries = [("-", item) for item in value]
    for marker, item in entries:
        yield from _entry(marker, item)


def _long_text(marker, text):
    """Text beyond one line: literally if it has lines of its own, else folded at spaces."""
    if "\n" in text:
        lines, style = text.split("\n"), "|-"
        # A block would lose spaces at its ends. YAML's double quotes are those of JSON.
        whole = json.dumps(text, ensure_ascii=False) if text != text.strip() else None
    else:
        lines, style = textwrap.wrap(text, WIDTH, **_AT_SPACES), ">-"
        whole = _scalar(text) if len(lines) == 1 or " ".join(lines) != text else None
    yield f"{marker} {whole or style}"
    if not whole:
        yield from (f"  {line}".rstrip() for line in lines)


def _function(value: object) -> tuple[str, object] | None:
    """(short name, argument) of an intrinsic function, or None."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((name, argument),) = value.items()
    if name in {"Ref", "Condition"} and isinstance(argument, str):
        return name, argument
    # YAML knows no tag on a tag (!GetAZs !Ref X); such a function keeps its long form.
    if name.startswith("Fn::") and not _function(argument):
        return name.removeprefix("Fn::"), argument
    return None


def _inline(value: object, in_flow: bool = False) -> str | None:
    """The value in one line, or None if it does not belong in one."""
    function = _function(value)
    if function:
        name, argument = function
        if name == "GetAtt" and isinstance(argument, list):
            argument = ".".join(argument)
        written = _inline(argument, in_flow)
        return None if written is None else f"!{name} {written}"
    if isinstance(value, dict):
        return None if value else "{}"
    if isinstance(value, list):
        items = [_inline(item, in_flow=True) for item in value]
        flow = None if None in items else f"[{', '.join(items)}]"
        return flow if flow and len(flow) <= WIDTH - 20 else None
    return _scalar(value, in_flow) if "\n" not in str(value) and len(str(value)) <= WIDTH else None


def _scalar(value, in_flow=False):
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return str(value)
    plain = _PLAIN.fullmatch(value) and not _NOT_TEXT.fullmatch(value) and value == value.strip()
    if plain and not value.startswith("- ") and not (in_flow and _FLOW_MARKS.search(value)):
        return value
    return "'" + value.replace("'", "''") + "'"
