"""The two ways in which the emulator is changed: a function is wrapped, a resource type is registered."""

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass

from ministack.services.cloudformation import provisioners

Handler = Callable[..., object]


def wrap(original: Handler, make: Callable[[Handler], Handler]) -> None:
    """Put make(original) in the place of a function, wherever the emulator holds it: modules import each other's
    functions by name and keep them in tables."""
    new = functools.wraps(original)(make(original))
    modules = [module for name, module in sys.modules.items() if name.startswith("ministack.")]
    for module in modules:
        names = vars(module)
        tables = [value for value in names.values() if type(value) is dict]
        rows = [row for table in tables for row in table.values() if type(row) is dict]
        for holder in (names, *tables, *rows):
            for key in [key for key, value in holder.items() if value is original]:
                holder[key] = new


@dataclass(frozen=True)
class ResourceType:
    """A resource type of CloudFormation.

    create(logical_id, properties, stack_name) and update(physical_id, old, new, stack_name, logical_id) return the
    physical id, which is what Ref gives, and the attributes of GetAtt. delete(physical_id, properties) returns nothing.
    Properties named in `replacing` make a new resource when they change. All of them raise ValueError with the reason.
    """

    name: str
    create: Handler
    delete: Handler
    update: Handler | None = None
    replacing: tuple[str, ...] = ()
    tags: bool = True

    def register(self) -> None:
        """Make the type known to CloudFormation."""
        handlers = {"create": self.create, "delete": self.delete}
        if self.update:
            handlers |= {"update": self.update, "update_with_logical_id": True}
        provisioners._RESOURCE_HANDLERS[self.name] = handlers
        provisioners._REPLACING_PROPERTIES[self.name] = self.replacing
        if self.tags:
            provisioners._STACK_TAG_PROPERTY[self.name] = ("Tags", "list")
