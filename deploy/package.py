"""The nest as files to upload: content-addressed, so that what did not change is not uploaded again."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from deploy.problem import Problem

_TEMPLATE_URL = re.compile(r"^(?P<before>\s+TemplateURL:\s+)(?P<file>[\w.-]+\.yaml)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Package:
    """`root` is the key of the root template; `files` are all templates to upload, by key."""

    root: str
    files: dict[str, str]


def package(templates: dict[str, str], address: Callable[[str], str], root: str = "root.yaml") -> Package:
    """Replace each local TemplateURL by the address of the file's key, as `aws cloudformation package` does.

    `templates` are texts by file name; `address` gives the URL of a key. Problem: a file that is not there.
    """
    files: dict[str, str] = {}

    def add(name: str) -> str:
        if name not in templates:
            raise Problem(f"out/{name} is missing: run `make build`")
        text = _TEMPLATE_URL.sub(lambda match: match["before"] + address(add(match["file"])), templates[name])
        key = key_of(text)
        files[key] = text
        return key

    return Package(add(root), files)


def key_of(text: str) -> str:
    """The key of a template: its own SHA-256."""
    return f"templates/{hashlib.sha256(text.encode()).hexdigest()}.yaml"
