"""Confidence intervals from released levels, wide enough for every sum a level stands for.

Proportions: Wilson's score interval at 95 %, its low end from the smallest count of the level
and its high end from the largest. Bounded means ("range"): the same score interval with the
largest variance that a mean mu in [lo, hi] allows, (hi - mu)(mu - lo) (Bhatia and Davis, 2000),
so it covers whatever the scores' distribution is. Samples are taken as independent.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from harness.disclosure.cells import Cell, Kind

CONFIDENCE = "0.95"
# 97.5 % point of the standard normal distribution.
Z = Decimal("1.959963984540054")

_CONTEXT = Context(50, ROUND_HALF_EVEN)
# Far above the rounding error of 50 digits, far below the third decimal.
_GUARD = Decimal("1e-40")
_STEP = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Interval:
    """Decimal strings with three decimals, rounded outward."""

    low: str
    high: str
    method: str
    confidence: str = CONFIDENCE


def span(cell: Cell, level: int, epochs: int = 1) -> tuple[Fraction, Fraction]:
    """Smallest and largest mean score that `level` stands for.

    Sums move in steps of 1/epochs, because epochs are averaged per sample; the bounds are the
    outermost such sums in [(level - 1/2) m, (level + 1/2) m) (hi - lo) that n scores can have.
    """
    width = cell.hi - cell.lo
    double = epochs * cell.unit * width
    least = -((double * (1 - 2 * level)) // 2)
    most = -((-double * (2 * level + 1)) // 2) - 1
    scale = epochs * cell.n
    low = Fraction(max(least, 0), scale)
    high = Fraction(min(most, scale * width), scale)
    return cell.lo + low, cell.lo + high


def interval(cell: Cell, level: int, epochs: int = 1) -> Interval:
    """Return the 95 % interval for the mean behind a released level of a sum."""
    width = cell.hi - cell.lo
    smallest, largest = span(cell, level, epochs)
    low = score_ends((smallest - cell.lo) / width, cell.n)[0]
    high = score_ends((largest - cell.lo) / width, cell.n)[1]
    return Interval(
        low=_outward(_rescaled(low, cell), cell, ROUND_FLOOR),
        high=_outward(_rescaled(high, cell), cell, ROUND_CEILING),
        method="wilson" if cell.kind is Kind.PROPORTION else "range",
    )


def score_ends(share: Fraction, n: int) -> tuple[Decimal, Decimal]:
    """Both ends of Wilson's score interval (1927) for a share of n; exact at 0 and 1."""
    c = _CONTEXT
    p = c.divide(Decimal(share.numerator), Decimal(share.denominator))
    zz = c.multiply(Z, Z)
    count = Decimal(n)
    variance = c.divide(c.multiply(p, c.subtract(Decimal(1), p)), count)
    corner = c.divide(zz, c.multiply(Decimal(4), c.multiply(count, count)))
    centre = c.add(p, c.divide(zz, c.multiply(Decimal(2), count)))
    reach = c.multiply(Z, c.sqrt(c.add(variance, corner)))
    scale = c.add(Decimal(1), c.divide(zz, count))
    low = Decimal(0) if share == 0 else c.divide(c.subtract(centre, reach), scale)
    high = Decimal(1) if share == 1 else c.divide(c.add(centre, reach), scale)
    return low, high


def _rescaled(unit_value: Decimal, cell: Cell) -> Decimal:
    return _CONTEXT.add(Decimal(cell.lo), _CONTEXT.multiply(unit_value, Decimal(cell.hi - cell.lo)))


def _outward(value: Decimal, cell: Cell, rounding: str) -> str:
    guard = -_GUARD if rounding == ROUND_FLOOR else _GUARD
    stepped = _CONTEXT.add(value, guard).quantize(_STEP, rounding=rounding)
    clipped = min(max(stepped, Decimal(cell.lo)), Decimal(cell.hi)).quantize(_STEP)
    # Decimal keeps the sign of zero; a report does not.
    return str(clipped or Decimal("0.000"))
