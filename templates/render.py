"""Templates as YAML that reads from top to bottom.

troposphere's own `to_yaml()` sorts every key, so that outputs stand before resources and properties before the type;
and it has no comments. What is written here is a small subset of YAML 1.1: block style, short things in one line.
"""

import functools
import json
import re
import textwrap

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
    lines = []
    if isinstance(content, dict):
        lines.append(f"{name}:")
        for title, body in content.items():
            if name in SPACED_SECTIONS and len(lines) > 1:
                lines.append("")
            lines += (f"  # {line}" for line in notes.get(title, "").splitlines())
            _write(lines, "  ", f"{_scalar(title)}:", body)
    else:
        _write(lines, "", f"{name}:", content)
    return "\n".join(lines) + "\n"


def _write(lines: list[str], indent: str, marker: str, value: object) -> None:
    """Append the lines of a value behind its marker: `key:` in a mapping, `-` in a list."""
    inline = _inline(value)
    if inline is not None and len(marker) + len(inline) < WIDTH:
        lines.append(f"{indent}{marker} {inline}")
        return
    function = _function(value)
    if function:
        marker, value = f"{marker} !{function[0]}", function[1]
    if isinstance(value, str):
        lines += (indent + line for line in _long_text(marker, value))
    elif marker == "-":
        first = len(lines)
        _write_block(lines, indent + "  ", value)
        lines[first] = f"{indent}- {lines[first].lstrip(' ')}"
    else:
        lines.append(indent + marker)
        _write_block(lines, indent + "  ", value)


def _write_block(lines, indent, value):
    """Append the lines of a mapping or a list, one entry a line or more."""
    if isinstance(value, dict):
        for key, item in value.items():
            _write(lines, indent, f"{_scalar(key)}:", item)
    else:
        for item in value:
            _write(lines, indent, "-", item)


def _long_text(marker: str, text: str) -> list[str]:
    """Text beyond one line: literally if it has lines of its own, else folded at spaces."""
    if "\n" in text:
        lines, style = text.split("\n"), "|-"
        # A block would lose spaces at its ends. YAML's double quotes are those of JSON.
        whole = json.dumps(text, ensure_ascii=False) if text != text.strip() else None
    else:
        lines, style = textwrap.wrap(text, WIDTH, **_AT_SPACES), ">-"
        whole = _scalar(text) if len(lines) == 1 or " ".join(lines) != text else None
    return [f"{marker} {whole}"] if whole else [f"{marker} {style}", *(f"  {line}".rstrip() for line in lines)]


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
    if isinstance(value, dict):
        function = _function(value)
        if not function:
            return None if value else "{}"
        name, argument = function
        if name == "GetAtt" and isinstance(argument, list):
            argument = ".".join(argument)
        written = _inline(argument, in_flow)
        return None if written is None else f"!{name} {written}"
    if isinstance(value, list):
        items = [_inline(item, in_flow=True) for item in value]
        flow = None if None in items else f"[{', '.join(items)}]"
        return flow if flow and len(flow) <= WIDTH - 20 else None
    if isinstance(value, str):
        return _scalar(value, in_flow) if len(value) <= WIDTH and "\n" not in value else None
    return str(value).lower() if isinstance(value, bool) else str(value)


@functools.cache  # three of four are seen again: keys, names, types
def _scalar(text, in_flow=False):
    """Text that stands in one line, plain if YAML reads that as the same text, else in quotes."""
    plain = _PLAIN.fullmatch(text) and not _NOT_TEXT.fullmatch(text) and text == text.strip()
    if plain and not text.startswith("- ") and not (in_flow and _FLOW_MARKS.search(text)):
        return text
    return "'" + text.replace("'", "''") + "'"
