"""The list of entries, the form of one, and what is done to one from the list."""

import secrets

from flask import Blueprint, abort, render_template, request

from app import database, store
from app.models import DONE, OPEN
from app.pages.addresses import address_of, back_to, list_before, list_in, list_of_form, query_of
from app.pages.notices import tell
from app.validation import clean_entry

blueprint = Blueprint("entries", __name__)

NO_ENTRIES = store.Page([], None, None)


@blueprint.get("/")
def index():
    given = list_in(request.args)
    try:
        page = database.read(store.page, query_of(given))
    except store.InvalidQuery as error:
        if error.field != "search":
            raise
        return list_page(given, NO_ENTRIES, error=str(error)), 400
    return list_page(given, page)


def list_page(given: dict, page: store.Page, error: str | None = None) -> str:
    # Each by its own name, too: what a template does not find in a dictionary costs it an exception.
    asked = {"status": given.get("status", ""), "q": given.get("q", ""), "sort": given.get("sort", "")}
    sorts = store.SEARCH_SORTS if "q" in given else store.SORTS
    shown = {"page": page, "sorts": sorts, "error": error, "address_of": address_of}
    return render_template("list.html", given=given, **asked, **shown)


@blueprint.route("/entries/new", methods=["GET", "POST"])
def add():
    if request.method == "GET":
        return form_page({"status": OPEN})
    values, errors = clean_entry(request.form)
    if errors:
        return form_page(values, errors), 422
    create(values, request.form.get("key"))
    tell("Entry added.")
    return back_to({})


def create(values: dict, key: str | None) -> store.StoredEntry:
    """Store a new entry. The same form sent twice makes one entry; changed and sent again, it makes another."""
    if key:
        try:
            return database.write(store.create_once, key, values)
        except store.KeyReused:
            pass
    return database.write(store.create, values)


@blueprint.route("/entries/<id:entry_id>/edit", methods=["GET", "POST"])
def edit(entry_id):
    if request.method == "GET":
        entry = database.read(store.get, entry_id)
        return form_page(entry._asdict(), entry=entry, given=list_before())
    given, version = list_of_form(), request.form.get("version", "")
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        abort(400)
    return save(entry_id, int(version), given)


def save(entry_id: int, version: int, given: dict):
    """Store the form's values, unless somebody changed or deleted the entry since it was read at version."""
    values, errors = clean_entry(request.form)
    try:
        if errors:
            entry = database.read(store.get, entry_id)
            return form_page(values, errors, entry._replace(version=version), given), 422
        # What the form does not hold stays as it is.
        changes = {name: value for name, value in values.items() if name in request.form}
        database.write(store.update_entry, entry_id, changes, [version])
    except store.NotFound:
        return form_page(values, gone=True), 409
    except store.Conflict as conflict:
        theirs = conflict.entry
        if any(getattr(theirs, name) != value for name, value in values.items()):
            return form_page(values, entry=theirs, given=given, theirs=theirs), 409
    tell("Changes saved.")
    return back_to(given, f"#e{entry_id}")


def form_page(values: dict, errors=None, entry=None, given=None, theirs=None, gone=False) -> str:
    """Return the form with values: of entry at its version, or of a new one.

    theirs is the entry that was stored in the meantime; gone tells that it was deleted.
    """
    back = address_of(given or {}, cursor=(given or {}).get("cursor", ""))
    key = None if entry else secrets.token_urlsafe(12)
    shown = {"values": values, "errors": errors or {}, "entry": entry, "theirs": theirs, "gone": gone}
    return render_template("form.html", **shown, given=given or {}, back=back, key=key)


@blueprint.post("/entries/<id:entry_id>/<any(done, open):status>")
def mark(entry_id, status):
    given = list_of_form()
    database.write_one(store.mark, entry_id, status)
    tell("Marked as done." if status == DONE else "Opened again.")
    return back_to(given)


@blueprint.post("/entries/<id:entry_id>/delete")
def delete(entry_id):
    given = list_of_form()
    database.write(store.delete_entry, entry_id)
    tell("Entry deleted.", undo="restore", ids=[entry_id])
    return back_to(given)
