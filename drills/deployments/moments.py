"""The moments of a deployment that leave different things behind: who is killed between them leaves the same.

Most steps of a deployment are questions, which change nothing. Killed after one of these or after the step before it,
a deployment leaves the same account and the same files, and the run that follows finds the same. So a run in peace is
looked at after each step, and one step is struck for each state that was seen.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

# Between two of them AWS goes on by itself: how many of these there are differs from run to run.
QUESTION = re.compile(r"\S+ (Describe|List|Get)|http GET|s3 HEAD")


@dataclass(frozen=True)
class Moment:
    """A step, the first after which everything was as it was then, and how many leave it so."""

    step: str
    nth: int = 1  # the how-manyth of this name
    alike: int = 1  # steps, itself among them

    @property
    def may_be_missed(self) -> bool:
        """Whether another run may end without it."""
        return bool(QUESTION.match(self.step))

    def __str__(self) -> str:
        return f"{self.step} ({self.nth})" if self.nth > 1 else self.step


def moments(steps: Sequence[str], states: Iterable[object]) -> list[Moment]:
    """One moment for each run of equal states; states are what was seen at each of the steps."""
    found: list[Moment] = []
    last = None
    for number, (step, state) in enumerate(zip(steps, states, strict=True)):
        if found and state == last:
            found[-1] = Moment(found[-1].step, found[-1].nth, found[-1].alike + 1)
        else:
            found.append(Moment(step, steps[: number + 1].count(step)))
        last = state
    return found


def content(folder: Path) -> str:
    """A digest of the names and bytes of all files in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            digest.update(f"{path.relative_to(folder)}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()
