"""What looks at a deployed environment and changes nothing."""

from deploy.aws import Aws
from deploy.commands.environment import load
from deploy.stacks import described, outputs
from deploy.terminal import say


def print_outputs(env: str) -> None:
    """Print the outputs of the root stack, the URL last."""
    wanted, _ = load(env)
    values = outputs(described(Aws(), wanted.stack))
    for name, value in sorted(values.items(), key=lambda item: item[0] == "Url"):
        say(f"{name:<20} {value}")
