"""What a resolved nest costs in a month."""

from dataclasses import dataclass
from decimal import Decimal

from review.price import compute, database, network, watching
from review.price.site import Charge, Site
from review.price.table import table
from review.price.traffic import HOURS, Traffic
from review.problem import Problem
from review.resolve import Nest

METERS = compute.METERS | database.METERS | network.METERS | watching.METERS
LAB = Decimal(4)  # hours of a session of a Learner Lab
KEPT = ("month", "GB-month")  # what a thing that is only kept is charged by


@dataclass(frozen=True)
class Bill:
    """What a nest costs, line by line."""

    charges: tuple[Charge, ...]

    @property
    def month(self) -> Decimal:
        """US dollars in a month of 730 hours."""
        return sum((charge.usd for charge in self.charges), Decimal(0))

    @property
    def by_use(self) -> Decimal:
        """The part of it that hangs on the traffic."""
        return sum((charge.usd for charge in self.charges if charge.by_use), Decimal(0))

    @property
    def hour(self) -> Decimal:
        """US dollars in an hour."""
        return self.month / HOURS

    @property
    def lab(self) -> Decimal:
        """US dollars in a session of a Learner Lab, four hours, if the stack is deleted after it."""
        return self.hour * LAB

    def of(self, resource: str) -> Decimal:
        """US dollars in a month for one resource, by its logical id in the flat view."""
        return sum((charge.usd for charge in self.charges if charge.resource == resource), Decimal(0))


def monthly(nest: Nest, region: str = "us-east-1", traffic: Traffic | None = None, most: bool = False) -> Bill:
    """What a resolved nest costs; with `most`, at as many tasks as scaling allows instead of as few.

    Problem: a resource of a type that is neither priced nor known to be free, or a price that is not in the table.
    """
    site = Site(nest.flat["Resources"], table(region), traffic or Traffic(), most)
    charges = []
    for title, body in site.resources.items():
        if body["Type"] in METERS:
            charges += METERS[body["Type"]](site, title, body.get("Properties", {}))
        elif body["Type"] not in site.table.free:
            raise Problem(
                f"{title}: what a {body['Type']} costs is not known: give it a meter in review/price/, or a line under"
                f" [free] in review/prices/{region}.toml"
            )
    return Bill(tuple(charge for charge in charges if charge.quantity))


def changes(before: Bill, after: Bill) -> dict[str, Decimal]:
    """US dollars a month by which each resource becomes dearer, or cheaper if below 0; only those that do."""
    titles = dict.fromkeys(charge.resource for charge in (*before.charges, *after.charges))
    differences = {title: after.of(title) - before.of(title) for title in titles}
    return {title: usd for title, usd in differences.items() if usd}


def remaining(nest: Nest, region: str = "us-east-1", traffic: Traffic | None = None) -> Bill:
    """What goes on costing when the stack is deleted: what its deletion policies keep, and final snapshots."""
    site = Site(nest.flat["Resources"], table(region), traffic or Traffic())
    charges = []
    final = nest.flat.get("Outputs", {}).get("FinalSnapshot", {}).get("Value", "keep")
    for title, body in site.resources.items():
        policy = body.get("DeletionPolicy", "Delete")
        if policy == "Snapshot" and final == "keep":
            charges.append(database.snapshot(site, title))
        elif policy.startswith("Retain") and body["Type"] in METERS:
            lines = METERS[body["Type"]](site, title, body.get("Properties", {}))
            charges += [line for line in lines if line.price.per in KEPT]
    return Bill(tuple(charge for charge in charges if charge.quantity))
