"""What may be stored, whoever sends it: pages, API and imports. Nothing may write an entry around it."""

import unicodedata
from collections.abc import Mapping

from app.models import DESCRIPTION_LENGTH, OPEN, STATUSES, TITLE_LENGTH

FIELDS = ("title", "description", "status")


def clean_entry(data: Mapping, status: str = OPEN) -> tuple[dict[str, str], dict[str, str]]:
    """Return the values of data ready to store, and an error message for each field that cannot be.

    A status that data leaves out stays as it is. The values of fields with an error are what can be shown of them.
    """
    given = {"title": "", "description": "", "status": status, **{name: data[name] for name in FIELDS if name in data}}
    texts = {name: value if isinstance(value, str) else "" for name, value in given.items()}
    values = {
        "title": clean_text(texts["title"]),
        "description": clean_text(texts["description"]),
        "status": texts["status"],
    }
    errors = {
        "title": title_error(values["title"]),
        "description": description_error(values["description"]),
        "status": None if values["status"] in STATUSES else "Choose open or done.",
    }
    wrong_types = {name: f"The {name} must be text." for name, value in given.items() if not isinstance(value, str)}
    return values, {field: error for field, error in errors.items() if error} | wrong_types


def clean_text(text: str) -> str:
    """Return text without space around it, in one form (NFC) whatever typed it, its lines ended by a newline."""
    # Browsers send line ends as CRLF and count them as one character.
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def title_error(title: str) -> str | None:
    if has_any(title, CONTROLS | LINE_ENDS):
        return "The title contains a control character or a line break."
    if has_any(title, SURROGATES):
        return "The title contains half a character."
    if not any(c.isprintable() and not c.isspace() for c in title):
        return "Give the entry a title."
    if len(title) > TITLE_LENGTH:
        return f"The title has {len(title)} characters; {TITLE_LENGTH} is the limit."
    return None


def description_error(description: str) -> str | None:
    if has_any(description, CONTROLS, allowed="\n\t"):
        return "The description contains a control character."
    if has_any(description, SURROGATES):
        return "The description contains half a character."
    if len(description) > DESCRIPTION_LENGTH:
        return f"The description has {len(description)} characters; {DESCRIPTION_LENGTH} is the limit."
    return None


# Categories of Unicode. Half of a surrogate pair can be written in JSON, but in no encoding of text.
CONTROLS, LINE_ENDS, SURROGATES = frozenset({"Cc"}), frozenset({"Zl", "Zp"}), frozenset({"Cs"})


def has_any(text: str, categories: frozenset[str], allowed: str = "") -> bool:
    return any(unicodedata.category(c) in categories and c not in allowed for c in text)
