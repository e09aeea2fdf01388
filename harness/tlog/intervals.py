"""Check an interval without computing one: each end lies where the formula's inequality turns.

Wilson's score interval at 95 % for a share p of n samples holds every q with
n (p - q)^2 <= z^2 q (1 - q). An interval in a report must cover every sum that its level stands
for and is rounded outward to three decimals, so its low end is the last thousandth outside that
set for the smallest sum, and its high end the first one outside for the largest. All figures
are fractions; no root is taken.
"""

from fractions import Fraction

from harness.tlog.arithmetic import ATTEMPTS, PROPORTION, Cell
from harness.tlog.reader import Node

_Z = Fraction("1.959963984540054")
_STEP = Fraction(1, 1000)
_MAX_EPOCHS = 1_000_000


def check(node: Node, cell: Cell, level: int, epochs: Node) -> None:
    """Check `interval` of a report's metric against its level. Raises ReadError."""
    node.exactly("low", "high", "method", "confidence")
    method = "wilson" if cell.kind == PROPORTION else "range"
    if node["method"].text() != method or node["confidence"].text() != "0.95":
        node.fail("uses another method than its kind of metric")
    times = epochs.integer(1, _MAX_EPOCHS)
    if cell.kind == ATTEMPTS and cell.attempts > cell.hi * times:
        node.fail("is of more attempts than were made")
    smallest, largest = _means(cell, level, times)
    low_end, high_end = cell.ends
    step = _STEP / (high_end - low_end) / cell.factor
    low = _share(node["low"], cell)
    high = _share(node["high"], cell)
    # Turned upside down, a high end is a low end.
    if not _is_low_end(low, smallest, cell.n, step):
        node["low"].fail("does not follow from the level")
    if not _is_low_end(1 - high, 1 - largest, cell.n, step):
        node["high"].fail("does not follow from the level")


def _means(cell: Cell, level: int, epochs: int) -> tuple[Fraction, Fraction]:
    # Smallest and largest mean of the level, as shares of the range of what a sample adds. Sums
    # move in steps of one whole part, 1/epochs for plain scores, and round half up to a level.
    low, high = cell.ends
    parts = cell.whole(epochs)
    whole = parts * cell.n * (high - low)
    twice = parts * cell.unit * (high - low)
    least = -(-(twice * (2 * level - 1)) // 2)
    beyond = -(-(twice * (2 * level + 1)) // 2)
    return Fraction(max(least, 0), whole), Fraction(min(beyond - 1, whole), whole)


def _share(node: Node, cell: Cell) -> Fraction:
    low, high = cell.ends
    return (node.thousandths() / cell.factor - low) / (high - low)


def _is_low_end(low: Fraction, share: Fraction, n: int, step: Fraction) -> bool:
    # An end of the range that is no thousandth is rounded outward too, by less than a step.
    if share == 0:
        return -step < low <= 0
    if not -step < low <= share or (low > 0 and _inside(low, share, n)):
        return False
    following = low + step
    return following > share or _inside(following, share, n)


def _inside(q: Fraction, share: Fraction, n: int) -> bool:
    return n * (share - q) ** 2 < _Z * _Z * q * (1 - q)
