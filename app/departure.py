"""Whether who sent a request still waits for the answer.

Who gives up and sends something newer must not find it overwritten by the older change, which had to wait longer, for a
lock or a thread. So a change is taken back whose sender has gone: see check() for when to ask.
"""

import socket

from flask import has_request_context, request
from werkzeug.exceptions import ClientDisconnected

SOCKET = "gunicorn.socket"  # in the environment of a request; other servers have none, and their clients never leave


def check() -> None:
    """Raise ClientDisconnected if the other end of the request's connection was closed: nginx does so for its client.

    Asked between the last lock and COMMIT it leaves no gap: what is sent later waits for those locks.
    """
    line = request.environ.get(SOCKET) if has_request_context() else None
    if line is None:
        return
    try:
        gone = not line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return
    except OSError:
        gone = True
    if gone:
        raise ClientDisconnected("who sent this has gone: nothing was changed")
