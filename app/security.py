"""What holds for every answer: who may change something, headers, and whom we believe about the client."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from flask import Flask, abort, request
from werkzeug.middleware.proxy_fix import ProxyFix

from app.sessions import Sessions

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Pages show what was stored a moment ago: ask again, share with nobody.
    "Cache-Control": "private, no-cache",
}
HTTPS_ONLY = "max-age=31536000"  # a year, for this host alone: its subdomains are not ours to decide about

OVER_HTTP = {name.lower(): (name, value) for name, value in HEADERS.items()}
OVER_HTTPS = OVER_HTTP | {"strict-transport-security": ("Strict-Transport-Security", HTTPS_ONLY)}

CHANGES_NOTHING = {"GET", "HEAD", "OPTIONS"}


class AddHeaders:
    """Give every answer of app the HEADERS that it has not set itself."""

    def __init__(self, app: Callable):
        self.app = app

    def __call__(self, environ, start_response):
        wanted = OVER_HTTPS if environ["wsgi.url_scheme"] == "https" else OVER_HTTP

        def start(status, headers, error=None):
            given = {name.lower() for name, _ in headers}
            return start_response(status, headers + [wanted[name] for name in wanted if name not in given], error)

        return self.app(environ, start)


def init_app(app: Flask) -> None:
    app.session_interface = Sessions()
    app.before_request(refuse_foreign_change)
    # client -> load balancer -> nginx -> here. Each of the two appends its caller's address to X-Forwarded-For, so the
    # client's is the second from the right. X-Forwarded-Proto is the balancer's, passed on by nginx.
    app.wsgi_app = ProxyFix(AddHeaders(app.wsgi_app), x_for=2, x_proto=1, x_host=0, x_port=0, x_prefix=0)


def refuse_foreign_change():
    """Refuse a change that a page of somebody else sends. The API is for programs, of which nothing tells that."""
    asked = request._get_current_object()
    if asked.method not in CHANGES_NOTHING and sent_by_us(asked.environ, asked.host) is False:
        abort(403)


def refuse_unless_ours():
    """Refuse a change that a page of ours does not demonstrably send: what forms can do is done by our forms only."""
    asked = request._get_current_object()
    if asked.method not in CHANGES_NOTHING and not sent_by_us(asked.environ, asked.host):
        abort(403)


def sent_by_us(environ: Mapping[str, str], host: str) -> bool | None:
    """Tell whether a page of ours at host made the browser send this request; None if nothing tells.

    A page cannot forge either header. Sec-Fetch-Site comes with HTTPS only, Origin with every POST; "none" is the
    visitor's own doing, such as loading an answer again. docs/decisions/0024 says why this is enough.
    """
    site, origin = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN")
    if site is not None:
        return site in {"same-origin", "none"}
    if origin is not None:
        try:
            return urlsplit(origin).netloc.lower() == host.lower()
        except ValueError:
            return False
    return None
