"""The API's OpenAPI 3.1 document, as data. tests/test_app_api_document.py holds the API to it."""

from functools import cache

from app.api.requests import KEY, LARGEST_LIMIT
from app.models import DESCRIPTION_LENGTH, OPEN, STATUSES, TITLE_LENGTH
from app.store import CANDIDATES, KEEP_DELETED, KEEP_KEYS, PAGE_SIZE, SEARCH_LENGTH, SEARCH_SORTS, SEARCH_WORDS, SORTS
from app.store.query import LARGEST_ID

ABOUT = f"""\
Entries with title, description and status. Every change of an entry raises its `version`, which is its `ETag`.
Send that as `If-Match` with a change, and nothing that somebody else did meanwhile is lost.

Lists come in pages: follow `next` until it is null. There is no number of all entries, and no page number.
A search finds entries that have all its words, regardless of case and accents. The last one may be the beginning of a
word, unless more than {CANDIDATES} words begin so.

Errors are `application/problem+json`; `errors` says what is wrong with each field or parameter. There is no sign-in.
"""
# Control characters and ends of lines are refused, but white space around a text is taken off first.
LINE = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]"
FORMAT = r"\u00ad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
VISIBLE = rf"[^\u0000-\u001f\u007f-\u009f\s{FORMAT}]"
FIELDS = {
    "title": {
        "type": "string",
        "minLength": 1,
        "maxLength": TITLE_LENGTH,
        "pattern": rf"^\s*{LINE}*{VISIBLE}{LINE}*\s*$",
        "description": "One line without control characters. Space around it is taken off; NFC.",
    },
    "description": {
        "type": "string",
        "maxLength": DESCRIPTION_LENGTH,
        "pattern": r"^\s*[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*\s*$",
        "description": "Lines, ended by newlines. Space around it is taken off; NFC.",
    },
    "status": {"type": "string", "enum": list(STATUSES)},
}
TIME = {"type": "string", "format": "date-time", "description": "UTC, in whole seconds."}
ID = {"type": "integer", "format": "int64", "minimum": 1}
LINK = {"type": ["string", "null"], "format": "uri-reference"}
PROBLEM = {
    "type": "object",
    "required": ["title", "status", "detail"],
    "properties": {
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, for people."},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "Field or parameter: what is wrong with it.",
        },
    },
    "additionalProperties": False,
}
ENTRY = {"id": ID, **FIELDS, "created_at": TIME, "updated_at": TIME, "version": {"type": "integer", "minimum": 1}}
LIST = {
    "entries": {"type": "array", "items": {"$ref": "#/components/schemas/Entry"}, "maxItems": LARGEST_LIMIT},
    "next": {**LINK, "description": "The page after this one."},
    "prev": {**LINK, "description": "The page before this one."},
    "partial": {
        "type": "boolean",
        "description": f"A search looks at {CANDIDATES} entries at a time: true if it stopped there. `next` goes on.",
    },
}
ETAG = {"schema": {"type": "string"}, "description": "The entry's version, in quotes."}

# Status: what it means. Each is an answer with a problem in it.
PROBLEMS = {
    400: "A parameter, a header or the JSON is malformed",
    403: "Sent by a browser from another site's page",
    404: "No such entry, or it is deleted",
    406: "The Accept header does not allow JSON",
    412: "The entry has another version than If-Match names",
    413: "The body is too large",
    415: "The body is of another type than JSON",
    422: "A field is missing, unknown or not valid",
    428: "If-Match is missing",
    503: "The database is away, or its answer to a change was lost; Retry-After says for how long",
}
ALWAYS = (400, 406, 503)


