"""What is let in: requests for a name of ours, and bodies of the length that their address takes."""

from flask import Flask, Request, abort, current_app, request

from app.config import FORM_BYTES, IMPORT_BYTES

IMPORT = "/import"  # the end of the paths that take files, here and in docker/nginx.conf.template


class Asked(Request):
    """Flask's own, whose limits are plain values. It would look each of them up in the settings, several times."""

    max_content_length = FORM_BYTES
    max_form_memory_size = 500_000  # of a form with a file, and the next one, too: Flask's own limits
    max_form_parts = 1000


def init_app(app: Flask) -> None:
    # "//" is no address of ours. Flask would redirect to the one with "/", and make that link with the Host header.
    app.url_map.merge_slashes = False
    app.before_request(check)
    app.after_request(take_the_rest)


def check():
    """Refuse what must not go on. Bound once, since each look through Flask's proxy costs three calls."""
    asked = request._get_current_object()
    check_host(asked)
    check_query(asked)
    allow_files(asked)


def check_host(asked: Request) -> None:
    """Refuse a request for another name, so that no link is ever made with it. Health is asked for by address."""
    allowed = current_app.config["ALLOWED_HOSTS"]
    if allowed and asked.blueprint != "health" and name_of(asked.host) not in allowed:
        abort(421)


def name_of(host: str) -> str:
    """Return the host of a Host header without its port, in lower case."""
    return host.rpartition(":")[0].lower() if host.rpartition(":")[2].isdigit() else host.lower()


def check_query(asked: Request) -> None:
    """Refuse a query string that is no UTF-8, in which no parameter could be looked up."""
    try:
        asked.query_string.decode()
    except UnicodeDecodeError:
        abort(400)


def allow_files(asked: Request) -> None:
    """Take a longer body where files are imported; everywhere else FORM_BYTES count."""
    if asked.path.endswith(IMPORT):
        asked.max_content_length = IMPORT_BYTES


def take_the_rest(response):
    """Read what was sent and nobody asked for, which nginx has bounded.

    Gunicorn resets a connection with more than 64 KiB unread in it, and nginx would say 502 instead of our answer.
    """
    environ = request.environ
    if environ.get("wsgi.input_terminated"):  # else reading would wait for the next request
        while environ["wsgi.input"].read(64 * 1024):
            pass
    return response
