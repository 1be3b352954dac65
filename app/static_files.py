"""Static files under names that hold a hash of their content, so that a browser keeps them for ever.

`url_for("static", filename="style.css")` gives /static/style.1f0c2d3e4b.css. nginx serves these from copies that
docker/start-web.sh makes by the same rule; here they are served to `make run` and to whoever asks the application.
"""

import hashlib
import re
from functools import cache, lru_cache
from pathlib import Path

from flask import Flask, current_app, url_for

HASHED = re.compile(r"(?P<stem>.+)\.(?P<hash>[0-9a-f]{10})(?P<suffix>\.\w+)")
FOR_EVER = "public, max-age=31536000, immutable"


def init_app(app: Flask) -> None:
    app.url_defaults(add_hash)
    app.view_functions["static"] = serve
    # What a page asks for: a template is not read anew either, unless the application is being debugged.
    app.add_template_global(address if app.debug else cache(address), "static")


def address(filename: str) -> str:
    return url_for("static", filename=filename)


def add_hash(endpoint: str, values: dict) -> None:
    """Put the hash into the name of a static file that there is."""
    if endpoint == "static" and "filename" in values:
        path = Path(current_app.static_folder, values["filename"])
        if path.is_file():
            values["filename"] = hashed(values["filename"], content_hash(path, path.stat().st_mtime_ns))


def hashed(filename: str, digest: str) -> str:
    stem, dot, suffix = filename.rpartition(".")
    return f"{stem}.{digest}{dot}{suffix}"


@lru_cache(maxsize=256)
def content_hash(path: Path, modified: int) -> str:
    """Return ten hexadecimal digits of the file's SHA-256; modified makes an edited file another one."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def serve(filename: str):
    """Serve a file under its name, or under that of any release: only this release's own may be kept for ever."""
    match = HASHED.fullmatch(filename)
    if match is None:
        return current_app.send_static_file(filename)
    plain = match["stem"] + match["suffix"]
    response = current_app.send_static_file(plain)
    values = {"filename": plain}
    add_hash("static", values)
    response.headers["Cache-Control"] = FOR_EVER if values["filename"] == filename else "no-cache"
    return response
