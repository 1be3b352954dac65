"""The app container's health check: a new task must show once that it can serve, and then only that it lives.

So a deployment whose tasks cannot use the database never replaces those that can, and a database that goes away later
has no task replaced.
"""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

SERVED = Path(os.environ.get("TMPDIR", "/tmp"), "served")  # noqa: S108  the container's own


def main() -> int:
    path = "healthz" if SERVED.exists() else "readyz"
    url = f"http://127.0.0.1:{os.environ.get('APP_PORT') or 8000}/{path}"
    try:
        urllib.request.urlopen(url, timeout=4).close()
    except (OSError, urllib.error.HTTPError) as error:
        print(f"health.py: {url}: {error}", file=sys.stderr)
        return 1
    SERVED.touch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
