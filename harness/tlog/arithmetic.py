"""Levels, shown figures and bits, computed a second time from a protocol's own words.

Written from the formulas alone, in exact integers and fractions, for the verifier:

    N       = floor(n/m + 1/2)                     highest level of n samples in units of m
    L       = N + 1, for a paired difference 2 N + 1 (from -N to N), for a histogram of
              k labels C(N + k - 1, k - 1), for two levels (N + 1)^2
    [a, b]  = what one sample adds: its score in [lo, hi], for pass@k a chance in [0, 1], for a
              second moment the square of a number in [lo, hi], for a paired difference one in
              [lo - hi, hi - lo]
    shown   = f (a + (b - a) level m / n), the mean clipped to [a, b]; a label's share is level / N;
              a paired difference (hi - lo) level m / n, clipped to [a, b]
    f       = 1, for a count n, for a rate per a stated exposure 1 / that exposure
    ratio   = (count's level times its hi) / (exposure's level times its hi)
    bits    = log2( T (L_1 ... L_k Q V D + F) ), F = 1
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import comb

from harness.tlog.reader import Node

PROPORTION, BOUNDED_MEAN, HISTOGRAM = "proportion", "bounded_mean", "histogram"
COUNT, MOMENT, RATE = "bounded_count", "second_moment", "rate"
PAIRED = "paired_difference"
ATTEMPTS = "pass_at_k"
_FROM_ZERO = {COUNT, ATTEMPTS, RATE}
# What some kinds say besides what all say.
_FURTHER = {ATTEMPTS: ("k",), RATE: ("exposure",)}
_MAX_ATTEMPTS = 100
_MAX_EXPOSURE = 1_000_000
_MAX_PERCENTILES = 9
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
    attempts: int = 0
    exposure: int = 0
    exposure_metric: str | None = None
    percents: tuple[int, ...] = ()

    @property
    def ratio(self) -> bool:
        """Whether it is released as two levels, of a count and of what it is counted per."""
        return self.exposure_metric is not None

    @property
    def ends(self) -> tuple[int, int]:
        """A and b: the range of what one sample adds."""
        if self.kind == ATTEMPTS:
            return 0, 1
        if self.kind == PAIRED:
            return self.lo - self.hi, self.hi - self.lo
        if self.kind != MOMENT:
            return self.lo, self.hi
        squares = (self.lo * self.lo, self.hi * self.hi)
        return (0 if self.lo * self.hi < 0 else min(squares)), max(squares)

    @property
    def factor(self) -> Fraction:
        """f: what the mean is multiplied by."""
        if self.kind == COUNT:
            return Fraction(self.n)
        return Fraction(1, self.exposure) if self.kind == RATE else Fraction(1)

    def whole(self, epochs: int) -> int:
        """Return a number whose product with each possible total is whole."""
        if self.kind == ATTEMPTS:
            return comb(self.hi * epochs, self.attempts)
        return epochs * epochs if self.kind == MOMENT else epochs

    @property
    def least(self) -> int:
        """The lowest level."""
        return -self.top if self.kind == PAIRED else 0

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
    return (cell.top + 1) * (cell.top + 1) if cell.ratio else cell.top - cell.least + 1


def shown(cell: Cell, level: int) -> str:
    """Figure of a level; for a histogram, of one label's level."""
    if cell.kind == HISTOGRAM:
        return rounded(Fraction(level, cell.top))
    low, high = cell.ends
    if cell.kind == PAIRED:
        mean = Fraction(high * level * cell.unit, cell.n)
    else:
        mean = low + Fraction((high - low) * level * cell.unit, cell.n)
    return rounded(cell.factor * max(Fraction(low), min(mean, Fraction(high))))


def shown_ratio(cell: Cell, count: int, exposure: int) -> str | None:
    """Figure of a rate of two scores: null where no exposure is counted."""
    return rounded(Fraction(count * cell.hi, exposure * cell.exposure)) if exposure else None


def percentile(cell: Cell, found: list[int], percent: int) -> str:
    """Return the first label up to which `percent` of the shared units lie."""
    below = 0
    for label, units in zip(cell.labels, found, strict=True):
        below += units
        if below * 100 >= percent * cell.top:
            return label
    raise AssertionError("all units lie below the end")


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
    kind = node["kind"].text()
    further = _FURTHER.get(kind, ())
    if kind == HISTOGRAM and isinstance(node.value, dict) and "percentiles" in node.value:
        further = ("percentiles",)
    node.exactly("id", "metric", "kind", "lo", "hi", "labels", "unit", "n", "group", *further)
    lo = node["lo"].integer(-_MAX_SCORE, _MAX_SCORE)
    hi = node["hi"].integer(lo + 1, _MAX_SCORE)
    labels = tuple(label.text() for label in node["labels"].items(_MAX_LABELS))
    if kind not in {PROPORTION, BOUNDED_MEAN, COUNT, MOMENT, ATTEMPTS, RATE, HISTOGRAM, PAIRED}:
        node["kind"].fail("is unknown")
    if kind == PROPORTION and (lo, hi) != (0, 1):
        node.fail("is a proportion outside 0 and 1")
    if kind in _FROM_ZERO and lo:
        node["lo"].fail("is not 0, where something is counted")
    categories = hi + 1 if kind == HISTOGRAM else 0
    if len(labels) != categories or len(set(labels)) != categories or (categories and lo):
        node["labels"].fail("do not fit the kind")
    exposure, exposure_metric = _exposure(node["exposure"]) if kind == RATE else (0, None)
    cell = Cell(
        id=node["id"].text(),
        kind=kind,
        lo=lo,
        hi=hi,
        labels=labels,
        unit=node["unit"].integer(1, _MAX_SAMPLES),
        n=node["n"].integer(1, _MAX_SAMPLES),
        group=node["group"].value,
        attempts=node["k"].integer(1, _MAX_ATTEMPTS) if kind == ATTEMPTS else 0,
        exposure=exposure,
        exposure_metric=exposure_metric,
        percents=_percents(node["percentiles"]) if "percentiles" in further else (),
    )
    if not cell.top:
        node.fail("has fewer samples than half a unit")
    return cell


def _exposure(node: Node) -> tuple[int, str | None]:
    node.exactly("metric", "hi")
    metric = None if node["metric"].is_null() else node["metric"].text()
    return node["hi"].integer(1, _MAX_EXPOSURE), metric


def _percents(node: Node) -> tuple[int, ...]:
    found = [item.integer(1, 99) for item in node.items(_MAX_PERCENTILES)]
    if not found or found != sorted(set(found)):
        node.fail("are none, or do not rise")
    return tuple(found)
