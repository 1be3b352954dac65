"""A list as a file, read and sent page by page: ten entries and ten million take the same memory."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain

from flask import Blueprint, Response, request, stream_with_context

from app import database, store
from app.pages import spreadsheet
from app.pages.addresses import list_in, query_of

blueprint = Blueprint("exports", __name__)


@blueprint.get("/entries.csv")
def as_csv():
    return download("entries.csv", "text/csv", spreadsheet.write(found()))


@blueprint.get("/entries.json")
def as_json():
    return download("entries.json", "application/json", json_array(found()))


def found() -> Iterable[store.StoredEntry]:
    """Return the entries of the list that the address names, from its beginning.

    The first ones are read at once: what goes wrong there is an error page, not half a file.
    """
    given = list_in(request.args)
    given.pop("cursor", None)
    entries = store.stream(database.read, query_of(given))
    first = next(entries, None)
    return [] if first is None else chain([first], entries)


def json_array(entries: Iterable[store.StoredEntry]) -> Iterator[str]:
    before = "[\n"
    for entry in entries:
        times = {name: f"{getattr(entry, name).isoformat()}Z" for name in ("created_at", "updated_at")}
        yield before + json.dumps({**entry._asdict(), **times}, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def download(name: str, mimetype: str, parts: Iterator[str]) -> Response:
    response = Response(stream_with_context(parts), mimetype=mimetype)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response
