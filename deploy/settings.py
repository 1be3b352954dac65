"""What a deployment takes from an environment: its parameters, and the names and tags that follow from it."""

from dataclasses import dataclass
from pathlib import Path

from deploy.problem import Problem
from review.environment import PROJECT, check, read


@dataclass(frozen=True)
class Settings:
    """What one environment asks for: its parameters that are not left at their default, and what follows from them."""

    env: str
    parameters: dict[str, str]
    architecture: str  # X86_64 or ARM64

    @property
    def stack(self) -> str:
        return f"{PROJECT}-{self.env}"

    @property
    def bootstrap_stack(self) -> str:
        return f"{self.stack}-bootstrap"

    @property
    def tags(self) -> dict[str, str]:
        """Tags of everything in the stacks; also how a stack is known to be ours."""
        return {"Application": PROJECT, "Environment": self.env}


def load(env: str, folder: Path, definitions: dict[str, dict]) -> Settings:
    """Read config/ENV.env; `definitions` are the Parameters of the root template. Problem: see review.environment."""
    source, values = read(env, folder)
    check(values, definitions, source)
    for name, value in values.items():
        if "EXAMPLE" in value.upper():
            raise Problem(f"{source}: {name}={value} is an example: put your own there")
    return Settings(env, values, values.get("CpuArchitecture", definitions["CpuArchitecture"]["Default"]))