def closed(properties: dict, required) -> dict:
    """Return the schema of an object with these properties and no others."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def parameter(name: str, description: str, schema: dict, place: str = "query", **more) -> dict:
    return {"name": name, "in": place, "description": description, "schema": schema, **more}


PARAMETERS = [
    parameter("status", "Only those with this status.", {"type": "string", "enum": list(STATUSES)}),
    parameter(
        "sort",
        f"The order. With `search` only {' and '.join(SEARCH_SORTS)}.",
        {"type": "string", "enum": list(SORTS), "default": next(iter(SORTS))},
    ),
    parameter("search", f"At most {SEARCH_WORDS} words.", {"type": "string", "maxLength": SEARCH_LENGTH}),
    parameter(
        "cursor", "Where the page begins: part of `next` and `prev`.", {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}
    ),
    parameter(
        "limit", "How many at most.", {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": PAGE_SIZE}
    ),
]
ENTRY_ID = parameter("id", "", {**ID, "maximum": LARGEST_ID - 1}, "path", required=True)
IDEMPOTENCY_KEY = parameter(
    "Idempotency-Key",
    f"Any new text, such as a UUID. A request sent again with it within {KEEP_KEYS} days creates nothing new and gets "
    "the answer that the first one got.",
    {"type": "string", "pattern": f"^{KEY.pattern}$"},
    "header",
)
IF_NONE_MATCH = parameter("If-None-Match", "The ETag of what you have.", {"type": "string"}, "header")
MATCH = parameter(
    "If-Match",
    "The ETag of what you have seen, or `*` to overwrite whatever there is.",
    {"type": "string", "pattern": r'^(\*|"[!#-~]*")$'},
    "header",
)


def answer(description: str, schema: str | None = None, **headers) -> dict:
    response = {"description": description}
    if headers:
        response["headers"] = {name.replace("_", "-"): header for name, header in headers.items()}
    if schema:
        response["content"] = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return response


def body(schema: str, *types: str) -> dict:
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {"required": True, "content": dict.fromkeys(types or ("application/json",), content)}


def operation(name: str, summary: str, answers: dict, problems=(), **more) -> dict:
    """Return an operation with its answers, and those of its problems besides the ones that every operation has."""
    failures = {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted({*ALWAYS, *problems})}
    return {"operationId": name, "summary": summary, **more, "responses": {**answers, **failures}}


def list_of_entries() -> dict:
    """Return the operations on the list."""
    location = {"schema": {"type": "string", "format": "uri-reference"}, "description": "The entry's address."}
    return {
        "get": operation("listEntries", "List entries", {"200": answer("A page", "List")}, parameters=PARAMETERS),
        "post": operation(
            "createEntry",
            "Create an entry",
            {"201": answer("The new entry", "Entry", ETag=ETAG, Location=location)},
            (403, 413, 415, 422),
            parameters=[IDEMPOTENCY_KEY],
            requestBody=body("NewEntry"),
        ),
    }


def one_entry() -> dict:
    """Return the operations on an entry."""
    changed = {"200": answer("The entry as it is now", "Entry", ETag=ETAG)}
    of_change = (403, 404, 412, 413, 415, 422, 428)
    return {
        "parameters": [ENTRY_ID],
        "get": operation(
            "readEntry",
            "Read an entry",
            {"200": answer("The entry", "Entry", ETag=ETAG), "304": answer("It is what you have", ETag=ETAG)},
            (404, 412),
            parameters=[IF_NONE_MATCH],
        ),
        "put": operation(
            "replaceEntry",
            "Replace an entry",
            changed,
            of_change,
            parameters=[{**MATCH, "required": True}],
            requestBody=body("EntryFields"),
        ),
        "patch": operation(
            "changeEntry",
            "Change some fields of an entry",
            changed,
            of_change,
            parameters=[{**MATCH, "required": True}],
            requestBody=body("EntryPatch", "application/merge-patch+json", "application/json"),
        ),
        "delete": operation(
            "deleteEntry",
            "Delete an entry",
            {"204": answer("It is deleted")},
            (403, 404, 412),
            parameters=[MATCH],
            description=f"It can be restored for {KEEP_DELETED} days, so If-Match is not required.",
        ),
    }


def deleted_entry() -> dict:
    """Return the operation on an entry that was deleted."""
    return {
        "parameters": [ENTRY_ID],
        "post": operation(
            "restoreEntry",
            "Restore a deleted entry",
            {"200": answer("The entry, deleted before or not", "Entry", ETag=ETAG)},
            (403, 404, 415),
        ),
    }


def paths() -> dict:
    return {"/entries": list_of_entries(), "/entries/{id}": one_entry(), "/entries/{id}/restore": deleted_entry()}


@cache
def document() -> dict:
    """Return the document."""
    defaults = {"description": "", "status": OPEN}
    optional = {name: {**FIELDS[name], "default": value} for name, value in defaults.items()}
    retry_after = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Entries", "version": "1", "description": ABOUT},
        "servers": [{"url": "/api/v1"}],
        "paths": paths(),
        "components": {
            "schemas": {
                "Entry": closed(ENTRY, ENTRY),
                "List": closed(LIST, LIST),
                "NewEntry": closed({**FIELDS, **optional}, ["title"]),
                "EntryFields": closed(FIELDS, FIELDS),
                "EntryPatch": closed(FIELDS, ()),
                "Problem": PROBLEM,
            },
            "responses": {
                str(status): {
                    "description": text,
                    "content": problem,
                    **({"headers": retry_after} if status == 503 else {}),
                }
                for status, text in PROBLEMS.items()
            },
        },
    }
