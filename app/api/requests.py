"""What a request to the API says: its body, its parameters, its conditions. Each function raises Problem."""

import json
import re

from flask import request

from app.api.problems import Problem
from app.store import PAGE_SIZE, Query, make_query
from app.validation import FIELDS

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
PARAMETERS = ("status", "sort", "search", "cursor", "limit")
LARGEST_LIMIT = 100
KEY = re.compile(r"[!-~]{1,255}")
TAG = r'(W/)?"([!#-~]*)"'
IF_MATCH = re.compile(rf"\*|{TAG}( *, *{TAG})*")
VERSION = re.compile(r"[1-9][0-9]{0,8}")


def check_acceptable() -> None:
    """We speak JSON: refuse who wants something else."""
    if request.accept_mimetypes and not request.accept_mimetypes[JSON]:
        raise Problem(406, f"The answer is {JSON}, which the Accept header does not allow.")


def check_origin() -> None:
    """Refuse a change that a browser sends from somebody else's page. Other clients do not send this header."""
    if request.method not in {"GET", "HEAD", "OPTIONS"} and request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise Problem(403, "A page of another site may not change entries.")


def check_type(*types: str) -> None:
    """Refuse a body of another type, or in another encoding than UTF-8. A form of HTML can have none of types."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype not in types or charset not in {"utf-8", "utf8"}:
        header = "Accept-Patch" if request.method == "PATCH" else "Accept-Post"
        raise Problem(415, f"The body must be {' or '.join(types)} in UTF-8.", {header: ", ".join(types)})


def fields(*types: str, required: tuple[str, ...] = ()) -> dict:
    """Return the body, an object with fields of an entry and no others; their values are not checked."""
    check_type(*types)
    try:
        body = json.loads(request.get_data().decode(), object_pairs_hook=unique, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        raise Problem(400, "The body is not valid JSON in UTF-8, or names a field twice.") from None
    if not isinstance(body, dict):
        raise Problem(422, "The body must be an object.")
    errors = dict.fromkeys(set(body) - set(FIELDS), f"Not a field that can be set: those are {', '.join(FIELDS)}.")
    errors |= dict.fromkeys(set(required) - set(body), "This field is missing.")
    if errors:
        raise invalid(errors)
    return body


def invalid(errors: dict[str, str]) -> Problem:
    return Problem(422, "The entry cannot be stored like that.", errors=errors)


def unique(pairs: list[tuple]) -> dict:
    """Take an object of JSON apart, where one that names a field twice may mean either."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError
    return dict(pairs)


def refuse_constant(name: str):
    raise ValueError  # NaN and Infinity, which are not JSON


def query_and_limit() -> tuple[Query, int]:
    """Return which entries are asked for, and how many; raise Problem or InvalidQuery."""
    given = {name: values for name, values in request.args.lists() if name in PARAMETERS}
    errors = dict.fromkeys(set(request.args) - set(PARAMETERS), f"The parameters are {', '.join(PARAMETERS)}.")
    errors |= {name: "Given more than once." for name, values in given.items() if len(values) > 1}
    if errors:
        raise Problem(400, "There is no such list.", errors=errors)
    asked = {name: values[0] for name, values in given.items()}
    limit = asked.pop("limit", str(PAGE_SIZE))
    if not (re.fullmatch("[0-9]{1,3}", limit) and 1 <= int(limit) <= LARGEST_LIMIT):
        message = f"The limit must be a number from 1 to {LARGEST_LIMIT}."
        raise Problem(400, message, errors={"limit": message})
    return make_query(**asked), int(limit)


def idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise Problem(400, "The Idempotency-Key must be 1 to 255 visible ASCII characters, without spaces.")
    return key


def versions(required: bool) -> frozenset[int] | None:
    """Return the versions that a change may be based on, as If-Match names them, None for any."""
    header = request.headers.get("If-Match")
    if header is None:
        if required:
            raise Problem(428, "Send the entry's ETag as If-Match, or * to overwrite whatever there is.")
        return None
    if not IF_MATCH.fullmatch(header):
        # An empty one too: a script with an unset variable did not mean to overwrite.
        raise Problem(400, "If-Match must be an ETag in double quotes, several of them, or *.")
    if header == "*":
        return None
    return frozenset(int(tag) for weak, tag in re.findall(TAG, header) if VERSION.fullmatch(tag) and not weak)
