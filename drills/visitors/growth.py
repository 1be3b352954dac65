"""Whether something grows over time, from samples: pure functions."""

from collections.abc import Sequence
from itertools import combinations
from statistics import median

Sample = tuple[float, float]  # seconds, value
SETTLING = 0.25  # the share of samples at the beginning during which caches and pools fill up
ENOUGH = 8  # samples after that


def slope(samples: Sequence[Sample]) -> float:
    """How much the value grows a second: the median of the slopes between all pairs (Theil and Sen).

    One sample out of line, as from a machine that paused, does not move it. ValueError for fewer than two moments.
    """
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(samples, 2) if a[0] != b[0]]
    if not slopes:
        raise ValueError("samples of two moments are needed")
    return median(slopes)


def growth(samples: Sequence[Sample]) -> float:
    """By how much the value has grown, after settling, from the first sample to the last along the slope."""
    settled = samples[int(len(samples) * SETTLING) :]
    return slope(settled) * (settled[-1][0] - settled[0][0])


def grows(samples: Sequence[Sample], share: float, most: float) -> bool:
    """Whether the growth exceeds both a share of the value at the beginning and most, in the value's unit.

    ValueError if there are too few samples to say so.
    """
    settled = samples[int(len(samples) * SETTLING) :]
    if len(settled) < ENOUGH:
        raise ValueError(f"{len(settled)} samples after settling are too few: {ENOUGH} are needed")
    start = median(value for _, value in settled[: len(settled) // 4])
    return growth(samples) > max(share * start, most)
