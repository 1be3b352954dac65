"""Asking the application's URL, as a visitor reaches it."""

import http.client
import os
import ssl
from urllib.parse import urlsplit

from deploy.truth import Answer

SECONDS = 10
RELEASE = "X-Release"


def ask(url: str, path: str) -> Answer:
    """What the URL answers to GET PATH; redirects are not followed.

    With AWS_ENDPOINT_URL, everything of that AWS is behind this one address, its load balancers too: the Host header
    tells which.
    """
    address, place = urlsplit(url), urlsplit(os.environ.get("AWS_ENDPOINT_URL") or url)
    port = place.port or (443 if place.scheme == "https" else 80)
    try:
        if place.scheme == "https":
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(place.hostname, port, timeout=SECONDS, context=context)
        else:
            connection = http.client.HTTPConnection(place.hostname, port, timeout=SECONDS)
        try:
            connection.request("GET", path, headers={"Host": _host(address)})
            response = connection.getresponse()
            return Answer(url + path, response.status, release=response.headers.get(RELEASE, ""))
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        return Answer(url + path, None, str(error) or type(error).__name__)


def _host(address):
    """The Host header; a load balancer behind another address tells its listeners by the port in it."""
    port = address.port or (443 if address.scheme == "https" else None)
    return f"{address.hostname}:{port}" if port else address.hostname
