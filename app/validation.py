"""What may be stored, whoever sends it: pages, API and imports. Nothing may write an entry around it."""

import unicodedata
from collections.abc import Mapping

from app.models import DESCRIPTION_LENGTH, OPEN, STATUSES, TITLE_LENGTH

FIELDS = ("title", "description", "status")
# What is taken off around a text: the white space of JavaScript's expressions, which the API's document uses.
SPACE = " \t\n\v\f\r\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
# Categories of Unicode. Half of a surrogate pair can be written in JSON, but in no encoding of text.
CONTROLS, LINE_ENDS, SURROGATES = frozenset({"Cc"}), frozenset({"Zl", "Zp"}), frozenset({"Cs"})


def clean_entry(data: Mapping, status: str = OPEN) -> tuple[dict[str, str], dict[str, str]]:
    """Return the values of data ready to store, and an error message for each field that cannot be.

    data may lack fields: a status stays as it is, the others are empty. Fields that entries have not are left aside.
    """
    sent = {name: data[name] for name in FIELDS if name in data}
    return clean_fields({"title": "", "description": "", "status": status} | sent)


def clean_fields(data: Mapping) -> tuple[dict[str, str], dict[str, str]]:
    """Return the values of those fields that data has, and their errors, as clean_entry does."""
    values, errors = {}, {}
    for name in FIELDS:
        if name not in data:
            continue
        is_text = isinstance(data[name], str)
        values[name] = (data[name] if name == "status" else clean_text(data[name])) if is_text else ""
        error = ERRORS[name](values[name]) if is_text else f"The {name} must be text."
        if error:
            errors[name] = error
    return values, errors


def clean_text(text: str) -> str:
    """Return text without space around it, in one form (NFC) whatever typed it, its lines ended by a newline."""
    # Browsers send line ends as CRLF and count them as one character.
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip(SPACE)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def title_error(title: str) -> str | None:
    if has_any(title, CONTROLS | LINE_ENDS):
        return "The title contains a control character or a line break."
    if has_any(title, SURROGATES):
        return "The title contains half a character."
    # Format characters alone, such as a space without width, show nothing.
    if all(c.isspace() or unicodedata.category(c) == "Cf" for c in title):
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


def has_any(text: str, categories: frozenset[str], allowed: str = "") -> bool:
    if text.isascii() and text.isprintable():
        return False  # most are, and none of those has any
    return any(unicodedata.category(c) in categories and c not in allowed for c in text)


def status_error(status: str) -> str | None:
    return None if status in STATUSES else "Choose open or done."


ERRORS = {"title": title_error, "description": description_error, "status": status_error}
