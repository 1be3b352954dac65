"""The JSON API: /api/v1/entries."""

import json
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request

from app import database, store
from app.answers import Answer
from app.api.document import document
from app.api.problems import Problem, problem
from app.api.requests import (
    JSON,
    MERGE_PATCH,
    check_acceptable,
    check_origin,
    check_type,
    fields,
    idempotency_key,
    invalid,
    query_and_limit,
    versions,
)
from app.validation import FIELDS, clean_entry, clean_fields

PREFIX = "/api/v1"

blueprint = Blueprint("api", __name__, url_prefix=PREFIX)


@blueprint.before_request
def check_request():
    if request.endpoint != "api.docs":
        check_acceptable()
    check_origin()


@blueprint.get("/entries")
def index():
    query, limit = query_and_limit()
    page = database.read(store.page, query, limit)
    return answer(
        {
            "entries": [represent(entry) for entry in page.entries],
            "next": page.next and link(page.next),
            "prev": page.prev and link(page.prev),
            "partial": page.is_partial,
        }
    )


@blueprint.post("/entries")
def create():
    key = idempotency_key()
    values, errors = clean_entry(fields(JSON, required=("title",)))
    if errors:
        raise invalid(errors)
    entry = database.write(store.create_once, key, values) if key else database.write(store.create, values)
    response = answer_entry(entry)
    response.status_code = 201
    response.location = f"{PREFIX}/entries/{entry.id}"
    return response


@blueprint.get("/entries/<id:entry_id>")
def read(entry_id):
    entry = database.read(store.get, entry_id)
    response = answer_entry(entry)
    if request.if_match.star_tag:  # any version is asked for, which Werkzeug takes for none
        return response
    if response.make_conditional(request).status_code == 412:
        raise store.Conflict(entry)
    return response


@blueprint.put("/entries/<id:entry_id>")
def replace(entry_id):
    return change(entry_id, versions(required=True), fields(JSON, required=FIELDS))


@blueprint.patch("/entries/<id:entry_id>")
def patch(entry_id):
    return change(entry_id, versions(required=True), fields(MERGE_PATCH, JSON))


@blueprint.delete("/entries/<id:entry_id>")
def delete(entry_id):
    database.write(store.delete_entry, entry_id, versions(required=False))
    return "", 204


@blueprint.post("/entries/<id:entry_id>/restore")
def restore(entry_id):
    if request.content_type:
        check_type(JSON)
    return answer_entry(database.write(restored, entry_id))


@blueprint.get("/openapi.json")
def openapi():
    return answer(document())


@blueprint.get("/docs")
def docs():
    return render_template("api.html", api=document())


def change(entry_id: int, based_on: frozenset[int] | None, given: dict) -> Response:
    """Give the entry the fields given, if it is still what the client has seen."""
    values, errors = clean_fields(given)
    if errors:
        raise invalid(errors)
    return answer_entry(database.write(store.update_entry, entry_id, values, based_on))


def restored(connection, entry_id: int) -> store.StoredEntry:
    """Bring the entry back if it is deleted; it is no error if it is not."""
    store.restore(connection, [entry_id])
    return store.get(connection, entry_id)


def represent(entry: store.StoredEntry) -> dict:
    times = {"created_at": f"{entry.created_at.isoformat()}Z", "updated_at": f"{entry.updated_at.isoformat()}Z"}
    return {**entry._asdict(), **times}


def answer(data: dict) -> Response:
    return Answer(json.dumps(data), mimetype=JSON)


def answer_entry(entry: store.StoredEntry) -> Response:
    response = answer(represent(entry))
    response.set_etag(str(entry.version))
    return response


def link(cursor: str) -> str:
    return f"{request.path}?{urlencode(request.args.to_dict() | {'cursor': cursor})}"


@blueprint.errorhandler(Problem)
def known_problem(error):
    return problem(error.status, error.detail, error.headers, **error.more)


@blueprint.errorhandler(store.InvalidQuery)
def invalid_query(error):
    return problem(400, str(error), errors={error.field: str(error)})


@blueprint.errorhandler(store.Conflict)
def changed_meanwhile(error):
    detail = f"The entry was changed since: it is at version {error.entry.version} now. Nothing was changed."
    return problem(412, detail, {"ETag": f'"{error.entry.version}"'})


@blueprint.errorhandler(store.KeyReused)
def key_reused(error):
    return problem(422, "This Idempotency-Key came with another body before. Nothing was saved.")
