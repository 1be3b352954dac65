"""A digest of all that the emulator holds, at server.STATE: so that a drill sees whether anything has changed.

The answer maps each store (module and name) that is not empty to a digest of its content. Tables are among them.
"""

import hashlib
import json
import sys
from collections import defaultdict, deque

from ministack import app
from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict

from rehearsal.emulator.patch import wrap
from rehearsal.server import STATE

PACKAGES = ("ministack.services.", "rehearsal.emulator.")
SCOPED = (AccountScopedDict, AccountRegionScopedDict)
STORES = (*SCOPED, dict, list, set, deque, defaultdict)


def stores() -> dict[str, object]:
    """Every container that a module of a service keeps, by its module and name."""
    modules = [module for name, module in list(sys.modules.items()) if name.startswith(PACKAGES)]
    return {
        f"{module.__name__}.{name}": store._data if isinstance(store, SCOPED) else store
        for module in modules
        for name, store in list(vars(module).items())
        if isinstance(store, STORES) and not name.startswith("__")
    }


def text(store: object) -> str:
    """The content as text. A thread of the emulator may be changing it: then once more."""
    while True:
        try:
            return repr(store)
        except RuntimeError:
            continue


def digests() -> dict[str, str]:
    """A digest of the content of each store that is not empty."""
    return {name: hashlib.sha256(text(store).encode()).hexdigest() for name, store in stores().items() if store}


def answer(original):
    """Answer at STATE, and elsewhere as before."""

    def answered(method, path):
        if (method, path) == ("GET", STATE):
            return 200, {"Content-Type": "application/json"}, json.dumps(digests()).encode()
        return original(method, path)

    return answered


def install() -> None:
    """Put it beside the emulator's own questions."""
    wrap(app._handle_rds_ca_request, answer)
