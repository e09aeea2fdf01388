"""What rounding costs in precision, and what a run can detect; closed forms, decimal strings.

Rounding to units of m adds about m^2/12 to the variance of a sum of n scores; the scores
themselves have at most p (1 - p) per sample, in units of the range (hi - lo).
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from harness.disclosure.cells import Cell, ends, scale
from harness.disclosure.intervals import Z

# 80 % point of the standard normal distribution.
Z_POWER = Decimal("0.841621233572914")

_CONTEXT = Context(40, ROUND_HALF_EVEN)
_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Precision:
    """For one metric: percent by which rounding widens its standard error, and what it detects.

    `detectable` is the smallest difference from a fixed threshold, in the metric's own scale,
    that 80 % of runs would show at 95 % confidence, for the widest possible spread.
    """

    id: str
    rounding_percent: str
    detectable: str


def precision(cell: Cell, expected: Fraction = _HALF, noise: Fraction = Fraction(0)) -> Precision:
    """Return the precision of a sum; `expected` is its likely place in (0, 1) of the range.

    `noise` is the variance of what is added to the sum, in units of the range.
    """
    widened = rounding_percent(cell.n, cell.unit, expected, noise)
    return Precision(cell.id, widened, detectable(cell, noise))


def rounding_percent(
    n: int, unit: int, expected: Fraction = _HALF, noise: Fraction = Fraction(0)
) -> str:
    """100 (sqrt(1 + (m^2 / 12 + noise) / (n p (1 - p))) - 1), with one decimal."""
    added = (Fraction(unit * unit, 12) + noise) / (n * expected * (1 - expected))
    widened = _CONTEXT.sqrt(_decimal(1 + added))
    percent = _CONTEXT.multiply(_CONTEXT.subtract(widened, Decimal(1)), Decimal(100))
    return str(percent.quantize(Decimal("0.1")))


def detectable(cell: Cell, noise: Fraction = Fraction(0)) -> str:
    """(z_0.975 + z_0.8) (hi - lo) sqrt(1/(4n) + (m^2/12 + noise)/n^2), up to three decimals.

    By what one sample adds, and in the unit of the figure.
    """
    variance = Fraction(1, 4 * cell.n) + (Fraction(cell.unit**2, 12) + noise) / cell.n**2
    reach = _CONTEXT.multiply(_CONTEXT.add(Z, Z_POWER), _CONTEXT.sqrt(_decimal(variance)))
    lo, hi = ends(cell)
    scaled = _CONTEXT.multiply(reach, _decimal(scale(cell) * (hi - lo)))
    return str(scaled.quantize(Decimal("0.001"), rounding=ROUND_CEILING))


def _decimal(value: Fraction) -> Decimal:
    return _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))
