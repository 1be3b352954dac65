"""Checksums of what is handed over: out/SHA256SUMS, as sha256sum writes and checks it."""

import hashlib
from collections.abc import Mapping

NAME = "SHA256SUMS"


def sums(files: Mapping[str, bytes]) -> str:
    """A line for each file by its path, in the order of paths."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in sorted(files.items()))
