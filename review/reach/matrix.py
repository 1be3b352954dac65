"""The matrix: on which ports each party can open a connection to each other."""

import ipaddress
from dataclasses import dataclass
from functools import reduce
from itertools import product

from review.reach.network import EPHEMERAL, EVERYWHERE, INTERNET, Network, is_public, service_of
from review.reach.parties import ENDPOINT, THE_INTERNET, Party, parties
from review.reach.ports import EVERYTHING, NOTHING, Ports, tcp

HTTPS = tcp(443)


@dataclass(frozen=True)
class Way:
    """How one party reaches another."""

    some: Ports  # from some address of one to some address of the other
    every: Ports  # from each address of one to each of the other


NO_WAY = Way(NOTHING, NOTHING)


class Matrix:
    """Who reaches whom in a resolved nest."""

    def __init__(self, resources: dict[str, dict]):
        self.network = Network(resources)
        self.parties = parties(self.network)

    def of_kind(self, kind: str) -> list[Party]:
        """The parties of a kind."""
        return [party for party in self.parties if party.kind == kind]

    def way(self, source: Party, target: Party) -> Way:
        """On which ports `source` can open a connection to `target`: routes, then groups and ACLs of both ends."""
        if source.title == target.title == INTERNET:
            return NO_WAY
        pairs = list(product(source.subnets or (INTERNET,), target.subnets or (INTERNET,)))
        some = [self._between(source, target, *pair, whole=False) for pair in pairs]
        every = [self._between(source, target, *pair, whole=True) for pair in pairs]
        return Way(reduce(Ports.__or__, some), reduce(Ports.__and__, every))

    def _between(self, source, target, here, there, whole):
        """From an address in the subnet `here` to one in `there`; `whole`: from and to each address of them."""
        if not self._is_routed(source, target, here, there):
            return NOTHING
        out = self._allowed(source, "Egress", target, there, whole)
        into = self._allowed(target, "Ingress", source, here, whole)
        return out & into & self._let_through(here, there)

    def _is_routed(self, source, target, here, there):
        if here == INTERNET:  # only to an address of its own: a NAT gateway lets nobody in
            return target.public and self.network.has_gateway(there)
        if there == INTERNET:
            return self.network.has_nat(here) or (source.public and self.network.has_gateway(here))
        return True  # within a VPC every table has the local route

    def _allowed(self, party, direction, peer, place, whole):
        """What a party's security groups allow to or from a peer in a subnet or on the internet."""
        if party.title == INTERNET:
            return EVERYTHING
        rules = (rule for group in party.groups for rule in self.network.rules(group, direction))
        return reduce(
            Ports.__or__, (rule.ports for rule in rules if self._speaks_of(rule, peer, place, whole)), NOTHING
        )

    def _speaks_of(self, rule, peer, place, whole):
        if rule.cidr is None:
            return rule.group in peer.groups
        if place == INTERNET:
            return rule.cidr in EVERYWHERE if whole else is_public(rule.cidr)
        block, mine = ipaddress.ip_network(rule.cidr, strict=False), self.network.block(place)
        if block.version != mine.version:
            return False
        return mine.subnet_of(block) if whole else mine.overlaps(block)

    def _let_through(self, here, there):
        """What the network ACLs of two subnets let through, if they let answers through too."""
        allowed = EVERYTHING
        for subnet, peer, towards, back in ((here, there, "Egress", "Ingress"), (there, here, "Ingress", "Egress")):
            if subnet != INTERNET and here != there:
                answers = self.network.acl(subnet, back, peer)
                allowed = allowed & self.network.acl(subnet, towards, peer) if answers >= EPHEMERAL else NOTHING
        return allowed

    def services(self, source: Party, names: tuple[str, ...]) -> dict[str, str]:
        """How `source` reaches AWS services by HTTPS from all its subnets: endpoint, internet; empty: not at all."""
        return {name: self._service(source, name) for name in names}

    def _service(self, source, name):
        for endpoint in self.of_kind(ENDPOINT):
            properties = self.network.resources[endpoint.title]["Properties"]
            if service_of(properties) == name and properties.get("PrivateDnsEnabled"):
                return "endpoint" if self.way(source, endpoint).every >= HTTPS else ""
        out = self._allowed(source, "Egress", THE_INTERNET, INTERNET, whole=True)
        if out >= HTTPS and all(name in self.network.gateway_endpoints(subnet) for subnet in source.subnets):
            return "endpoint"
        return "internet" if self.way(source, THE_INTERNET).every >= HTTPS else ""
