"""What holds for every answer: form tokens, cookies, headers, and whom we believe about the client."""

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # Pages show what was stored a moment ago, and one visitor's form token: ask again, share with nobody.
    "Cache-Control": "private, no-cache",
}

csrf = CSRFProtect()


class Sessions(SecureCookieSessionInterface):
    """Mark the cookie Secure where the visitor came by HTTPS; a lab without a certificate still works."""

    def get_cookie_secure(self, app):
        return request.is_secure


def init_app(app: Flask) -> None:
    csrf.init_app(app)
    app.session_interface = Sessions()
    app.after_request(add_headers)
    # client -> load balancer -> nginx -> here. Each of the two appends its caller's address to X-Forwarded-For, so the
    # client's is the second from the right. X-Forwarded-Proto is the balancer's, passed on by nginx.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=2, x_proto=1, x_host=0, x_port=0, x_prefix=0)


def add_headers(response):
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
