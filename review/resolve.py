"""What an environment really is: the nest with its parameters, conditions, mappings and nested outputs applied.

Only what AWS alone can know stays a reference. There are two views of that:

`stacks`: each template for itself, still a nest. A parameter whose value only AWS knows, as the id of a VPC made by
another stack, stays a parameter, and the root passes that stack's output. The others are gone.

`flat`: one template with all resources of the nest, without any parameter. A logical id has the nested stack's before
its own: VPC of Network is NetworkVPC; a reference across stacks is a Ref or GetAtt as within one. Scanners judge this
view. A stack's DependsOn on another stack has no counterpart in it; the order follows from the references.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from review.intrinsics import Scope, apply
from review.nest import Stack, child, is_nested, open_stack, present, refer_in_flat, reference_to, with_children
from review.problem import Problem
from review.schemas import typed
from review.text import known, references


@dataclass(frozen=True)
class Nest:
    """A resolved nest."""

    stacks: dict[str, dict]  # by file name
    flat: dict
    origin: dict[str, tuple[str, str]]  # logical id in `flat` -> (file name in `stacks`, logical id there)


def resolve(
    templates: Mapping[str, dict], root: str, parameters: Mapping[str, object], pseudo: Mapping[str, str]
) -> Nest:
    """The nest under templates[root]; a TemplateURL is the name of another of the templates.

    `parameters` are those of the root that do not keep their default; `pseudo` is what is known of AWS's own, as
    AWS::Region. Problem: whatever CloudFormation would refuse, as a rule of a template that is broken.
    """
    stacks = list(with_children(open_stack(templates, root, "", dict(parameters), dict(pseudo))))
    flat, origin = _flat(stacks)
    return Nest({stack.file: _own(stack) for stack in stacks}, flat, origin)


def _flat(stacks):
    top, *_ = stacks
    resources, mappings, origin = {}, {}, {}
    for stack in stacks:
        mappings |= stack.template.get("Mappings", {})
        if stack.flat is None:
            stack.flat = {
                title: _resource(stack, body, stack.scope, stack.prefix)
                for title, body in present(stack, "Resources").items()
                if not is_nested(body)
            }
        for title, resource in stack.flat.items():
            if stack.prefix + title in resources:
                raise Problem(f"{stack.scope.where}: {stack.prefix + title} would stand for two resources")
            resources[stack.prefix + title] = resource
            origin[stack.prefix + title] = stack.file, title
    return _template(top.template, {}, mappings, resources, _outputs(top, top.scope)), origin


def _own(stack):
    """The stack for itself."""
    if stack.own:
        return stack.own
    parameters = stack.template.get("Parameters", {})
    unknown = {name: {"Ref": name} for name in parameters if not known(stack.scope.values[name])}
    reference = partial(_refer_in_own, stack)
    values = stack.scope.values | unknown
    scope = Scope(stack.scope.where, values, stack.scope.mappings, reference, decided=stack.scope.decided)
    resources = {}
    for title, body in present(stack, "Resources").items():
        resources[title] = _resource(stack, body, scope, "")
        if is_nested(body):
            _rewire(resources[title]["Properties"], child(stack, title))
    outputs = _outputs(stack, scope)
    used = references([resources, outputs])
    kept = {name: parameters[name] for name in unknown if name in used}
    stack.own = _template(stack.template, kept, scope.mappings, resources, outputs)
    return stack.own


def _refer_in_own(stack: Stack, title: str, attribute: str | None):
    whole = refer_in_flat(stack, title, attribute)
    return whole if known(whole) else reference_to(title, attribute)


def _rewire(properties, nested):
    """Have a nested stack take its own view, and only the parameters that it still has."""
    properties["TemplateURL"] = nested.file
    given = properties.pop("Parameters", {})
    left = {name: given[name] for name in _own(nested).get("Parameters", {})}
    if left:
        properties["Parameters"] = left


def _resource(stack, body, scope, prefix):
    resource = {}
    for key, value in body.items():
        if key == "DependsOn":
            kept = _still_there(stack, [value] if isinstance(value, str) else value, prefix)
            if kept:
                resource[key] = kept[0] if isinstance(value, str) else kept
        elif key != "Condition":
            resource[key] = apply(value, scope)
    if "Properties" in resource:
        resource["Properties"] = typed(resource["Properties"], body["Type"], scope.values.get("AWS::Region", ""))
    return resource


def _still_there(stack, titles, prefix):
    there = present(stack, "Resources")
    return [prefix + title for title in titles if title in there and not (prefix and is_nested(there[title]))]


def _outputs(stack, scope):
    return {
        name: {key: apply(value, scope) for key, value in body.items() if key != "Condition"}
        for name, body in present(stack, "Outputs").items()
    }


def _template(source, parameters, mappings, resources, outputs):
    """The sections in their order, those that are empty left out. Of the mappings, those that are still asked."""
    asked = references([resources, outputs]) if mappings else set()
    sections = {
        "AWSTemplateFormatVersion": source.get("AWSTemplateFormatVersion"),
        "Description": source.get("Description"),
        "Metadata": {key: value for key, value in source.get("Metadata", {}).items() if "Interface" not in key},
        "Transform": source.get("Transform"),
        "Parameters": parameters,
        "Mappings": {name: content for name, content in mappings.items() if name in asked},
        "Resources": resources,
        "Outputs": outputs,
    }
    return {name: content for name, content in sections.items() if content or name == "Resources"}
