"""What the next page says of a change, once. It travels in Flask's signed session cookie, which ends with it."""

from collections.abc import Collection

from flask import flash


def tell(text: str, undo: str = "", ids: Collection[int] = ()) -> None:
    """Show text on the next page; with undo, a button beside it sends that bulk action for ids."""
    flash({"text": text, "undo": undo, "ids": list(ids)})


def entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"
