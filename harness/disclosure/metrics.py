"""Exact totals of a run's rows, one per declared cell.

A row is (sample index, epoch, values in field order). The work is done column by column with
built-ins that loop in C: checking and adding 10,000 rows of 20 values costs less than two plain
sums of them (`make bench`, P11). Rows laid end to end are cut into columns by stride, which is
cheaper than the iterator for each row that `zip` makes.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from math import comb
from typing import Any

from harness.disclosure.cells import Cell, Group, Kind, Total
from harness.disclosure.errors import Reason, Refused

Row = tuple[int, int, tuple[int, ...]]
Column = Sequence[int]

_ROW_PARTS = 3
_NONE: Mapping[str, Fraction] = {}
# Kinds for which the sum of the scores is not enough.
_OF_EACH = (Kind.HISTOGRAM, Kind.SECOND_MOMENT, Kind.PASS_AT_K)


@dataclass(frozen=True, slots=True)
class Field:
    """Bounds of one integer of every row; a category is the index of its label."""

    metric: str
    lo: int
    hi: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What rows a run owes: samples x epochs, each with every field.

    `samples` holds the group labels by dimension of every sample, in the suite's order.
    """

    fields: tuple[Field, ...]
    samples: tuple[Mapping[str, str], ...]
    epochs: int = 1


def aggregate(
    rows: Iterable[Row], plan: Plan, cells: Sequence[Cell], other: Mapping[str, Fraction] = _NONE
) -> tuple[Total, ...]:
    """Totals of the cells, in their order; epochs are averaged per sample, exactly.

    `other` holds, by id of a paired difference, the total of the same scores in another run over
    the same samples: the sum of each sample's difference is the difference of both sums.
    Raises `Refused` unless every sample and epoch has exactly one row of plain integers within
    the declared ranges, and every cell fits the plan.
    """
    who, values = _checked(rows, plan)
    sums, columns = _columns(values, plan, {name for cell in cells for name in _kept(cell)})
    table = _Table(plan, who, sums, columns, _positions(cells, plan, who))
    return tuple(_total(cell, table, other) for cell in cells)


def group_size(plan: Plan, group: Group | None) -> int:
    """Return the number of samples in a group, or of all samples."""
    if group is None:
        return len(plan.samples)
    return sum(groups.get(group.dimension) == group.label for groups in plan.samples)


def _checked(rows: Iterable[Row], plan: Plan) -> tuple[Sequence[int], Sequence[tuple[int, ...]]]:
    """Sample and values of all rows, each sample and epoch exactly once.

    Distinct pairs of integers within range, as many as there are pairs, are all of them.
    """
    expected = len(plan.samples) * plan.epochs
    table = list(islice(rows, expected + 1))
    if len(table) != expected or not table:
        raise Refused(Reason.ROW_COUNT)
    if not _all(type, table, tuple) or not _all(len, table, _ROW_PARTS):
        raise Refused(Reason.ROW_SHAPE)
    line: list[Any] = list(chain.from_iterable(table))
    who, when, values = (line[part::_ROW_PARTS] for part in range(_ROW_PARTS))
    if not _all(type, who, int) or not _all(type, when, int):
        raise Refused(Reason.ROW_SHAPE)
    # Rows come almost in order, which is quick to sort; epochs are few.
    samples, epochs = sorted(who), set(when)
    if samples[0] < 0 or samples[-1] >= len(plan.samples):
        raise Refused(Reason.ROW_SHAPE)
    if min(epochs) < 0 or max(epochs) >= plan.epochs:
        raise Refused(Reason.ROW_SHAPE)
    # With one epoch all of them are 0 by now, and a sample is as good as a pair.
    if plan.epochs == 1:
        once = samples == list(range(expected))
    else:
        once = len(set(zip(who, when, strict=True))) == expected
    if not once:
        raise Refused(Reason.ROW_REPEATED)
    return who, values


def _all(look: Callable[[Any], Any], values: Sequence[Any], wanted: Any) -> bool:
    """Whether `look` gives `wanted` for every value; counting is the quickest loop there is."""
    return list(map(look, values)).count(wanted) == len(values)


def _kept(cell: Cell) -> tuple[str, ...]:
    """Metrics of which a cell needs each value, not only the sum over all rows."""
    if cell.group is None and cell.kind not in _OF_EACH:
        return ()
    if cell.exposure is None or cell.exposure.metric is None:
        return (cell.metric,)
    return cell.metric, cell.exposure.metric


