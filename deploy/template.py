"""Reading the generated templates."""

from pathlib import Path

import yaml

from deploy.problem import Problem


class _Loader(yaml.SafeLoader):
    """Safe YAML with CloudFormation's short forms: !Ref X is {"Ref": "X"}, !Sub X is {"Fn::Sub": "X"}."""


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
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}:" if where else ""
        raise Problem(f"{name}:{line} not YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(template, dict) or "Resources" not in template:
        raise Problem(f"{name}: not a CloudFormation template: it has no Resources")
    return template


def read_all(folder: Path) -> dict[str, str]:
    """The templates in a folder as text, by file name."""
    texts = {path.name: path.read_text() for path in sorted(folder.glob("*.yaml"))}
    missing = {"root.yaml", "bootstrap.yaml"} - set(texts)
    if missing:
        raise Problem(f"{folder}/{min(missing)} is missing: run `make build`")
    return texts
