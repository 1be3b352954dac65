"""The flight recorder: what was seen of a deployment, kept while it happens, so that it survives the rollback.

A directory a deployment, a file a kind of record, a JSON object a line, flushed at once. What is kept is chosen field
by field (no environment of a container, no properties of a resource), and what looks like a secret is struck out.
"""

import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Kind of record: the file that it goes into.
FILES = {
    "event": "events",
    "service": "service",
    "message": "service",
    "task": "tasks",
    "container": "tasks",
    "target": "targets",
    "log": "logs",
    "error": "notes",
    "note": "notes",
    "verdict": "notes",
}

STRUCK = "***"

# The word, what binds it to a value, the value: PASSWORD=x, "token": "x", secret_key: x. Not `secret:NAME` of an ARN.
_NAMED = re.compile(
    r"""(?ix) ((?:pass(?:word|wd)|secret|token|credential|api[_-]?key|access[_-]?key|signature)[\w-]*["']?
    \s*(?:=|:\s+|:(?=["'])|\bis\b)\s*["']?) (?!\*\*\*) [^\s"',;)}&]{3,}"""
)
_BARE = re.compile(
    r"""(?x) \b(?:AKIA|ASIA)[A-Z0-9]{16}\b  # an access key's id
    | \beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*     # a JSON web token
    | (?<=://)[^\s/@:]+:[^\s/@]+(?=@)       # user:password in a URL
    | (?<![\w/+])[A-Za-z0-9/+]{100,}={0,2}  # a session token
    """
)
_OWN = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


def redacted(text: str) -> str:
    """The text without what looks like a secret, and without the values of this process's own."""
    for value in filter(None, map(os.environ.get, _OWN)):
        if len(value) >= 16:
            text = text.replace(value, STRUCK)
    return _BARE.sub(STRUCK, _NAMED.sub(lambda found: found[1] + STRUCK, text))


class Recorder:
    """Writes records below `folder`; keeps them in `records` too, for the verdict. Without a folder it only keeps them.

    A disk that is full or cannot be written costs one note, never the deployment.
    """

    def __init__(self, folder: Path | None = None, say: Callable[[str], None] = print):
        self.folder, self.say, self.records = folder, say, []
        self._files = {}

    def write(self, kind: str, time: datetime | None = None, **fields: object) -> dict:
        """Keep one record; returns it as it was kept."""
        record = {"time": (time or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds"), "kind": kind}
        record |= {name: redacted(value) if isinstance(value, str) else value for name, value in fields.items()}
        self.records.append(record)
        if self.folder:
            try:
                self._file(FILES[kind]).write(json.dumps(record, ensure_ascii=False) + "\n")
            except OSError as error:
                self.say(f"note: {self.folder} cannot be written ({error.strerror}): this deployment is not recorded")
                self.close()
                self.folder = None
        return record

    def _file(self, name):
        if name not in self._files:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._files[name] = (self.folder / f"{name}.jsonl").open("a", encoding="utf-8", buffering=1)
        return self._files[name]

    def close(self) -> None:
        """Close the files; harmless twice."""
        for file in self._files.values():
            with suppress(OSError):
                file.close()
        self._files.clear()


def base() -> Path:
    """Where the recordings lie: DEPLOYS, or deploys/ of this project."""
    return Path(os.environ.get("DEPLOYS") or ROOT / "deploys")


def new_folder(stack: str, now: datetime) -> Path:
    """The directory for a deployment that begins now; it is made with the first record."""
    first = base() / f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{stack}"
    others = (first.with_name(f"{first.name}.{number}") for number in range(2, 100))
    return next((path for path in (first, *others) if not path.exists()), first)


def shown(path: Path) -> str:
    """The path as a person types it here."""
    try:
        return f"{path.relative_to(Path.cwd())}/"
    except ValueError:
        return f"{path}/"
