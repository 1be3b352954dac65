"""What may be stored, whoever sends it. Pages use it now; nothing else may write an entry around it."""

import unicodedata
from collections.abc import Mapping

from app.models import DESCRIPTION_LENGTH, OPEN, STATUSES, TITLE_LENGTH


def clean_entry(data: Mapping[str, str], status: str = OPEN) -> tuple[dict, dict]:
    """Return the values of data ready to store, and an error message for each field that cannot be.

    A status that data leaves out stays as it is.
    """
    values = {
        "title": data.get("title", "").strip(),
        # Browsers send line ends as CRLF and count them as one character.
        "description": data.get("description", "").replace("\r\n", "\n").replace("\r", "\n").strip(),
        "status": data.get("status", status),
    }
    errors = {
        "title": title_error(values["title"]),
        "description": description_error(values["description"]),
        "status": None if values["status"] in STATUSES else "Choose open or done.",
    }
    return values, {field: error for field, error in errors.items() if error}


def title_error(title: str) -> str | None:
    if has_control_characters(title):
        return "The title contains a control character or a line break."
    if not any(c.isprintable() and not c.isspace() for c in title):
        return "Give the entry a title."
    if len(title) > TITLE_LENGTH:
        return f"The title has {len(title)} characters; {TITLE_LENGTH} is the limit."
    return None


def description_error(description: str) -> str | None:
    if has_control_characters(description, allowed="\n\t"):
        return "The description contains a control character."
    if len(description) > DESCRIPTION_LENGTH:
        return f"The description has {len(description)} characters; {DESCRIPTION_LENGTH} is the limit."
    return None


def has_control_characters(text: str, allowed: str = "") -> bool:
    return any(unicodedata.category(c) == "Cc" and c not in allowed for c in text)
