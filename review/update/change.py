"""A change of one resource, whoever found it out: the comparison of two versions, or CloudFormation."""

from collections.abc import Iterable
from dataclasses import dataclass

ADD, MODIFY, REMOVE = "add", "change", "remove"

# What a change does to the resource that is there, from harmless to worst.
IN_PLACE, PERHAPS, REPLACED = "in place", "perhaps replaced", "replaced"
VERDICTS = (IN_PLACE, PERHAPS, REPLACED)


@dataclass(frozen=True)
class Difference:
    """One property, or attribute as DeletionPolicy, that differs; a side that is not known or not there is None."""

    name: str
    verdict: str = IN_PLACE
    before: object = None
    after: object = None
    because: str = ""  # the resource whose replacement changes it, if it is not written differently


@dataclass(frozen=True)
class Change:
    """What becomes of a resource. `path` leads to it from the root, as in Data/DBInstance."""

    path: str
    kind: str
    action: str
    verdict: str = IN_PLACE
    differences: tuple[Difference, ...] = ()
    before: dict | None = None  # the resource's body, resolved, where it is known
    after: dict | None = None

    @property
    def ends(self) -> bool:
        """Whether the resource that is there may be gone afterwards."""
        return self.action == REMOVE or (self.action == MODIFY and self.verdict != IN_PLACE)


def worst(verdicts: Iterable[str]) -> str:
    """The worst of the verdicts; IN_PLACE if there are none."""
    return max(verdicts, key=VERDICTS.index, default=IN_PLACE)
