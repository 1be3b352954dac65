"""Speaking with the person at the terminal."""

import os
import shutil
import sys
import textwrap
from typing import TextIO

from deploy.problem import Problem


def say(text: str, stream: TextIO | None = None) -> None:
    """Print at once, so that a log shows when it happened; on a terminal broken between words."""
    stream = stream or sys.stdout
    if stream.isatty():
        text = "\n".join(fitted(line, shutil.get_terminal_size().columns) for line in text.split("\n"))
    print(text, file=stream, flush=True)


def fitted(line: str, columns: int) -> str:
    """The line, broken between words to so many columns; a longer word stays whole, so that it can be copied."""
    if len(line) <= columns:
        return line
    own = " " * (len(line) - len(line.lstrip()))
    options = {"break_long_words": False, "break_on_hyphens": False, "expand_tabs": False, "replace_whitespace": False}
    indents = {"initial_indent": own, "subsequent_indent": f"{own}  "}
    return textwrap.fill(line.lstrip(), max(columns, 20), **indents, **options)


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
