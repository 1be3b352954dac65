"""The address of a list says which entries it shows: status, order, search, and where its page begins."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Response, request

from app import store
from app.answers import see

NAMES = ("status", "sort", "q", "cursor")
NOT_OF_A_SEARCH = set(store.SORTS) - set(store.SEARCH_SORTS)


def list_in(arguments: Mapping[str, str]) -> dict[str, str]:
    """Return what arguments say of a list, without what they leave as it is anyway."""
    given = {name: arguments[name] for name in NAMES if arguments.get(name)}
    # The form sends the order along; a search that does not have it shows the newest first instead of an error.
    if given.get("sort") in ({store.NEWEST} | NOT_OF_A_SEARCH if "q" in given else {store.NEWEST}):
        del given["sort"]
    return given


def query_of(given: Mapping[str, str]) -> store.Query:
    """Return the query for the list that list_in() returned; raise store.InvalidQuery."""
    return store.make_query(given.get("status"), given.get("sort"), given.get("q"), given.get("cursor"))


def address_of(given: Mapping[str, str], path: str = "/", **changes: str) -> str:
    """Return the address of a list with changes, which begins at its first page unless they name a cursor."""
    arguments = urlencode({name: value for name, value in {**given, "cursor": "", **changes}.items() if value})
    return f"{path}?{arguments}" if arguments else path


def list_of_form() -> dict[str, str]:
    """Return the list that the form's field "list" names. Asked before a change: a wrong one must change nothing."""
    sent = request.form.get("list")
    given = list_in(dict(parse_qsl(sent))) if sent else {}
    if given:
        query_of(given)
    return given


def list_before() -> dict[str, str]:
    """Return the list from which the visitor came to this page, the plain one if none."""
    try:
        referrer = urlsplit(request.referrer or "")
        if referrer.netloc != request.host or referrer.path != "/":
            return {}
        given = list_in(dict(parse_qsl(referrer.query)))
        query_of(given)
    except ValueError:  # no address, or no such list
        return {}
    return given


def back_to(given: Mapping[str, str], fragment: str = "") -> Response:
    """Redirect to a list, to the page of it that was left."""
    return see(address_of(given, cursor=given.get("cursor", "")) + fragment)
