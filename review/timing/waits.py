"""What waits for what: in the nest as it is cut, and in one flat stack, where only what is needed is waited for.

In a nest a nested stack begins when every stack is ready whose outputs it takes or that its DependsOn names, and it is
ready when all its resources are (CloudFormation user guide, nested stacks). An output whose value is known beforehand
makes nobody wait here; tests hold that no two stacks are joined by such outputs alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

from review.nest import NESTED, is_nested
from review.resolve import Nest
from review.text import references

ROOT = "root.yaml"
SERVICE = "AWS::ECS::Service"

# What a resource needs although nothing in it names it: a service's target group must be served by a listener (ECS API
# reference, CreateService), and its tasks pull their images through routes and endpoints.
UNSEEN = {
    SERVICE: (
        "AWS::ElasticLoadBalancingV2::Listener",
        "AWS::EC2::Route",
        "AWS::EC2::VPCEndpoint",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
    )
}


@dataclass(frozen=True)
class Place:
    """A resource of the nest."""

    title: str  # in the flat view
    stack: str  # title of its nested stack; empty: the root's own
    own: str  # its logical id there
    body: dict


def places(nest: Nest) -> dict[str, Place]:
    """Every resource, by its title in the flat view."""
    found = {}
    for title, (_, own) in nest.origin.items():
        found[title] = Place(title, title.removesuffix(own), own, nest.flat["Resources"][title])
    return found


def in_flat(nest: Nest) -> dict[str, frozenset[str]]:
    """For each resource those that it needs, wherever they stand."""
    resources = nest.flat["Resources"]
    found = {}
    for title, body in resources.items():
        unseen = {other for other, there in resources.items() if there["Type"] in UNSEEN.get(body["Type"], ())}
        found[title] = frozenset(_named(body, resources) | unseen)
    return found


def in_nest(nest: Nest, begin: Callable[[str], str], end: Callable[[str], str]) -> dict[str, frozenset[str]]:
    """For each resource and for begin and end of each nested stack what it waits for; stacks by title, root by ''."""
    stacks = {title: body for title, body in nest.stacks[ROOT]["Resources"].items() if is_nested(body)}
    found = {begin(""): frozenset()}
    for title, place in places(nest).items():
        there = nest.stacks[nest.origin[title][0]]["Resources"]
        inside = _named(there[place.own], {name: body for name, body in there.items() if body["Type"] != NESTED})
        found[title] = frozenset({begin(place.stack)} | {place.stack + name for name in inside})
    for title, body in stacks.items():
        others = _named(body, nest.stacks[ROOT]["Resources"])
        found[begin(title)] = frozenset({begin("")} | {end(other) if other in stacks else other for other in others})
        mine = {name for name, place in places(nest).items() if place.stack == title}
        found[end(title)] = frozenset({begin(title)} | mine)
    own = {name for name, place in places(nest).items() if not place.stack}
    found[end("")] = frozenset({begin("")} | own | {end(title) for title in stacks})
    return found


def _named(body, there) -> set[str]:
    depends = body.get("DependsOn", [])
    depends = [depends] if isinstance(depends, str) else depends
    named = {name.partition(".")[0] for name in references(body.get("Properties", {}))} | set(depends)
    return named & there.keys()
