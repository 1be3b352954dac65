"""The pages: list, add, edit, mark as done or open again, delete."""

from flask import Blueprint, Flask, abort, flash, redirect, render_template, request, url_for
from werkzeug.routing import BaseConverter

from app import database, store
from app.models import DONE, OPEN
from app.validation import clean_entry

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
    cursor = request.args.get("cursor")
    page = database.read(store.page, store.make_query(cursor=cursor))
    return render_template("index.html", page=page, cursor=cursor)


@blueprint.route("/entries/new", methods=["GET", "POST"])
def add():
    if request.method == "GET":
        return render_template("form.html", values={"status": OPEN}, errors={})
    values, errors = clean_entry(request.form)
    if errors:
        return render_template("form.html", values=values, errors=errors), 422
    database.write(store.create, values)
    flash("Entry added.")
    return redirect(url_for(".index"), 303)


@blueprint.route("/entries/<id:entry_id>/edit", methods=["GET", "POST"])
def edit(entry_id):
    entry = database.read(store.get, entry_id)
    if request.method == "GET":
        return render_template("form.html", entry=entry, values=entry, errors={})
    values, errors = clean_entry(request.form, status=entry.status)
    if errors:
        return render_template("form.html", entry=entry, values=values, errors=errors), 422
    database.write(store.update_entry, entry_id, values)
    flash("Changes saved.")
    return redirect(url_for(".index"), 303)


@blueprint.post("/entries/<id:entry_id>/toggle")
def toggle(entry_id):
    entry = database.write(store.toggle, entry_id)
    flash("Marked as done." if entry.status == DONE else "Opened again.")
    return back_to_list()


@blueprint.post("/entries/<id:entry_id>/delete")
def delete(entry_id):
    if not database.write(store.delete_entries, [entry_id]):
        abort(404)
    flash("Entry deleted.")
    return back_to_list()


def back_to_list():
    """Redirect to the page of the list whose form was sent."""
    cursor = request.form.get("cursor") or None
    store.make_query(cursor=cursor)
    return redirect(url_for(".index", cursor=cursor), 303)
