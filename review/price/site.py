"""What a meter may look at, and what it reads off."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from review.price.table import Price, Table
from review.price.traffic import Traffic
from review.text import references


@dataclass(frozen=True)
class Charge:
    """One line of a bill."""

    resource: str  # logical id in the flat view
    what: str
    quantity: Decimal  # a month
    price: Price
    by_use: bool  # it hangs on the traffic

    @property
    def usd(self) -> Decimal:
        """What it comes to in a month."""
        return self.quantity * self.price.usd


def referred(value: object, resources: Mapping[str, dict]) -> str | None:
    """The logical id of the one resource that a value refers to."""
    found = sorted(name.partition(".")[0] for name in references(value))
    found = [name for name in found if name in resources]
    return found[0] if found else None


@dataclass(frozen=True)
class Site:
    """A resolved nest with what is assumed of its use."""

    resources: dict[str, dict]
    table: Table
    traffic: Traffic
    most: bool = False  # as many tasks as scaling allows, not as few

    def charge(self, title: str, price: str, quantity: object, what: str, by_use: bool = False) -> Charge:
        """So much of a price. Problem: the price is not in the table."""
        return Charge(title, what, Decimal(str(quantity)), self.table.price(price, title), by_use)

    def of_type(self, kind: str) -> Iterator[tuple[str, dict]]:
        """(logical id, properties) of the resources of a type."""
        for title, body in self.resources.items():
            if body["Type"] == kind:
                yield title, body.get("Properties", {})

    def properties(self, title: str) -> dict:
        """The properties of a resource."""
        return self.resources[title].get("Properties", {})

    def meant(self, value: object) -> str | None:
        """The logical id of the one resource of the nest that a value refers to."""
        return referred(value, self.resources)
