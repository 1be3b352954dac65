"""Every error as a page. An error page reads neither session nor database, so that it cannot fail in turn."""

from flask import Flask, Response, current_app, render_template, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadHost, HTTPException

from app.api.problems import is_api, problem
from app.database import OutcomeUnknown
from app.outage import is_outage
from app.store import InvalidQuery, NotFound

RETRY_AFTER = 5  # seconds

# Status: (heading, what to do about it).
PAGES = {
    400: ("That request cannot be used", "Something in it is malformed. Go back, reload the page and try again."),
    403: (
        "That did not come from here",
        "Changes are taken from pages of this site only. Nothing was changed. Open the list and try it there.",
    ),
    404: ("Nothing here", "There is no such page, or the entry was deleted in the meantime."),
    405: ("Not that way", "This address does not take that kind of request. Nothing was changed."),
    413: (
        "Too much at once",
        "The form holds more than an entry may, or the file is too large. Shorten it and send it again. "
        "Nothing was saved.",
    ),
    415: ("Not in that form", "This address takes what a form sends, and nothing else. Nothing was changed."),
    500: ("That was our mistake", "The error was logged. Your last change may or may not have been saved: look first."),
    421: ("Not this site", "This address is not one of those that this site answers to."),
    429: ("Too many requests", "Wait a moment and try again."),
    503: ("The database is away", "It should be back in a moment. Your entries are safe. Try again in a few seconds."),
}
OUTCOME_UNKNOWN = (
    "The answer of the database was lost",
    "Your last change may or may not have been saved. Look first, in a few seconds.",
)
OUTCOME_UNKNOWN_TO_PROGRAMS = (
    "The answer of the database was lost: the change may or may not have been stored. Look before sending it again; a "
    "create with an Idempotency-Key can be repeated with the same key, and nothing is created twice."
)


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(PoolTimeout, database_away)
    app.register_error_handler(DBAPIError, database_error)
    app.register_error_handler(OutcomeUnknown, outcome_unknown)
    app.register_error_handler(NotFound, entry_gone)
    app.register_error_handler(InvalidQuery, invalid_query)


def page(code: int, heading: str, advice: str, detail: str = ""):
    """Return the page, or for the API the problem with detail, the usual one of its code if that is empty."""
    if is_api():
        return problem(code, detail), code
    if isinstance(request.routing_exception, BadHost):
        # The page has links, and to a host that can be none Flask makes none.
        return Response(f"{heading}. {advice}\n", code, mimetype="text/plain"), code
    return render_template("error.html", code=code, heading=heading, advice=advice), code


def http_error(error):
    if error.code not in PAGES:
        return page(error.code or 500, error.name, error.description or "")
    body, code = page(error.code, *PAGES[error.code])
    # Headers such as Allow belong to the answer; the type and length would be those of the page we replace.
    headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    return body, code, headers


def database_error(error):
    """Answer 503 if the database cannot serve now. The rest is our mistake, which Flask logs and answers with 500."""
    if is_outage(error):
        return database_away(error)
    raise error


def database_away(error, text: tuple[str, ...] = PAGES[503]):
    """Answer 503: no connection, none in time, lost, refused, or the database still lacks what a migration adds."""
    current_app.logger.warning("database unavailable: %s", getattr(error, "orig", None) or error)
    return *page(503, *text), {"Retry-After": str(RETRY_AFTER)}


def outcome_unknown(error):
    """Answer 503 without the promise that nothing happened."""
    return database_away(error, (*OUTCOME_UNKNOWN, OUTCOME_UNKNOWN_TO_PROGRAMS))


def entry_gone(error):
    return page(404, *PAGES[404])


def invalid_query(error):
    return page(400, "There is no such list", str(error))
