"""What CloudFormation makes before a resource, in given circumstances: branches of If that do not hold are left out."""

from ._nest import together
from ._nest._conditions import only
from ._nest._view import references
from ._nest._where import Fact, Where


def referred(view, node, where: Where):
    """Logical ids that a node refers to in these circumstances."""
    if isinstance(node, list):
        for item in node:
            yield from referred(view, item, where)
    if not isinstance(node, dict):
        return
    name, argument = only(node)
    if name == "Fn::If" and isinstance(argument, list) and len(argument) == 3:
        for chosen, holds in ((argument[1], True), (argument[2], False)):
            if argument[0] not in view.conditions:
                yield from referred(view, chosen, where)
            elif (found := where.plus(Fact(view, argument[0], True), holds)) is not None:
                yield from referred(view, chosen, found)
    elif name:
        yield from references(node)
        yield from referred(view, argument, where)
    else:
        for item in node.values():
            yield from referred(view, item, where)


def awaited(resource, where: Where) -> set:
    """Logical ids of all that exists before the resource is made, in these circumstances."""
    view, seen, todo = resource.view, set(), [resource.id]
    while todo:
        name = todo.pop()
        if name in seen or name not in view.resources_raw or together(view.resource(name).where, where) is None:
            continue
        seen.add(name)
        raw = view.resources_raw[name]
        after = raw.get("DependsOn")
        after = after if isinstance(after, list) else [after]
        todo.extend(item for item in after if isinstance(item, str))
        todo.extend(referred(view, raw.get("Properties"), where))
    return seen - {resource.id}
