"""Cells: the metrics that a protocol declares, each with its grid of levels.

A cell is one figure (or one histogram) of a report. The run only picks its level; everything
else about it is fixed by the signed protocol. Sums are exact integers or fractions.

A later kind (rate, paired difference, second moments) adds a member of `Kind` and a branch in
`levels`, `round_total` and `admits` here, one in `metrics`, and one in `figures`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import comb, floor
from typing import Any

from harness.disclosure.errors import CellInvalid, Reason, Refused

# A sum is one number; a histogram is one count per label.
Total = tuple[Fraction, ...]
Levels = tuple[int, ...]


class Kind(StrEnum):
    """How scores become a released figure."""

    PROPORTION = "proportion"
    BOUNDED_MEAN = "bounded_mean"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Group:
    """The samples that carry one label in one dimension of the suite's manifest."""

    dimension: str
    label: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One declared metric.

    `lo` and `hi` bound one sample's score (for a histogram: label indexes 0 and k - 1), `unit`
    is m, the number of samples one level stands for, and `n` the number of samples it is over:
    all of them, or those of `group`. Raises `CellInvalid` when the parts do not fit together.
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


def grid(n: int, unit: int) -> int:
    """N, the highest level of n samples in units of m: floor(n/m + 1/2)."""
    return (2 * n + unit) // (2 * unit)


def levels(cell: Cell) -> int:
    """L, the number of values that the gate may release for a cell.

    N + 1 for sums; for k categories the ways to share N units, C(N + k - 1, k - 1).
    """
    top = grid(cell.n, cell.unit)
    if cell.kind is Kind.HISTOGRAM:
        return comb(top + len(cell.labels) - 1, len(cell.labels) - 1)
    return top + 1


def admits(cell: Cell, value: Levels) -> bool:
    """Whether `value` is one of the `levels(cell)` values of the cell's alphabet."""
    top = grid(cell.n, cell.unit)
    if any(type(level) is not int or not 0 <= level <= top for level in value):
        return False
    if cell.kind is Kind.HISTOGRAM:
        return len(value) == len(cell.labels) and sum(value) == top
    return len(value) == 1


def round_total(cell: Cell, total: Total) -> Levels:
    """Levels of an exact total: one for sums, one per label for a histogram.

    Raises `Refused` when no scores within the declared range could add up to the total.
    """
    if cell.kind is Kind.HISTOGRAM:
        return histogram_levels(cell, total)
    if len(total) != 1:
        raise Refused(Reason.TOTAL_RANGE)
    return (level_of(cell, total[0]),)


def level_of(cell: Cell, total: Fraction | int) -> int:
    """Level of a sum of scores: floor((sum - n lo) / (m (hi - lo)) + 1/2), exactly.

    Raises `Refused` for a sum that n scores in [lo, hi] cannot have.
    """
    above = Fraction(total) - cell.n * cell.lo
    if not 0 <= above <= cell.n * (cell.hi - cell.lo):
        raise Refused(Reason.TOTAL_RANGE)
    return floor(above / (cell.unit * (cell.hi - cell.lo)) + Fraction(1, 2))


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
    return Cell(name, cell.metric, cell.kind, cell.lo, cell.hi, cell.labels, cell.unit, n, group)


def to_entry(cell: Cell) -> dict[str, Any]:
    """Return the cell as an entry of `analysis.metrics` in a protocol."""
    return {
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
    group = entry["group"]
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
    )
