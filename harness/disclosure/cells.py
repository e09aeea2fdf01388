"""Cells: the metrics that a protocol declares, each with its grid of levels.

A cell is one figure (or one histogram) of a report. The run only picks its level; everything
else about it is fixed by the signed protocol. Sums are exact integers or fractions.

All kinds but the histogram are levels of sums: of scores, of their squares, of chances, of what
another run's scores differ by. A kind differs from another in what one sample adds (`ends`, and
`metrics`) and in how the mean is shown (`scale`); a rate of two scores is two such levels.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from math import comb, floor, prod
from typing import Any

from harness.disclosure.errors import CellInvalid, Reason, Refused

# A sum is one number; a histogram is one count per label.
Total = tuple[Fraction, ...]
Levels = tuple[int, ...]


class Kind(StrEnum):
    """How scores become a released figure."""

    PROPORTION = "proportion"
    BOUNDED_MEAN = "bounded_mean"
    BOUNDED_COUNT = "bounded_count"
    PASS_AT_K = "pass_at_k"  # noqa: S105 - no password
    RATE = "rate"
    SECOND_MOMENT = "second_moment"
    HISTOGRAM = "histogram"
    PAIRED_DIFFERENCE = "paired_difference"


# Kinds of which the same over another run makes a paired difference.
COMPARED = (Kind.PROPORTION, Kind.BOUNDED_MEAN)

# Kinds of what is counted: nothing is counted below zero.
_COUNTS = (Kind.BOUNDED_COUNT, Kind.PASS_AT_K, Kind.RATE)
MOST_ATTEMPTS_ASKED = 100
_PERCENT = range(1, 100)


@dataclass(frozen=True, slots=True)
class Group:
    """The samples that carry one label in one dimension of the suite's manifest."""

    dimension: str
    label: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a rate is counted per: a second score from 0 to `hi`, or `hi` for every sample."""

    metric: str | None
    hi: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One declared metric.

    `lo` and `hi` bound one sample's score (for a histogram: label indexes 0 and k - 1), `unit`
    is m, the number of samples one level stands for, and `n` the number of samples it is over:
    all of them, or those of `group`. `attempts` is the k of pass@k, else 0; `exposure` belongs
    to a rate; `percentiles` are what is read off a histogram whose labels are in order. Raises
    `CellInvalid` when the parts do not fit together.
    """

    id: str
    metric: str
    kind: Kind
    lo: int
    hi: int
    labels: tuple[str, ...]
    unit: int
    n: int
    group: Group | None = None
    attempts: int = 0
    exposure: Exposure | None = None
    percentiles: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse values on which the arithmetic below would not be meant."""
        if type(self.kind) is not Kind:
            raise CellInvalid("kind: unknown")
        if any(type(value) is not int for value in (self.lo, self.hi, self.unit, self.n)):
            raise CellInvalid("lo, hi, unit, n: must be integers")
        if self.unit < 1 or self.n < 1 or self.lo >= self.hi:
            raise CellInvalid("unit and n must be at least 1, lo below hi")
        if self.kind is Kind.PROPORTION and (self.lo, self.hi) != (0, 1):
            raise CellInvalid("proportion: lo must be 0 and hi 1")
        expected = self.hi + 1 if self.kind is Kind.HISTOGRAM else 0
        if len(self.labels) != expected or (expected and self.lo != 0):
            raise CellInvalid("labels: a histogram has one per category, other kinds none")
        if self.kind in _COUNTS and self.lo != 0:
            raise CellInvalid(f"{self.kind.value}: lo must be 0")
        self._check_parts_of_a_kind()

    def _check_parts_of_a_kind(self) -> None:
        asked, most = self.attempts, MOST_ATTEMPTS_ASKED if self.kind is Kind.PASS_AT_K else 0
        if type(asked) is not int or not min(1, most) <= asked <= most:
            raise CellInvalid(f"k: pass_at_k has 1 to {MOST_ATTEMPTS_ASKED}, other kinds none")
        if (self.exposure is not None) != (self.kind is Kind.RATE):
            raise CellInvalid("exposure: a rate has one, other kinds none")
        if self.exposure and (type(self.exposure.hi) is not int or self.exposure.hi < 1):
            raise CellInvalid("exposure: hi must be at least 1")
        ordered = all(type(percent) is int and percent in _PERCENT for percent in self.percentiles)
        if not ordered or list(self.percentiles) != sorted(set(self.percentiles)):
            raise CellInvalid("percentiles: whole numbers from 1 to 99, rising")
        if self.percentiles and self.kind is not Kind.HISTOGRAM:
            raise CellInvalid("percentiles: only those of a histogram")

    @property
    def two_levels(self) -> bool:
        """Whether it is a rate of two scores, the one kind that is released as two levels."""
        return self.exposure is not None and self.exposure.metric is not None

    @property
    def one_sum(self) -> bool:
        """Whether it is released as one level of a sum over this run alone."""
        return not self.two_levels and self.kind not in (Kind.HISTOGRAM, Kind.PAIRED_DIFFERENCE)


def grid(n: int, unit: int) -> int:
    """N, the highest level of n samples in units of m: floor(n/m + 1/2)."""
    return (2 * n + unit) // (2 * unit)


def levels(cell: Cell) -> int:
    """L, the number of values that the gate may release for a cell.

    N + 1 for sums; 2 N + 1 for a paired difference, from -N to N; for a rate of two scores
    (N + 1)^2; for k categories the ways to share N
    units, C(N + k - 1, k - 1).
    """
    top = grid(cell.n, cell.unit)
    if cell.kind is Kind.HISTOGRAM:
        return comb(top + len(cell.labels) - 1, len(cell.labels) - 1)
    if cell.kind is Kind.PAIRED_DIFFERENCE:
        return 2 * top + 1
    return (top + 1) ** (2 if cell.two_levels else 1)


def difference(cell: Cell) -> Cell:
    """The cell of the paired difference of `cell` to the same figure of another run.

    The difference of each sample adds to it; it is positive where this run's scores are higher.
    Raises `CellInvalid` for a figure that is not a share or a mean of scores.
    """
    if cell.kind not in COMPARED:
        raise CellInvalid("paired difference: only of a proportion or a bounded mean")
    name, dot, label = cell.id.partition(".")
    return replace(cell, id=f"{name}_difference{dot}{label}", kind=Kind.PAIRED_DIFFERENCE)


def about_other_run(cells: Iterable[Cell]) -> int:
    """How many different reports another run's outputs can bring about, this run's being fixed.

    They reach a report through its paired differences and through nothing else.
    """
    return prod(levels(cell) for cell in cells if cell.kind is Kind.PAIRED_DIFFERENCE)


def ends(cell: Cell) -> tuple[int, int]:
    """Least and greatest value that one sample can add to a cell's sum."""
    if cell.kind is Kind.PASS_AT_K:
        return 0, 1
    if cell.kind is Kind.PAIRED_DIFFERENCE:
        return cell.lo - cell.hi, cell.hi - cell.lo
    if cell.kind is Kind.SECOND_MOMENT:
        least, greatest = sorted((cell.lo**2, cell.hi**2))
        return (0 if cell.lo < 0 < cell.hi else least), greatest
    return cell.lo, cell.hi


