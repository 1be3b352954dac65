"""Sets of ports, by protocol."""

from collections.abc import Iterable
from dataclasses import dataclass

LAST = 65535
# Protocols without ports, as ICMP, count as one port of "other".
_WIDTHS = {"tcp": LAST, "udp": LAST, "other": 0}
_NAMES = {"6": "tcp", "17": "udp", "tcp": "tcp", "udp": "udp", "-1": "all", "all": "all"}


@dataclass(frozen=True)
class Ports:
    """A set of (protocol, port), kept as ranges that do not touch."""

    ranges: frozenset[tuple[str, int, int]] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __or__(self, other: "Ports") -> "Ports":
        return _merged([*self.ranges, *other.ranges])

    def __and__(self, other: "Ports") -> "Ports":
        return _merged(
            (protocol, max(low, low2), min(high, high2))
            for protocol, low, high in self.ranges
            for protocol2, low2, high2 in other.ranges
            if protocol == protocol2 and max(low, low2) <= min(high, high2)
        )

    def __sub__(self, other: "Ports") -> "Ports":
        return self & other.others()

    def __le__(self, other: "Ports") -> bool:
        return not self - other

    def __ge__(self, other: "Ports") -> bool:
        return other <= self

    def others(self) -> "Ports":
        """Every port that is not in the set."""
        gaps = []
        for protocol, width in _WIDTHS.items():
            low = 0
            for _, first, last in sorted(each for each in self.ranges if each[0] == protocol):
                gaps.append((protocol, low, first - 1))
                low = last + 1
            gaps.append((protocol, low, width))
        return _merged(gap for gap in gaps if gap[1] <= gap[2])

    def __str__(self) -> str:
        """tcp 80, 443; udp 53-60; everything."""
        if not self.ranges:
            return "-"
        if self == EVERYTHING:
            return "everything"
        words = []
        for protocol, width in _WIDTHS.items():
            found = sorted((low, high) for name, low, high in self.ranges if name == protocol)
            if found == [(0, width)]:
                words.append(protocol)
            elif found:
                words.append(f"{protocol} " + ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in found))
        return "; ".join(words)


def _merged(ranges: Iterable[tuple[str, int, int]]) -> Ports:
    merged = []
    for protocol, low, high in sorted(ranges):
        if merged and merged[-1][0] == protocol and low <= merged[-1][2] + 1:
            merged[-1] = (protocol, merged[-1][1], max(high, merged[-1][2]))
        else:
            merged.append((protocol, low, high))
    return Ports(frozenset(merged))


EVERYTHING = Ports(frozenset((protocol, 0, width) for protocol, width in _WIDTHS.items()))
NOTHING = Ports()


def tcp(*ports: int) -> Ports:
    """These TCP ports."""
    return _merged(("tcp", port, port) for port in ports)


def of_rule(protocol: object, first: object, last: object) -> Ports:
    """The ports of a rule as EC2 has them: protocol -1 is everything; without ports, all of a protocol's."""
    name = _NAMES.get(str(protocol).lower(), "other")
    if name == "all":
        return EVERYTHING
    width = _WIDTHS[name]
    low = 0 if first in (None, -1, "-1") or name == "other" else int(first)
    high = width if last in (None, -1, "-1") or name == "other" else int(last)
    return Ports(frozenset({(name, low, high)})) if low <= high else NOTHING
