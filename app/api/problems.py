"""Errors of the API as RFC 9457 has them: application/problem+json."""

import json
from http import HTTPStatus

from flask import Response, request

PREFIX = "/api/"

# What to say when there is nothing more particular to say.
DETAILS = {
    400: "The request is malformed.",
    404: "There is no such address or entry, or the entry was deleted.",
    405: "This address does not take that method. Nothing was changed.",
    413: "The body is larger than any entry. Nothing was saved.",
    500: "That was our mistake, and it was logged. The change may or may not have been saved.",
    503: "The database is away. Try again in a few seconds; with an Idempotency-Key nothing is created twice.",
}


class Problem(Exception):
    """An error to answer with: status, what is wrong, headers, and members of the answer besides."""

    def __init__(self, status: int, detail: str, headers: dict | None = None, **more):
        super().__init__(detail)
        self.status, self.detail, self.headers, self.more = status, detail, headers or {}, more


def is_api() -> bool:
    return request.path.startswith(PREFIX)


def problem(status: int, detail: str = "", headers: dict | None = None, **more) -> Response:
    """Return the answer; more is added to its members, as `errors`, a message for each field or parameter."""
    title = HTTPStatus(status).phrase
    members = {"title": title, "status": status, "detail": detail or DETAILS.get(status, f"{title}."), **more}
    return Response(json.dumps(members), status, headers, mimetype="application/problem+json")
