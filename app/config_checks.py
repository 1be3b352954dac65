"""What several settings have in common: how they are refused, and what a host and a port look like."""

HOST = r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)"


class ConfigError(Exception):
    """What is wrong with the environment, in one line that names variables and shows no secret."""


def port_number(text: str, name: str) -> int:
    """Return text as a port; raise ConfigError that blames the variable name."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise ConfigError(f"{name}: the port must be a number from 1 to 65535, not {text!r}")
    return int(text)
