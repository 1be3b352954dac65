"""The pages: list, add, edit, mark as done or open again, delete."""

import re

from flask import Blueprint, Flask, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import delete as sql_delete
from sqlalchemy import select
from werkzeug.routing import BaseConverter

from app.models import DONE, OPEN, Entry, db
from app.validation import clean_entry

PAGE_SIZE = 50
ID = r"[1-9][0-9]{0,17}"  # every id that a BIGINT column can hold, near enough; anything else is not found

blueprint = Blueprint("entries", __name__)


class IdConverter(BaseConverter):
    regex = ID

    def to_python(self, value):
        return int(value)


def init_app(app: Flask) -> None:
    app.url_map.converters["id"] = IdConverter
    app.register_blueprint(blueprint)


@blueprint.get("/")
def index():
    entries, older = newest_entries(before_argument(request.args))
    return render_template("index.html", entries=entries, older=older, before=request.args.get("before"))


@blueprint.route("/entries/new", methods=["GET", "POST"])
def add():
    if request.method == "GET":
        return render_template("form.html", values={"status": OPEN}, errors={})
    values, errors = clean_entry(request.form)
    if errors:
        return render_template("form.html", values=values, errors=errors), 422
    db.session.add(Entry(**values))
    db.session.commit()
    flash("Entry added.")
    return redirect(url_for(".index"), 303)


@blueprint.route("/entries/<id:entry_id>/edit", methods=["GET", "POST"])
def edit(entry_id):
    entry = db.get_or_404(Entry, entry_id)
    if request.method == "GET":
        return render_template("form.html", entry=entry, values=entry, errors={})
    values, errors = clean_entry(request.form, status=entry.status)
    if errors:
        return render_template("form.html", entry=entry, values=values, errors=errors), 422
    for field, value in values.items():
        setattr(entry, field, value)
    db.session.commit()
    flash("Changes saved.")
    return redirect(url_for(".index"), 303)


@blueprint.post("/entries/<id:entry_id>/toggle")
def toggle(entry_id):
    entry = db.get_or_404(Entry, entry_id)
    entry.status = OPEN if entry.status == DONE else DONE
    db.session.commit()
    flash("Marked as done." if entry.status == DONE else "Opened again.")
    return back_to_list()


@blueprint.post("/entries/<id:entry_id>/delete")
def delete(entry_id):
    if not db.session.execute(sql_delete(Entry).where(Entry.id == entry_id)).rowcount:
        abort(404)
    db.session.commit()
    flash("Entry deleted.")
    return back_to_list()


def newest_entries(before: int | None) -> tuple[list[Entry], int | None]:
    """Return one page of entries, newest first, older than the id before, and the id that the next page starts from.

    By key and not by offset: the page at the end of a million rows costs what the first one costs.
    """
    query = select(Entry).order_by(Entry.id.desc()).limit(PAGE_SIZE + 1)
    if before:
        query = query.where(Entry.id < before)
    entries = list(db.session.scalars(query))
    has_older = len(entries) > PAGE_SIZE
    return entries[:PAGE_SIZE], entries[PAGE_SIZE - 1].id if has_older else None


def before_argument(arguments) -> int | None:
    """Return the id that a list's page starts from; abort with 404 if it is none."""
    before = arguments.get("before", "")
    if not before:
        return None
    if not re.fullmatch(ID, before):
        abort(404)
    return int(before)


def back_to_list():
    """Redirect to the page of the list whose form was sent."""
    return redirect(url_for(".index", before=before_argument(request.form)), 303)
