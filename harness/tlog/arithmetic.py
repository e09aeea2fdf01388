"""Levels, shown figures and bits, computed a second time from a protocol's own words.

Written from the formulas alone, in exact integers and fractions, for the verifier:

    N       = floor(n/m + 1/2)                     highest level of n samples in units of m
    L       = N + 1, for a histogram of k labels C(N + k - 1, k - 1)
    shown   = lo + (hi - lo) level m / n, clipped to [lo, hi]; a label's share is level / N
    bits    = log2( T (L_1 ... L_k Q V D + F) ), F = 1
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import comb

from harness.tlog.reader import Node

PROPORTION, BOUNDED_MEAN, HISTOGRAM = "proportion", "bounded_mean", "histogram"
_MAX_SAMPLES = 10**9
_MAX_SCORE = 10**9
_MAX_CELLS = 512
_MAX_LABELS = 32
_MAX_DEVIATIONS = 64
_MAX_SECONDS = 10**9
# Beyond any cap a vendor could sign; keeps hostile protocols from costing time.
_MAX_ALPHABET_BITS = 6000
_FAILURES = 1
_SCALE = 1000
_MICRO = 1_000_000
_SIXTY_DIGITS = Context(60, ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Cell:
    """One declared metric of a protocol. `group` is the protocol's own JSON value."""

    id: str
    kind: str
    lo: int
    hi: int
    labels: tuple[str, ...]
    unit: int
    n: int
    group: object

    @property
    def top(self) -> int:
        """N, the highest level."""
        return (2 * self.n + self.unit) // (2 * self.unit)


def read_cells(metrics: Node) -> list[Cell]:
    """Read `analysis.metrics` of a protocol. Raises ReadError."""
    cells = [_read_cell(item) for item in metrics.items(_MAX_CELLS)]
    if not cells or len({cell.id for cell in cells}) != len(cells):
        metrics.fail("is empty or names a metric twice")
    return cells


def levels(cell: Cell) -> int:
    """L, the number of values a report may show for this metric."""
    if cell.kind == HISTOGRAM:
        return comb(cell.top + len(cell.labels) - 1, len(cell.labels) - 1)
    return cell.top + 1


def shown(cell: Cell, level: int) -> str:
    """Figure of a level; for a histogram, of one label's level."""
    if cell.kind == HISTOGRAM:
        return rounded(Fraction(level, cell.top))
    mean = cell.lo + Fraction((cell.hi - cell.lo) * level * cell.unit, cell.n)
    return rounded(max(Fraction(cell.lo), min(mean, Fraction(cell.hi))))


def rounded(value: Fraction) -> str:
    """Three decimals, half away from zero, without a negative zero."""
    thousandths = (2 * abs(value.numerator) * _SCALE + value.denominator) // (2 * value.denominator)
    sign = "-" if value < 0 and thousandths else ""
    return f"{sign}{thousandths // _SCALE}.{thousandths % _SCALE:03d}"


def alphabet(protocol: Node, cells: list[Cell]) -> int:
    """Count the different reports that a protocol allows. Raises ReadError."""
    disclosure = protocol["disclosure"]
    reports: int = 2 if disclosure["completeness"].text() == "buckets" else 1
    reports *= 3 if disclosure["identity_verdict"].flag() else 1
    reports *= 2 ** len(disclosure["deviations"].items(_MAX_DEVIATIONS))
    for cell in cells:
        reports *= levels(cell)
        if reports.bit_length() > _MAX_ALPHABET_BITS:
            disclosure.fail("allows absurdly many reports")
    return _slots(disclosure["release"], protocol["budget"]) * (reports + _FAILURES)


def bits_text(count: int) -> str:
    """log2 in bits: up to whole microbits, then three decimals, half to even."""
    if count & (count - 1) == 0:
        micro = (count.bit_length() - 1) * _MICRO
    else:
        context = _SIXTY_DIGITS
        log2 = context.divide(context.ln(Decimal(count)), context.ln(Decimal(2)))
        micro = int((log2 * _MICRO).to_integral_value(rounding=ROUND_CEILING))
    return str((Decimal(micro) / _MICRO).quantize(Decimal("0.001"), rounding=ROUND_HALF_EVEN))


def _slots(release: Node, budget: Node) -> int:
    # T. On completion a report leaves at the first point of a grid of g seconds after the end,
    # which lies between the logged run-start and the latest start plus the longest duration.
    if release["mode"].text() == "fixed":
        return 1
    window = budget["start_within_s"].integer(0, _MAX_SECONDS) + budget["run_wall_clock_s"].integer(
        0, _MAX_SECONDS
    )
    grid = release["grid_s"].integer(1, _MAX_SECONDS)
    return -(-window // grid) + 1


def _read_cell(node: Node) -> Cell:
    node.exactly("id", "metric", "kind", "lo", "hi", "labels", "unit", "n", "group")
    kind = node["kind"].text()
    lo = node["lo"].integer(-_MAX_SCORE, _MAX_SCORE)
    hi = node["hi"].integer(lo + 1, _MAX_SCORE)
    labels = tuple(label.text() for label in node["labels"].items(_MAX_LABELS))
    if kind not in {PROPORTION, BOUNDED_MEAN, HISTOGRAM}:
        node["kind"].fail("is unknown")
    if kind == PROPORTION and (lo, hi) != (0, 1):
        node.fail("is a proportion outside 0 and 1")
    categories = hi + 1 if kind == HISTOGRAM else 0
    if len(labels) != categories or len(set(labels)) != categories or (categories and lo):
        node["labels"].fail("do not fit the kind")
    cell = Cell(
        id=node["id"].text(),
        kind=kind,
        lo=lo,
        hi=hi,
        labels=labels,
        unit=node["unit"].integer(1, _MAX_SAMPLES),
        n=node["n"].integer(1, _MAX_SAMPLES),
        group=node["group"].value,
    )
    if not cell.top:
        node.fail("has fewer samples than half a unit")
    return cell
