"""What one client was told about each entry that it made: what may be stored, and what must be."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

Content = tuple[str, str]  # description and status
ABSENT = None


@dataclass
class Written:
    """One entry, by its title, which no other has. Its states are those that the answers so far allow."""

    title: str
    states: set[Content | None] = field(default_factory=lambda: {ABSENT})
    id: int = 0  # known when an answer has told it
    acknowledged: bool = False

    def told(self, new: Content | None) -> None:
        """The change to new was acknowledged: it is the only state there may be."""
        self.states, self.acknowledged = {new}, True

    def untold(self, new: Content | None) -> None:
        """Nobody knows whether the change to new was stored."""
        self.states.add(new)


@dataclass(frozen=True)
class Audit:
    """How what is stored differs from what was answered."""

    lost: tuple[str, ...]  # titles: acknowledged, and not stored like that
    doubled: tuple[str, ...]  # stored more than once
    unasked: tuple[str, ...]  # stored although the answer was that nothing was, or made by nobody
    acknowledged: int  # writes


def audit(written: Iterable[Written], acknowledged: int, stored: Iterable[tuple[str, str, str]]) -> Audit:
    """Compare; stored are title, description and status of every entry that there is."""
    stored = list(stored)
    counts = Counter(title for title, _, _ in stored)
    contents = {title: (description, status) for title, description, status in stored}
    entries = {entry.title: entry for entry in written}
    wrong = [title for title, entry in entries.items() if contents.get(title, ABSENT) not in entry.states]
    lost = [title for title in wrong if entries[title].acknowledged]
    return Audit(
        lost=tuple(lost),
        doubled=tuple(title for title, count in counts.items() if count > 1),
        unasked=tuple(sorted({*wrong, *contents.keys() - entries.keys()} - {*lost})),
        acknowledged=acknowledged,
    )
