"""How templates are read: with the short YAML forms of the functions that only Rules use, and each text only once.

The emulator enforces Rules; it knows their functions (!Contains and its like) by their long names only. It reads all
templates of a nest again for every change set and every deployment, which is most of the time that these take.
"""

import copy
import functools

from ministack.services.cloudformation import engine

from rehearsal.emulator.patch import wrap

FUNCTIONS = ("Contains", "EachMemberEquals", "EachMemberIn", "RefAll", "ValueOf", "ValueOfAll")


def once(original):
    """Read a text once, and give a copy of what it says."""
    read = functools.lru_cache(maxsize=64)(original)
    return lambda text: copy.deepcopy(read(text))


def install() -> None:
    """Teach the emulator's reader of YAML the short forms, and remember what it has read."""
    for name in FUNCTIONS:
        engine.CfnLoader.add_constructor(f"!{name}", engine._construct_cfn_tag(f"Fn::{name}"))
    wrap(engine._parse_template, once)
