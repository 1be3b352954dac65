"""Answers of ours, with less of what Flask and Werkzeug do for every kind of answer."""

from html import escape

from flask import Response

WITH_A_BODY = {200, 303}


class Answer(Response):
    """Flask's own. Its headers go as they are where Werkzeug would copy them and find nothing to correct."""

    def get_wsgi_headers(self, environ):
        if self.status_code in WITH_A_BODY and "Content-Length" in self.headers:
            return self.headers
        return super().get_wsgi_headers(environ)


def see(address: str) -> Answer:
    """Lead to an address of ours, whose characters are those of an address (addresses.py)."""
    body = f'<!doctype html>\n<title>Done</title>\n<p><a href="{escape(address)}">Go on</a></p>\n'
    return Answer(body, 303, {"Location": address})
