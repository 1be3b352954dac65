"""Entries from a CSV file: what is valid is stored, all of it or nothing, and what is refused is told line by line."""

from typing import BinaryIO, NamedTuple

from flask import Blueprint, render_template, request

from app import database, store
from app.config import IMPORT_BYTES
from app.pages import spreadsheet
from app.pages.notices import entries
from app.validation import clean_entry

blueprint = Blueprint("imports", __name__)

ROWS = 5000
BATCH = 500
SHOWN = 100  # refused lines; more of them would hide what is wrong


class Report(NamedTuple):
    """What a file holds: values ready to store, and refused lines as (line, title, problems)."""

    rows: list[dict[str, str]]
    refused: list[tuple[int, str, list[str]]]


@blueprint.route("/entries/import", methods=["GET", "POST"])
def import_file():
    if request.method == "GET":
        return import_page()
    file = request.files.get("file")
    if not file or not file.filename:
        return import_page(error="Choose a file first."), 422
    try:
        report = report_on(file.stream)
    except spreadsheet.Unreadable as error:
        return import_page(error=str(error)), 422
    checked_only = request.form.get("action") == "check"
    if not checked_only and report.rows:
        database.write(store_rows, report.rows)
    return import_page(report=report, checked_only=checked_only)


def import_page(**more) -> str:
    limits = {"rows": ROWS, "megabytes": IMPORT_BYTES >> 20, "shown": SHOWN}
    return render_template("import.html", limits=limits, entries=entries, **more)


def report_on(file: BinaryIO) -> Report:
    """Return what can be stored of the file and what not; raise spreadsheet.Unreadable."""
    report = Report([], [])
    for count, row in enumerate(spreadsheet.read(file), 1):
        if count > ROWS:
            raise spreadsheet.Unreadable(f"The file has more than {ROWS} rows. Split it and import the parts.")
        values, errors = clean_entry(row.cells)
        problems = [row.problem] if row.problem else list(errors.values())
        if problems:
            report.refused.append((row.line, row.cells.get("title", ""), problems))
        else:
            report.rows.append(values)
    return report


def store_rows(connection, rows: list[dict[str, str]]) -> None:
    for start in range(0, len(rows), BATCH):
        store.create_many(connection, rows[start : start + BATCH])
