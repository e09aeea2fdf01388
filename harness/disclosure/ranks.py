"""Ranks of several released figures, as far as their intervals tell them apart.

Of two figures one is above the other only when their intervals do not meet. A rank is then a range:
the best and the worst place that a figure can have. Everything is computed from released levels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Rank:
    """The best and the worst place that a figure may have, counted from 1."""

    best: int
    worst: int

    def __str__(self) -> str:
        return str(self.best) if self.best == self.worst else f"{self.best}\N{EN DASH}{self.worst}"


def ranks(
    intervals: Sequence[tuple[Decimal, Decimal]], *, lowest_first: bool = False
) -> tuple[Rank, ...]:
    """Rank of each figure by its lower and upper end, in their order; the highest is first.

    `lowest_first` turns that round. Raises ValueError for an interval that ends before it begins.
    """
    if any(low > high for low, high in intervals):
        raise ValueError("an interval ends before it begins")
    above = [sum(low > high for low, _ in intervals) for _, high in intervals]
    below = [sum(high < low for _, high in intervals) for low, _ in intervals]
    if lowest_first:
        above, below = below, above
    return tuple(
        Rank(1 + better, len(intervals) - worse) for better, worse in zip(above, below, strict=True)
    )
