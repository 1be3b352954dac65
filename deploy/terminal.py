"""Speaking with the person at the terminal."""

import os
import sys

from deploy.problem import Problem


def say(text: str) -> None:
    """Print at once, so that a log shows when it happened."""
    print(text, flush=True)


def require_someone_to_ask() -> None:
    """Raise a Problem, before anything is begun, when nobody could answer a question later."""
    if os.environ.get("YES") != "1" and not sys.stdin.isatty():
        raise Problem("there is no terminal to ask on: set YES=1 to agree beforehand to what would be shown")


def confirm(question: str, word: str = "y") -> bool:
    """Ask for `word` on the terminal; YES=1 answers beforehand."""
    if os.environ.get("YES") == "1":
        return True
    require_someone_to_ask()
    try:
        return input(f"{question} [{word} to agree] ").strip().lower() == word.lower()
    except EOFError:
        return False
