"""Confidence intervals from released levels, wide enough for every sum a level stands for.

Proportions: Wilson's score interval at 95 %, its low end from the smallest count of the level
and its high end from the largest. Other sums ("range"): the same score interval with the
largest variance that a mean mu in [lo, hi] allows, (hi - mu)(mu - lo) (Bhatia and Davis, 2000),
so it covers whatever the scores' distribution is. Samples are taken as independent. There is
none for a histogram, for a rate of two scores, whose ratio has no bound, and for a paired
difference, of which the scores of one run alone say nothing.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import ceil, floor

from harness.disclosure.cells import Cell, Kind, ends, fineness, scale

CONFIDENCE = "0.95"
# 97.5 % point of the standard normal distribution.
Z = Decimal("1.959963984540054")

_CONTEXT = Context(60, ROUND_HALF_EVEN)
# Far above the rounding error of 60 digits, far below the third decimal.
_GUARD = Decimal("1e-30")
_STEP = Decimal("0.001")
_STEPS = 1000


@dataclass(frozen=True, slots=True)
class Interval:
    """Decimal strings with three decimals, rounded outward."""

    low: str
    high: str
    method: str
    confidence: str = CONFIDENCE


def span(cell: Cell, level: int, epochs: int = 1) -> tuple[Fraction, Fraction]:
    """Smallest and largest mean score that `level` stands for.

    In units of 1/`fineness` sums are whole; the bounds are the outermost such sums in
    [(level - 1/2) m, (level + 1/2) m) (hi - lo) that n samples can have.
    """
    lo, hi = ends(cell)
    parts = fineness(cell, epochs)
    double = parts * cell.unit * (hi - lo)
    least = -((double * (1 - 2 * level)) // 2)
    most = -((-double * (2 * level + 1)) // 2) - 1
    low = Fraction(max(least, 0), parts * cell.n)
    high = Fraction(min(most, parts * cell.n * (hi - lo)), parts * cell.n)
    return lo + low, lo + high


def interval(cell: Cell, level: int, epochs: int = 1) -> Interval:
    """Return the 95 % interval for what is shown of a sum's released level."""
    lo, hi = ends(cell)
    smallest, largest = span(cell, level, epochs)
    low = score_ends((smallest - lo) / (hi - lo), cell.n)[0]
    high = score_ends((largest - lo) / (hi - lo), cell.n)[1]
    return Interval(
        low=_outward(low, cell, ROUND_FLOOR),
        high=_outward(high, cell, ROUND_CEILING),
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


def _outward(share: Decimal, cell: Cell, rounding: str) -> str:
    """Write a share of the range in the unit that is shown, rounded outward but not beyond it."""
    lo, hi = ends(cell)
    factor = scale(cell)
    mean = _CONTEXT.add(Decimal(lo), _CONTEXT.multiply(share, Decimal(hi - lo)))
    value = _CONTEXT.divide(
        _CONTEXT.multiply(mean, Decimal(factor.numerator)), Decimal(factor.denominator)
    )
    guard = -_GUARD if rounding == ROUND_FLOOR else _GUARD
    stepped = _CONTEXT.add(value, guard).quantize(_STEP, rounding=rounding, context=_CONTEXT)
    least = _CONTEXT.multiply(Decimal(floor(lo * factor * _STEPS)), _STEP)
    greatest = _CONTEXT.multiply(Decimal(ceil(hi * factor * _STEPS)), _STEP)
    clipped = min(max(stepped, least), greatest).quantize(_STEP, context=_CONTEXT)
    # Decimal keeps the sign of zero; a report does not.
    return str(clipped or Decimal("0.000"))
