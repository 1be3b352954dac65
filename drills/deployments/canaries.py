"""Secrets that were made up to be found: where do they show? Searched byte for byte, in packed layers of images too."""

import gzip
import os
import threading
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

MAGIC = b"\x1f\x8b"  # gzip


def spellings(secret: str) -> set[bytes]:
    """The ways in which a secret may be written: plain, in a URL, in JSON, in base64."""
    plain = secret.encode()
    escaped = secret.replace("\\", "\\\\").replace('"', '\\"').encode()
    return {plain, quote(secret, safe="").encode(), quote_plus(secret).encode(), escaped, b64encode(plain)}


def shown_in(data: bytes, secrets: Iterable[str]) -> list[str]:
    """The secrets that data holds, in whichever spelling."""
    with suppress(OSError, EOFError):
        if data[:2] == MAGIC:
            data += gzip.decompress(data)
    return [secret for secret in secrets if any(spelling in data for spelling in spellings(secret))]


def shown_below(folder: Path, secrets: Iterable[str]) -> list[str]:
    """The files below a folder that hold one of the secrets, in their names too."""
    secrets, found = list(secrets), []
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        if shown_in(str(path.relative_to(folder)).encode() + b"\n" + data, secrets) or shown_in(data, secrets):
            found.append(str(path.relative_to(folder)))
    return found


class CommandLines(threading.Thread):
    """The command lines of all processes of this machine that were seen while the block ran."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen: set[bytes] = set()
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.02):
            self.look()

    def look(self) -> None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if int(path.parent.name) != os.getpid():
                    self.seen.add(path.read_bytes())


@contextmanager
def command_lines() -> Iterator[set[bytes]]:
    """Watch the process list, as another user of the machine could."""
    watcher = CommandLines()
    watcher.start()
    try:
        yield watcher.seen
    finally:
        watcher.over.set()
        watcher.join()
        watcher.look()
