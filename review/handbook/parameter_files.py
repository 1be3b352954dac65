"""The parameters of an environment as the AWS command line takes them: --parameters file://parameters/ENV.json."""

import json

from review import environment
from review.workspace import Environment

# In place of what the images are called, which is known once they are pushed. CloudFormation refuses them as they are.
STAND_INS = {name: f"PUT THE IMAGE HERE: {name}" for name in environment.FROM_DEPLOY}


def text(env: Environment) -> str:
    """Every parameter with its value, defaults too, in the order of the template; one a line, to be compared."""
    rows = [
        json.dumps({"ParameterKey": name, "ParameterValue": _value(name, definition, env.values)})
        for name, definition in env.definitions.items()
    ]
    return "[\n" + ",\n".join(f"  {row}" for row in rows) + "\n]\n"


def _value(name, definition, values):
    return STAND_INS.get(name) or values.get(name, str(definition.get("Default", "")))


def examples(env: Environment) -> list[str]:
    """The parameters whose values are examples, which must be replaced before a deployment."""
    return [name for name, value in env.values.items() if "EXAMPLE" in value.upper()]