def scale(cell: Cell) -> Fraction:
    """What the mean over the samples is multiplied by to give the figure that is shown."""
    if cell.kind is Kind.BOUNDED_COUNT:
        return Fraction(cell.n)
    if cell.exposure is not None and not cell.two_levels:
        return Fraction(1, cell.exposure.hi)
    return Fraction(1)


def fineness(cell: Cell, epochs: int) -> int:
    """Least number whose product with every total of the cell is whole.

    Epochs are averaged per sample. A chance of pass@k out of r attempts is a multiple of
    1/C(r, k); a sample's mean squared is one of 1/epochs^2.
    """
    if cell.kind is Kind.PASS_AT_K:
        # An example before the agreement knows no epochs yet; no run has too few attempts.
        return max(1, comb(cell.hi * epochs, cell.attempts))
    return epochs**2 if cell.kind is Kind.SECOND_MOMENT else epochs


def admits(cell: Cell, value: Levels) -> bool:
    """Whether `value` is one of the `levels(cell)` values of the cell's alphabet."""
    top = grid(cell.n, cell.unit)
    least = -top if cell.kind is Kind.PAIRED_DIFFERENCE else 0
    if any(type(level) is not int or not least <= level <= top for level in value):
        return False
    if cell.kind is Kind.HISTOGRAM:
        return len(value) == len(cell.labels) and sum(value) == top
    return len(value) == (2 if cell.two_levels else 1)


def round_total(cell: Cell, total: Total) -> Levels:
    """Levels of an exact total: one for sums, two for a rate of two, one per label of a histogram.

    Raises `Refused` when no scores within the declared range could add up to the total.
    """
    if cell.kind is Kind.HISTOGRAM:
        return histogram_levels(cell, total)
    if len(total) != (2 if cell.two_levels else 1):
        raise Refused(Reason.TOTAL_RANGE)
    if cell.exposure is not None and cell.two_levels:
        return level_of(cell, total[0]), _level(cell, total[1], (0, cell.exposure.hi))
    return (level_of(cell, total[0]),)


