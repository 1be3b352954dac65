"""What was deleted lately, each with a way back."""

from flask import Blueprint, render_template

from app import database, store

blueprint = Blueprint("deleted", __name__)


@blueprint.get("/deleted")
def index():
    entries = database.read(store.recently_deleted)
    return render_template("deleted.html", entries=entries, days=store.KEEP_DELETED, shown=store.PAGE_SIZE)