def _columns(
    values: Sequence[tuple[int, ...]], plan: Plan, kept: Collection[str]
) -> tuple[dict[str, int], dict[str, Column]]:
    """Sums of all metrics and the values of those kept, by metric.

    `type(x) is int` comes first: True and 1.0 would equal 1 below. A column that is not kept is
    gone before the next one is made, which spares the processor's cache.
    """
    width = len(plan.fields)
    if not _all(type, values, tuple) or not _all(len, values, width):
        raise Refused(Reason.ROW_SHAPE)
    line = list(chain.from_iterable(values))
    sums: dict[str, int] = {}
    columns: dict[str, Column] = {}
    for place, field in enumerate(plan.fields):
        column = line[place::width]
        if not _all(type, column, int):
            raise Refused(Reason.VALUE_TYPE)
        # Few distinct values remain, so the bounds are nearly free.
        distinct = set(column)
        if min(distinct) < field.lo or max(distinct) > field.hi:
            raise Refused(Reason.VALUE_RANGE)
        sums[field.metric] = sum(column)
        if field.metric in kept:
            columns[field.metric] = column
    return sums, columns


def _positions(
    cells: Sequence[Cell], plan: Plan, who: Sequence[int]
) -> dict[Group | None, list[int]]:
    """Row numbers of every group that a cell uses."""
    found: dict[Group | None, list[int]] = {}
    for dimension in {cell.group.dimension for cell in cells if cell.group}:
        labels = [groups.get(dimension) for groups in plan.samples]
        rows_of: dict[str | None, list[int]] = {label: [] for label in labels}
        for position, sample in enumerate(who):
            rows_of[labels[sample]].append(position)
        for label, positions in rows_of.items():
            if label is not None:
                found[Group(dimension, label)] = positions
    return found


@dataclass(frozen=True, slots=True)
class _Table:
    """Checked rows: sums and kept columns by metric; `who` holds each row's sample."""

    plan: Plan
    who: Sequence[int]
    sums: Mapping[str, int]
    columns: Mapping[str, Column]
    positions: Mapping[Group | None, list[int]]

    def total(self, cell: Cell, metric: str, bounds: tuple[int, int]) -> Fraction:
        """Sum of a metric in the cell's rows, epochs averaged."""
        if cell.group is not None:
            return Fraction(sum(self.column(cell, metric, bounds)), self.plan.epochs)
        self._fits(cell, metric, bounds, len(self.who))
        return Fraction(self.sums[metric], self.plan.epochs)

    def column(self, cell: Cell, metric: str, bounds: tuple[int, int]) -> Column:
        """One metric's values in the cell's rows."""
        found = self._rows_of(cell, self.columns.get(metric, ()))
        self._fits(cell, metric, bounds, len(found))
        return found

    def by_sample(self, cell: Cell, column: Column) -> Iterable[int]:
        """Sum over the epochs of each sample of a cell, in no order that matters."""
        if self.plan.epochs == 1:
            return column
        found: dict[int, int] = {}
        for sample, value in zip(self._rows_of(cell, self.who), column, strict=True):
            found[sample] = found.get(sample, 0) + value
        return found.values()

    def _rows_of(self, cell: Cell, column: Column) -> Column:
        if cell.group is None or not column:
            return column
        return [column[position] for position in self.positions.get(cell.group, ())]

    def _fits(self, cell: Cell, metric: str, bounds: tuple[int, int], rows: int) -> None:
        known = {(field.lo, field.hi) for field in self.plan.fields if field.metric == metric}
        if bounds not in known or rows != cell.n * self.plan.epochs:
            raise Refused(Reason.CELLS_DIFFER)


def _total(cell: Cell, table: _Table, other: Mapping[str, Fraction]) -> Total:
    bounds, epochs = (cell.lo, cell.hi), table.plan.epochs
    if cell.kind is Kind.PAIRED_DIFFERENCE:
        theirs = other.get(cell.id)
        if theirs is None:
            raise Refused(Reason.CELLS_DIFFER)
        if not cell.n * cell.lo <= theirs <= cell.n * cell.hi:
            raise Refused(Reason.TOTAL_RANGE)
        return (table.total(cell, cell.metric, bounds) - theirs,)
    if cell.kind not in _OF_EACH:
        total = table.total(cell, cell.metric, bounds)
        if cell.exposure is None or cell.exposure.metric is None:
            return (total,)
        return total, table.total(cell, cell.exposure.metric, (0, cell.exposure.hi))
    column = table.column(cell, cell.metric, bounds)
    if cell.kind is Kind.HISTOGRAM:
        counts = Counter(column)
        return tuple(Fraction(counts[i], epochs) for i in range(len(cell.labels)))
    sums = table.by_sample(cell, column)
    if cell.kind is Kind.SECOND_MOMENT:
        return (Fraction(sum(value * value for value in sums), epochs**2),)
    return (_chances(Counter(sums), cell.hi * epochs, cell.attempts),)


def _chances(successes: Mapping[int, int], r: int, k: int) -> Fraction:
    """Sum of 1 - C(r - c, k) / C(r, k) over samples with c successes in r attempts each.

    The unbiased estimate of pass@k (Chen and others, arXiv 2107.03374); exact.
    """
    if k > r:
        raise Refused(Reason.CELLS_DIFFER)
    ways = comb(r, k)
    hits = sum(times * (ways - comb(r - c, k)) for c, times in successes.items())
    return Fraction(hits, ways)
