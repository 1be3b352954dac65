"""CloudFormation templates as data, and back as YAML that reads from top to bottom."""

from pathlib import Path

import yaml

from review.form import faults
from review.problem import Problem

WIDTH = 110
LONGEST = 300  # characters of a message

_SECTIONS_WITH_SPACE = {"Parameters", "Resources"}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Fast and safe YAML with CloudFormation's short forms: !Ref X is {"Ref": "X"}, !Sub X is {"Fn::Sub": "X"}."""


def _construct_function(loader, suffix, node):
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _construct_function)


def parse(text: str, name: str) -> dict:
    """The template as data; `name` stands in the message when it is not YAML."""
    try:
        template = yaml.load(text, Loader=_Loader)  # noqa: S506  (a SafeLoader with tags for strings and lists)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:  # of a date that is none, of 500 brackets
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}:" if where else ""
        said = " ".join(str(getattr(error, "problem", None) or error).split())
        raise Problem(f"{name}:{line} not YAML: {ascii(said)[1:-1][:LONGEST]}") from None
    if not isinstance(template, dict) or "Resources" not in template:
        raise Problem(f"{name}: not a CloudFormation template: it has no Resources")
    if fault := next(faults(template), ""):
        raise Problem(f"{name}: {ascii(fault)[1:-1][:LONGEST]}")
    return template


def read_all(folder: Path) -> dict[str, str]:
    """The templates in a folder as text, by file name. Problem: root.yaml or bootstrap.yaml is not there."""
    texts = {path.name: _text(path) for path in sorted(folder.glob("*.yaml"))}
    missing = {"root.yaml", "bootstrap.yaml"} - set(texts)
    if missing:
        raise Problem(f"{folder}/{min(missing)} is missing: run `make build`")
    return texts


def _text(path):
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise Problem(f"{path.parent.name}/{path.name}: not a text in UTF-8: run `make build`") from None
    except OSError as error:
        raise Problem(f"{path.parent.name}/{path.name} cannot be read: {error.strerror}") from None


class _Dumper(yaml.SafeDumper):
    """Safe YAML with CloudFormation's short forms, list items indented, nothing sorted and no anchors."""

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data):
        return True

    def choose_scalar_style(self):
        """No quotes behind a short form that needs none: !Ref VPC."""
        style = super().choose_scalar_style()
        plain = self.analysis.allow_flow_plain if self.flow_level else self.analysis.allow_block_plain
        return "" if plain and self.event.tag and self.event.tag.startswith("!") else style


def _represent_dict(dumper, data):
    short = _short_form(data)
    if not short:
        return dumper.represent_mapping("tag:yaml.org,2002:map", data.items())
    tag, argument = short
    if isinstance(argument, str):
        return dumper.represent_scalar(tag, argument, style=_style(argument))
    return dumper.represent_sequence(tag, argument, flow_style=_fits_in_a_line(argument))


def _represent_list(dumper, data):
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=_fits_in_a_line(data))


def _short_form(data):
    """("!Ref", "VPC") of {"Ref": "VPC"}; None if it is no function or has no short form."""
    if len(data) != 1:
        return None
    ((name, argument),) = data.items()
    if name == "Fn::GetAtt" and all(isinstance(part, str) for part in argument):
        argument = ".".join(argument)
    if name == "Ref" or (name.startswith("Fn::") and isinstance(argument, str | list)):
        return f"!{name.removeprefix('Fn::')}", argument
    return None


def _fits_in_a_line(items):
    return len(str(items)) < WIDTH - 30 and all(_is_short(item) for item in items)


def _is_short(item):
    if isinstance(item, dict):
        short = _short_form(item)
        return bool(short) and isinstance(short[1], str)
    return not isinstance(item, list)


def _represent_text(dumper, data):
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=_style(data))


def _style(text):
    return "|" if "\n" in text else None


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(dict, _represent_dict)
_Dumper.add_representer(list, _represent_list)


def dump(template: dict) -> str:
    """The template as YAML, sections and keys in the order that they have."""
    return "\n".join(_section(name, content) for name, content in template.items())


def _section(name, content):
    if name not in _SECTIONS_WITH_SPACE:
        return _yaml({name: content})
    entries = [_yaml({title: body}) for title, body in content.items()]
    indented = ["".join(f"  {line}\n" if line else "\n" for line in entry.split("\n")[:-1]) for entry in entries]
    return f"{name}:\n" + "\n".join(indented)


def _yaml(content):
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
