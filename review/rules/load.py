"""The one file here that cfn-lint loads: it hands over the rules of every module `_*.py` beside it.

cfn-lint runs each `[A-Za-z1-9]*.py` below the folder as a module outside any package, where the rules could not import
what they share. Modules with a leading underscore are left alone; this file imports them as a package, by path, so
that `cfn-lint --append-rules` works from any directory and nothing needs to be installed.
"""

import importlib
import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = "review_rules_of_" + HERE.parent.parent.name.replace("-", "_").replace(".", "_")


def package() -> str:
    """Import this folder as a package, once, and return its name."""
    if PACKAGE not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            PACKAGE, HERE / "__init__.py", submodule_search_locations=[str(HERE)]
        )
        module = importlib.util.module_from_spec(spec)
        sys.modules[PACKAGE] = module
        spec.loader.exec_module(module)
    return PACKAGE


def rules() -> dict[str, type]:
    """Every rule class of the modules beside this file, by module and name."""
    found = {}
    for path in sorted(HERE.glob("_*.py")):
        if path.stem == "__init__":
            continue
        module = importlib.import_module(f"{package()}.{path.stem}")
        for name, thing in vars(module).items():
            if isinstance(thing, type) and thing.__module__ == module.__name__ and getattr(thing, "id", ""):
                found[f"{path.stem}.{name}"] = thing
    return found


globals().update(rules())
