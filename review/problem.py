"""What a person did wrong or must do next, in one line."""


class Problem(Exception):
    """Ends the command with its text on standard error, and exit code 1; nothing was left half done."""

    code = 1
