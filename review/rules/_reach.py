"""Do security groups let a connection through? For the rules about what must reach what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ._ec2_routes import resource_of
from ._ec2_security_groups import EGRESS, GROUP, ports, protocol, rules
from ._nest import Block, Reference, Resource, Variant, Where, covered, known, together

GROUPS = ("SourceSecurityGroupId", "DestinationSecurityGroupId")


def groups(value: Any) -> list[Resource] | None:
    """The security groups of a list, if all of them are resources of these templates."""
    found = [resource_of(item, GROUP) for item in value] if isinstance(value, list) and value else [None]
    return None if None in found else found  # type: ignore[return-value]


def allows(group: Resource, direction: str, port: int, others: list[Resource] | None, where: Where) -> list[Where]:
    """Where a group lets TCP through a port, to or from one of the others (None: anybody); also where it may do so."""
    if direction == EGRESS and "SecurityGroupEgress" not in group.node:
        return [where]
    return [
        v.where
        for rule in rules_of(group, direction)
        for v in rule.variants("IpProtocol", "FromPort", "ToPort", "CidrIp", *GROUPS)
        if opens(v, port) and admits(v, others) and together(where, v.where) is not None
    ]


def rules_of(group: Resource, direction: str) -> Iterator[Block]:
    """The rules of a group in all templates of the nest, and those of which it is not known whose they are."""
    for view in views(group):
        for resource, rule in rules(view, direction):
            owners = (
                [Reference(resource)] if resource is not rule else [value.value for value in rule.values("GroupId")]
            )
            if any(owner.resource is group if isinstance(owner, Reference) else not known(owner) for owner in owners):
                yield rule


def opens(v: Variant, port: int) -> bool:
    """Is a port among those of a rule, or may it be?"""
    opened = ports(v)
    if opened is None:
        return protocol(v) in ("tcp", "6", None)
    return opened[0] <= port <= opened[1]


def admits(v: Variant, others: list[Resource] | None) -> bool:
    """Is one of the others a peer of a rule, or may it be? An address of the group itself, 127.0.0.1, is nobody."""
    if str(v["CidrIp"]).startswith("127."):
        return False
    named = [v[name] for name in GROUPS if v[name] is not None]
    return (
        others is None or not named or any(not isinstance(peer, Reference) or peer.resource in others for peer in named)
    )


def reached(found: list[Resource], direction: str, port: int, others: list[Resource] | None, where: Where) -> bool:
    """Do the groups, one or the other, let TCP through a port in every case?"""
    return covered(where, [w for group in found for w in allows(group, direction, port, others, where)])


def views(resource: Resource) -> list[Any]:
    """All templates of the nest, once each."""
    return list({id(found.view): found.view for found in resource.view.everywhere()}.values())
