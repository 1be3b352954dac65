"""The app container's health check: a new task must show once that it can serve, and then only that it lives.

So a deployment whose tasks cannot use the database never replaces those that can, and a database that goes away later
has no task replaced.

It runs every few seconds for as long as a task lives, on its quarter of a processor: so it asks by itself. Python's own
client would take twice the time, most of it for being imported.
"""

import os
import socket
import sys
from pathlib import Path

SERVED = Path(os.environ.get("TMPDIR", "/tmp"), "served")  # noqa: S108  the container's own


def main() -> int:
    path = "healthz" if SERVED.exists() else "readyz"
    port = os.environ.get("APP_PORT") or "8000"
    try:
        answer = asked(int(port), path)
    except (OSError, ValueError) as error:
        answer = str(error)
    if answer.split()[1:2] != ["200"]:
        print(f"health.py: http://127.0.0.1:{port}/{path}: {answer}", file=sys.stderr)
        return 1
    SERVED.touch()
    return 0


def asked(port: int, path: str) -> str:
    """Return the first line of the answer, as in HTTP/1.0 200 OK."""
    with socket.create_connection(("127.0.0.1", port), timeout=4) as connection:
        connection.sendall(f"GET /{path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
        with connection.makefile(encoding="latin-1") as answer:
            return answer.read().partition("\n")[0].strip()


if __name__ == "__main__":
    sys.exit(main())
