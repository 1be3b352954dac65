"""Parameters of a template with the values that they are given."""

from review.environment import fault_of
from review.problem import Problem
from review.text import concat, known, pieces_of, split_list, text

_FROM_SSM = "AWS::SSM::Parameter::Value<"


def bind(definitions: dict[str, dict], given: dict[str, object], where: str) -> dict[str, object]:
    """Every parameter's value, of the type that it is declared with.

    Problem: a parameter that is not declared, has no value, or a value that CloudFormation would refuse.
    """
    for name in given:
        if name not in definitions:
            raise Problem(f"{where}: there is no parameter {name}")
    values = {}
    for name, definition in definitions.items():
        if name not in given and "Default" not in definition:
            raise Problem(f"{where}: parameter {name} has neither a value nor a default")
        values[name] = typed(given.get(name, definition.get("Default")), definition, f"{where}: {name}")
    return values


def typed(value: object, definition: dict, where: str) -> object:
    """The value as the parameter's type has it: a number, a list, text; what is stored in SSM is known to AWS only."""
    kind = definition["Type"]
    if isinstance(value, list):
        value = concat([piece for item in value for piece in [",", *pieces_of(item)]][1:])
    if kind.startswith(_FROM_SSM):
        value = concat(["{{resolve:ssm:", *pieces_of(value), "}}"])
        kind = kind.removeprefix(_FROM_SSM).removesuffix(">")
    elif known(value) and not _is_list(kind) and not _is_fraction(kind, value):
        fault = fault_of(text(value), definition)
        if fault:
            raise Problem(f"{where}={text(value)}: {fault}")
    if _is_list(kind):
        items = split_list(value)
        return [_number(item) for item in items] if kind == "List<Number>" and known(items) else items
    if not known(value):
        return value
    return _number(value) if kind == "Number" else text(value)


def _is_list(kind):
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def _is_fraction(kind, value):
    """CloudFormation takes 0.5 for a Number; an environment's own parameters are whole."""
    return kind == "Number" and text(value).replace(".", "", 1).isdecimal() and "." in text(value)


def _number(value):
    number = float(value)
    return int(number) if number.is_integer() else number