def level_of(cell: Cell, total: Fraction | int) -> int:
    """Level of a sum: floor((sum - n lo) / (m (hi - lo)) + 1/2), exactly, by the cell's `ends`.

    Of a paired difference sum / (m (hi - lo)), half away from zero, so that both directions round
    alike. Raises `Refused` for a sum that n samples in [lo, hi] cannot have.
    """
    if cell.kind is Kind.PAIRED_DIFFERENCE:
        return _signed_level(cell, Fraction(total))
    return _level(cell, total, ends(cell))


def _signed_level(cell: Cell, total: Fraction) -> int:
    width = cell.hi - cell.lo
    if abs(total) > cell.n * width:
        raise Refused(Reason.TOTAL_RANGE)
    size = floor(abs(total) / (cell.unit * width) + Fraction(1, 2))
    return -size if total < 0 else size


def _level(cell: Cell, total: Fraction | int, within: tuple[int, int]) -> int:
    lo, hi = within
    above = Fraction(total) - cell.n * lo
    if not 0 <= above <= cell.n * (hi - lo):
        raise Refused(Reason.TOTAL_RANGE)
    return floor(above / (cell.unit * (hi - lo)) + Fraction(1, 2))


def histogram_levels(cell: Cell, counts: Sequence[Fraction | int]) -> Levels:
    """Share N units among the labels by largest remainder; ties go to the lower label index.

    Raises `Refused` unless there is one count per label and they add up to n.
    """
    exact = [Fraction(count) for count in counts]
    if len(exact) != len(cell.labels) or min(exact) < 0 or sum(exact) != cell.n:
        raise Refused(Reason.TOTAL_RANGE)
    top = grid(cell.n, cell.unit)
    quotas = [count * top / cell.n for count in exact]
    shares = [floor(quota) for quota in quotas]
    by_remainder = sorted(range(len(quotas)), key=lambda i: (shares[i] - quotas[i], i))
    for index in by_remainder[: top - sum(shares)]:
        shares[index] += 1
    return tuple(shares)


def expand(
    template: Cell, dimension: str | None, samples: Sequence[Mapping[str, str]]
) -> tuple[Cell, ...]:
    """Cells of one aggregate of a suite, with n counted from the samples' group labels.

    Without a dimension that is the template over all samples; with one it is a cell per label,
    in alphabetical order, named `<id>.<label>`.
    """
    if dimension is None:
        return (_over(template, template.id, len(samples), None),)
    sizes: dict[str, int] = {}
    for groups in samples:
        if dimension in groups:
            sizes[groups[dimension]] = sizes.get(groups[dimension], 0) + 1
    return tuple(
        _over(template, f"{template.id}.{label}", sizes[label], Group(dimension, label))
        for label in sorted(sizes)
    )


def _over(cell: Cell, name: str, n: int, group: Group | None) -> Cell:
    return replace(cell, id=name, n=n, group=group)


def to_entry(cell: Cell) -> dict[str, Any]:
    """Return the cell as an entry of `analysis.metrics` in a protocol.

    What belongs to some kinds only is an entry's field only there.
    """
    parts: dict[str, Any] = {"k": cell.attempts} if cell.attempts else {}
    if cell.exposure is not None:
        parts["exposure"] = {"metric": cell.exposure.metric, "hi": cell.exposure.hi}
    if cell.percentiles:
        parts["percentiles"] = list(cell.percentiles)
    return parts | {
        "id": cell.id,
        "metric": cell.metric,
        "kind": cell.kind.value,
        "lo": cell.lo,
        "hi": cell.hi,
        "labels": list(cell.labels),
        "unit": cell.unit,
        "n": cell.n,
        "group": group_entry(cell.group),
    }


def group_entry(group: Group | None) -> dict[str, str] | None:
    """Return a group as protocols and reports write it."""
    return None if group is None else {"dimension": group.dimension, "label": group.label}


def from_entry(entry: Mapping[str, Any]) -> Cell:
    """Read a cell from an entry of `analysis.metrics` that the protocol's model accepted.

    Raises `CellInvalid` when the kind is unknown or the parts do not fit together.
    """
    if entry["kind"] not in set(Kind):
        raise CellInvalid("kind: unknown")
    group, exposure = entry["group"], entry.get("exposure")
    return Cell(
        id=entry["id"],
        metric=entry["metric"],
        kind=Kind(entry["kind"]),
        lo=entry["lo"],
        hi=entry["hi"],
        labels=tuple(entry["labels"]),
        unit=entry["unit"],
        n=entry["n"],
        group=None if group is None else Group(group["dimension"], group["label"]),
        attempts=entry.get("k", 0),
        exposure=None if exposure is None else Exposure(exposure["metric"], exposure["hi"]),
        percentiles=tuple(entry.get("percentiles", ())),
    )
