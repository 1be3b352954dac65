"""The table of list prices of a region: review/prices/REGION.toml."""

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from review.problem import Problem

FOLDER = Path(__file__).parent.parent / "prices"


@dataclass(frozen=True)
class Price:
    """A list price."""

    name: str
    usd: Decimal
    per: str  # the unit, as in hour or GB-month
    sources: tuple[str, ...]  # names in Table.sources

    @property
    def checked(self) -> bool:
        """Do two sources agree on it?"""
        return len(self.sources) > 1


@dataclass(frozen=True)
class Table:
    """The prices of one region."""

    region: str
    read: str  # the day when the prices were read
    prices: dict[str, Price]
    free: dict[str, str]  # resource types that cost nothing, with why
    sources: dict[str, dict]

    def price(self, name: str, asked: str) -> Price:
        """The price of that name. Problem: it is not in the table; `asked` says what wants it."""
        if name not in self.prices:
            raise Problem(
                f"{asked}: review/prices/{self.region}.toml has no price {name}: add it there with its source"
            )
        return self.prices[name]


@cache
def table(region: str) -> Table:
    """The prices of a region. Problem: there is no table for it."""
    path = FOLDER / f"{region}.toml"
    if not path.exists():
        there = ", ".join(sorted(other.stem for other in FOLDER.glob("*.toml")))
        raise Problem(f"there are no prices for {region}: review/prices/ has {there}")
    with path.open("rb") as file:
        data = tomllib.load(file, parse_float=Decimal)
    prices = {
        name: Price(name, Decimal(entry["usd"]), entry["per"], tuple(entry["sources"]))
        for name, entry in data["prices"].items()
    }
    return Table(data["region"], data["read"], prices, data["free"], data["sources"])
