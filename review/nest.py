"""The stacks of a nest with what their parameters, conditions and references mean."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial

from review.conditions import check_rules, decide_all
from review.intrinsics import Scope, apply
from review.parameters import bind
from review.problem import Problem

NESTED = "AWS::CloudFormation::Stack"
# A nested stack has a name of its own, and only AWS knows it.
_OF_ROOT = {"AWS::StackName", "AWS::StackId"}


@dataclass
class Stack:
    """One stack; in its `scope` a reference means the resource in the flat view."""

    prefix: str  # of its logical ids there: the titles of the nested stacks on the way to it
    template: dict
    templates: Mapping[str, dict]
    scope: Scope
    children: dict[str, "Stack | None"] = field(default_factory=dict)  # None while its parameters are being resolved
    own: dict | None = None  # the stack's own view, once it is made
    flat: dict[str, dict] | None = None  # its resources in the flat view, once they are made

    @property
    def file(self) -> str:
        return f"{self.prefix.lower() or 'root'}.yaml"


def open_stack(
    templates: Mapping[str, dict], name: str, prefix: str, given: dict[str, object], pseudo: dict[str, str]
) -> Stack:
    """The stack of templates[name] with its parameters bound, its conditions decided and its rules held."""
    if name not in templates:
        raise Problem(f"{name} is missing: a TemplateURL names it")
    template = templates[name]
    for title, body in template["Resources"].items():
        if not isinstance(body, dict) or not isinstance(body.get("Type"), str):
            raise Problem(f"{name}: {title}: a resource needs a Type")
    values = pseudo | bind(template.get("Parameters", {}), given, name)
    scope = Scope(name, values, template.get("Mappings", {}), None, template.get("Conditions", {}))
    stack = Stack(prefix, template, templates, scope)
    scope.reference = partial(refer_in_flat, stack)
    decide_all(scope)
    check_rules(template.get("Rules", {}), scope)
    return stack


def with_children(stack: Stack) -> Iterator[Stack]:
    """The stack and all below it, in the order of the templates."""
    yield stack
    for title, body in present(stack, "Resources").items():
        if is_nested(body):
            yield from with_children(child(stack, title))


def present(stack: Stack, section: str) -> dict[str, dict]:
    """The resources or outputs whose condition is true."""
    bodies = stack.template.get(section, {})
    return {title: body for title, body in bodies.items() if _is_made(stack, title, body)}


def _is_made(stack, title, body):
    condition = body.get("Condition")
    if condition is not None and condition not in stack.scope.decided:
        raise Problem(f"{stack.scope.where}: {title}: there is no condition {condition}")
    return condition is None or stack.scope.decided[condition]


def is_nested(body: dict) -> bool:
    """Is it a nested stack of ours? One whose template is an address is a resource like others."""
    url = body.get("Properties", {}).get("TemplateURL")
    return body["Type"] == NESTED and isinstance(url, str) and "://" not in url


def child(stack: Stack, title: str) -> Stack:
    """The nested stack of that logical id. Problem: it takes an output that hangs on its own."""
    if title not in stack.children:
        stack.children[title] = None
        properties = stack.template["Resources"][title]["Properties"]
        given = apply(properties.get("Parameters", {}), stack.scope)
        pseudo = {name: value for name, value in stack.scope.values.items() if name.startswith("AWS::")}
        pseudo = {name: value for name, value in pseudo.items() if name not in _OF_ROOT}
        file = properties["TemplateURL"].removeprefix("./")
        stack.children[title] = _nested(stack.templates, file, stack.prefix + title, given, pseudo)
    found = stack.children[title]
    if found is None:
        raise Problem(f"{stack.scope.where}: {title} needs its own outputs: the nested stacks go in circles")
    return found


def _nested(templates, name, prefix, given, pseudo):
    """Like `open_stack`; the same stack again where template and parameters are those of before.

    Whoever asks what a change would do resolves an environment many times, and most of its stacks stay as they are.
    A stack that has others in it hangs on their templates too, and is made anew. A template is a value here, known by
    its identity: who would have another one makes a copy, and never writes into one that was opened.
    """
    bodies = templates.get(name, {}).get("Resources", {}).values()
    if name not in templates or NESTED in [body.get("Type") for body in bodies if isinstance(body, dict)]:
        return open_stack(templates, name, prefix, given, pseudo)
    key = id(templates[name]), name, prefix, repr(given), repr(pseudo)
    return _opened(_Opening(key, templates[name], given, pseudo))


@dataclass(frozen=True)
class _Opening:
    """What a stack is opened with. As long as it is kept, so is the template, and no other has its id."""

    key: tuple
    template: dict = field(compare=False)
    given: dict[str, object] = field(compare=False)
    pseudo: dict[str, str] = field(compare=False)


@lru_cache(maxsize=512)
def _opened(opening):
    _, name, prefix, *_ = opening.key
    return open_stack({name: opening.template}, name, prefix, opening.given, opening.pseudo)


def refer_in_flat(stack: Stack, title: str, attribute: str | None) -> object:
    """What a Ref (no attribute) or GetAtt to a resource means where all resources stand in one template.

    Problem: the resource or the output is not there, or not with these parameters.
    """
    body = stack.template["Resources"].get(title)
    if body is None:
        raise Problem(f"{stack.scope.where}: there is no {title} to refer to")
    if not _is_made(stack, title, body):
        raise Problem(
            f"{stack.scope.where}: something refers to {title}, which is not made: {body['Condition']} is false"
        )
    if not is_nested(body):
        return reference_to(stack.prefix + title, attribute)
    if attribute and attribute.startswith("Outputs."):
        return _output(child(stack, title), attribute.removeprefix("Outputs."))
    return {"Ref": "AWS::StackId"}  # in one template all is one stack


def reference_to(title: str, attribute: str | None) -> dict:
    """A Ref, or a GetAtt if there is an attribute."""
    return {"Ref": title} if attribute is None else {"Fn::GetAtt": [title, attribute]}


def _output(stack, name):
    body = stack.template.get("Outputs", {}).get(name)
    if body is None or not _is_made(stack, name, body):
        why = f"{body['Condition']} is false" if body else "it is not declared"
        raise Problem(f"{stack.scope.where}: there is no output {name} to take: {why}")
    return apply(body["Value"], stack.scope)
