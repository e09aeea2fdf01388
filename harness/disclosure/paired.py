"""The paired difference of two runs over the same samples, joined by sample id.

    level = round((sum of first - second) / (m (hi - lo))), half away from zero
    L     = 2 N + 1, from -N to N; charged to the models of both runs
    shown = (hi - lo) level m / n, clipped to [-(hi - lo), hi - lo]

Only the arithmetic is here: no protocol declares such a figure yet, since no service holds the
scores of two runs at one time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from harness.disclosure.cells import grid
from harness.disclosure.errors import CellInvalid, Reason, Refused
from harness.disclosure.figures import rounded


@dataclass(frozen=True, slots=True)
class Paired:
    """A difference of scores in [lo, hi] over n samples, in units of m. Raises `CellInvalid`."""

    lo: int
    hi: int
    unit: int
    n: int

    def __post_init__(self) -> None:
        """Refuse values on which the arithmetic below would not be meant."""
        if any(type(value) is not int for value in (self.lo, self.hi, self.unit, self.n)):
            raise CellInvalid("lo, hi, unit, n: must be integers")
        if self.unit < 1 or self.n < 1 or self.lo >= self.hi:
            raise CellInvalid("unit and n must be at least 1, lo below hi")


def levels(pair: Paired) -> int:
    """L, the number of values that the gate may release for a difference: 2 N + 1."""
    return 2 * grid(pair.n, pair.unit) + 1


def difference(
    pair: Paired, first: Mapping[str, Fraction], second: Mapping[str, Fraction]
) -> Fraction:
    """Exact sum of first - second, each a mean over epochs by sample id.

    Raises `Refused` unless both runs hold the same n samples with scores in range.
    """
    if first.keys() != second.keys() or len(first) != pair.n:
        raise Refused(Reason.CELLS_DIFFER)
    for scores in (first, second):
        if not all(pair.lo <= score <= pair.hi for score in scores.values()):
            raise Refused(Reason.VALUE_RANGE)
    return sum((first[name] - second[name] for name in first), Fraction(0))


def level_of(pair: Paired, total: Fraction) -> int:
    """Level of a difference, so that both directions round alike.

    Raises `Refused` for one that no scores in range can have.
    """
    width = pair.hi - pair.lo
    if abs(total) > pair.n * width:
        raise Refused(Reason.TOTAL_RANGE)
    size = floor(abs(total) / (pair.unit * width) + Fraction(1, 2))
    return -size if total < 0 else size


def shown(pair: Paired, level: int) -> str:
    """Figure of a level: the mean difference of a sample."""
    width = pair.hi - pair.lo
    mean = Fraction(width * level * pair.unit, pair.n)
    return rounded(min(max(mean, Fraction(-width)), Fraction(width)))
