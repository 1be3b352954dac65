"""Kinds of parameters: each has a description, and a constraint with words for whoever breaks it."""

ROLE_NAME_PATTERN = r"^([\w+=,.@-]+/)*[\w+=,.@-]*$"
DATABASE_WORD_PATTERN = r"^[a-zA-Z][a-zA-Z0-9_]*$"
DATABASE_WORD_CONSTRAINT = "must begin with a letter and hold letters, digits and _ only"


def text(description: str, pattern: str, constraint: str, default: str | None = None, **more: object) -> dict:
    """Text of a pattern; without a default it must be given."""
    given = {} if default is None else {"Default": default}
    return {
        "Description": description,
        "Type": "String",
        **given,
        "AllowedPattern": pattern,
        "ConstraintDescription": constraint,
        **more,
    }


def number(description: str, default: int, low: int, high: int) -> dict:
    """A whole number within limits."""
    return {
        "Description": description,
        "Type": "Number",
        "Default": default,
        "MinValue": low,
        "MaxValue": high,
        "ConstraintDescription": f"must be a whole number from {low} to {high}",
    }


def choice(description: str, default: object, values: list) -> dict:
    """One of some values."""
    return {
        "Description": description,
        "Type": "Number" if isinstance(default, int) else "String",
        "Default": default,
        "AllowedValues": values,
        "ConstraintDescription": "must be one of " + ", ".join(str(value) for value in values),
    }


def switch(description: str, default: bool = False) -> dict:
    """true or false, as text: CloudFormation has no other."""
    return choice(description, str(default).lower(), ["true", "false"])


def resource(description: str, kind: str) -> dict:
    """The id of something that is there, checked by CloudFormation itself."""
    return {"Description": description, "Type": kind}
