"""What a measurement yields: ratios of one run, against goals fixed beforehand.

Absolute values drift with the machine, so a ratio always divides two measurements taken in
turns: ours, peer, ours, peer. Its value is the median of the rounds' ratios, never the ratio
of two medians.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """`limit` is the largest value allowed, or the smallest where `at_least`."""

    limit: float
    at_least: bool = False
    unit: str = ""

    def met_by(self, value: float) -> bool:
        """Say whether a measured value reaches the goal."""
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}{self.unit}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured line. `ours`, `peer` and `bound` are in `unit`; `judged` meets the goal.

    `bound` is the physical or arithmetical limit that nobody can pass, or None. `judged` is
    the ratio, except where the goal is an absolute value.
    """

    what: str
    unit: str
    ours: float
    peer: float | None
    bound: float | None
    judged: float
    goal: Goal
    rounds: int
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.goal.met_by(self.judged)


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller of the bench chose; `rounds` counts the turns that are kept."""

    rounds: int
    full: bool
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the goals. Without `measure` it is not yet measured."""

    number: str
    what: str
    goal: str
    measure: Callable[[Options], Sequence[Figure]] | None = None


@dataclass(frozen=True, slots=True)
class Turns:
    """Seconds of each side, round by round."""

    ours: tuple[float, ...]
    peer: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Median over the rounds of ours divided by the peer's."""
        return statistics.median(a / b for a, b in zip(self.ours, self.peer, strict=True))


def take_turns(
    ours: Callable[[], float], peer: Callable[[], float], rounds: int, *, warm_up: int = 1
) -> Turns:
    """Call both in turns, swapping who goes first, and keep all but the first `warm_up`."""
    kept: list[tuple[float, float]] = []
    for number in range(rounds + warm_up):
        if number % 2:
            theirs = peer()
            mine = ours()
        else:
            mine = ours()
            theirs = peer()
        if number >= warm_up:
            kept.append((mine, theirs))
    return Turns(tuple(a for a, _ in kept), tuple(b for _, b in kept))


def median(values: Sequence[float]) -> float:
    """Return the median; here so that rows need one import."""
    return statistics.median(values)


def percentile_95(values: Sequence[float]) -> float:
    """Return the value that 95 of 100 do not exceed, by nearest rank: one that was measured."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]
