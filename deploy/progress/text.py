"""Text for a terminal of a certain width, safe from what others have written into it."""

import re
import unicodedata

# Escape sequences of terminals: a container's log must not move our cursor or set the window's title.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


def clean(text: str) -> str:
    """The text in one line, without escape sequences and control characters."""
    text = _ESCAPES.sub("", text)
    return "".join(char if unicodedata.category(char)[0] != "C" else " " for char in text).rstrip()


def width_of(text: str) -> int:
    """How many columns a terminal gives the text."""
    return sum(_columns(char) for char in text)


def _columns(char):
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def fit(text: str, width: int) -> str:
    """The cleaned text, cut to so many columns; three dots say that something is missing."""
    text = clean(text)
    if width_of(text) <= width:
        return text
    kept, used = [], 0
    for char in text:
        used += _columns(char)
        if used > width - 3:
            break
        kept.append(char)
    return "".join(kept) + "..."[: max(0, width)]


def clock(seconds: float) -> str:
    """Minutes and seconds as 7:05, with hours as 1:07:05."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
