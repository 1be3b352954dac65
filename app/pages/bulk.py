"""One change to several entries at once, and taking it back."""

import re

from flask import Blueprint, abort, request

from app import database, store
from app.models import DONE, OPEN
from app.pages.addresses import back_to, list_of_form
from app.pages.notices import entries, tell

blueprint = Blueprint("bulk", __name__)

LIMIT = 2 * store.PAGE_SIZE  # more than one page can select
ID = re.compile("[1-9][0-9]{0,17}")


@blueprint.post("/entries/bulk")
def change():
    given, ids = list_of_form(), selected(request.form.getlist("id"))
    action = ACTIONS.get(request.form.get("action"))
    if action is None:
        abort(400)
    if ids:
        action(ids)
    else:
        tell("No entry was selected.")
    return back_to(given)


def selected(texts: list[str]) -> list[int]:
    """Return the ids, each once; abort with 400 if one is none, or there are too many."""
    if len(texts) > LIMIT or not all(ID.fullmatch(text) for text in texts):
        abort(400)
    return list(dict.fromkeys(int(text) for text in texts))


def mark_done(ids: list[int]) -> None:
    changed = database.write(store.set_status, ids, DONE)
    tell(f"{entries(len(changed))} marked as done.", undo="open", ids=changed)


def mark_open(ids: list[int]) -> None:
    changed = database.write(store.set_status, ids, OPEN)
    tell(f"{entries(len(changed))} opened again.", undo="done", ids=changed)


def delete(ids: list[int]) -> None:
    deleted = database.write(store.delete_entries, ids)
    tell(f"{entries(len(deleted))} deleted.", undo="restore", ids=deleted)


def restore(ids: list[int]) -> None:
    restored = database.write(store.restore, ids)
    missing = len(ids) - len(restored)
    tell(f"{entries(len(restored))} restored." + (f" {entries(missing)} could not be." if missing else ""))


ACTIONS = {"done": mark_done, "open": mark_open, "delete": delete, "restore": restore}
