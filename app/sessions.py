"""The session: a signed cookie of Flask's form that carries notices to the next page, and nothing else.

Any release reads the other's. What every change pays for is done once: deriving the key, and putting the cookie's
attributes together.
"""

import hmac
import json
from functools import cache

from flask import request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode
from itsdangerous.signer import SigningAlgorithm
from werkzeug.http import dump_cookie

WORTH_COMPRESSING = 200  # bytes; a shorter notice only gets longer


class PlainJson:
    """Notices as they are. Flask's own way looks at each value for types that JSON lacks, of which they have none."""

    dumps = staticmethod(json.JSONEncoder(separators=(",", ":")).encode)
    loads = staticmethod(json.loads)


class Sha1(SigningAlgorithm):
    """Flask's own algorithm, in one call of C."""

    def get_signature(self, key, value):
        return hmac.digest(key, value, "sha1")


class Signer(TimestampSigner):
    """itsdangerous's own, whose key is derived once."""

    derived = None

    def derive_key(self, secret_key=None):
        if secret_key is not None:
            return super().derive_key(secret_key)
        if self.derived is None:
            self.derived = super().derive_key()
        return self.derived


class Serializer(URLSafeTimedSerializer):
    """itsdangerous's own, with one signer for all, and without trying to compress what is too short for it."""

    kept = None

    def make_signer(self, salt=None):
        if salt is not None:
            return super().make_signer(salt)
        if self.kept is None:
            self.kept = super().make_signer()
        return self.kept

    def dump_payload(self, obj):
        text = self.serializer.dumps(obj).encode()
        return base64_encode(text) if len(text) < WORTH_COMPRESSING else super().dump_payload(obj)


class Sessions(SecureCookieSessionInterface):
    """Flask's own, at no cost for requests without a session.

    The cookie is marked Secure where the visitor came by HTTPS; a lab without a certificate still works.
    """

    serializer = PlainJson()
    serializer_kept = None

    def __init__(self):
        self.attributes = cache(self.attributes)

    def open_session(self, app, request):
        """Begin anew without a cookie, or where one of ours holds what no release of ours puts there."""
        if "HTTP_COOKIE" not in request.environ or self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        try:
            session = super().open_session(app, request)
        except (TypeError, ValueError):
            session = None
        return session if session is not None and are_notices(session.get("_flashes", [])) else self.session_class()

    def get_cookie_secure(self, app):
        return request.is_secure

    def get_signing_serializer(self, app):
        if self.serializer_kept is None:
            keys = [*(app.config["SECRET_KEY_FALLBACKS"] or ()), app.secret_key]
            options = {"key_derivation": self.key_derivation, "algorithm": Sha1()}
            made = Serializer(keys, self.salt, serializer=self.serializer, signer=Signer, signer_kwargs=options)
            self.serializer_kept = made
        return self.serializer_kept

    def save_session(self, app, session, response):
        """Send what is new in it; an empty one goes."""
        if not session and session.modified:
            super().save_session(app, session, response)
        elif session.modified:
            value = self.get_signing_serializer(app).dumps(dict(session))  # in an alphabet that needs no quotes
            cookie = value.join(self.attributes(app, self.get_cookie_secure(app)))
            response.headers.add("Set-Cookie", cookie)
            response.headers.add("Vary", "Cookie")
        elif session.accessed:
            response.headers.add("Vary", "Cookie")

    def attributes(self, app, secure: bool) -> tuple[str, str]:
        """What stands in a Set-Cookie before the value and behind it."""
        name = self.get_cookie_name(app)
        text = dump_cookie(
            name,
            path=self.get_cookie_path(app),
            domain=self.get_cookie_domain(app),
            secure=secure,
            httponly=self.get_cookie_httponly(app),
            samesite=self.get_cookie_samesite(app),
        )
        before = f"{name}="
        return before, text.removeprefix(before)


def are_notices(flashes) -> bool:
    """Whether flashes are as app/pages/notices.py makes them: pairs of a category and a notice with its ids."""
    return isinstance(flashes, list) and all(map(is_notice, flashes))


def is_notice(flash) -> bool:
    match flash:
        case [_, {"ids": list()}]:
            return True
    return False
