"""A plain application as Flask-SQLAlchemy's own documentation teaches it, on the same tables and addresses.

`paginate()` counts all entries for each page, search is LIKE, each row has its own forms and `url_for()`. It keeps no
words for search, moves nothing to the deleted entries, and has neither CSRF tokens nor headers nor a log.
"""

import os
from datetime import UTC, datetime

from flask import Flask, flash, redirect, render_template, request, url_for
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


class Entry(db.Model):
    """An entry."""

    __tablename__ = "entries"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    description: Mapped[str]
    status: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    version: Mapped[int] = mapped_column(default=1)


app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]
app.config["SQLALCHEMY_DATABASE_URI"] = URL.create(
    "mysql+pymysql",
    os.environ["DATABASE_USERNAME"],
    os.environ["DATABASE_PASSWORD"],
    os.environ["DATABASE_HOST"],
    int(os.environ["DATABASE_PORT"]),
    os.environ["DATABASE_NAME"],
)
db.init_app(app)


def found():
    """The page asked for, of the entries asked for."""
    statement = db.select(Entry).order_by(Entry.id.desc())
    if status := request.args.get("status"):
        statement = statement.where(Entry.status == status)
    if q := request.args.get("q"):
        statement = statement.where(Entry.title.contains(q) | Entry.description.contains(q))
    return db.paginate(statement, per_page=50)


@app.get("/")
def index():
    return render_template("list.html", page=found())


@app.get("/api/v1/entries")
def api():
    names = Entry.__table__.columns.keys()
    return {"entries": [{name: getattr(entry, name) for name in names} for entry in found()]}


@app.post("/entries/new")
def create():
    db.session.add(Entry(**{name: request.form[name] for name in ("title", "description", "status")}))
    db.session.commit()
    flash("Entry added.")
    return redirect(url_for("index"), 303)


@app.route("/entries/<int:entry_id>/edit", methods=["GET", "POST"])
def edit(entry_id):
    entry = db.get_or_404(Entry, entry_id)
    if request.method == "GET":
        return render_template("form.html", entry=entry)
    entry.title, entry.description = request.form["title"], request.form["description"]
    entry.status = request.form["status"]
    entry.version += 1
    db.session.commit()
    flash("Changes saved.")
    return redirect(url_for("index"), 303)


@app.post("/entries/<int:entry_id>/<any(done, open):status>")
def mark(entry_id, status):
    entry = db.get_or_404(Entry, entry_id)
    entry.status = status
    entry.version += 1
    db.session.commit()
    flash("Status changed.")
    return redirect(url_for("index"), 303)


@app.post("/entries/<int:entry_id>/delete")
def delete(entry_id):
    db.session.delete(db.get_or_404(Entry, entry_id))
    db.session.commit()
    flash("Entry deleted.")
    return redirect(url_for("index"), 303)
