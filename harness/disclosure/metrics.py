"""Exact totals of a run's rows, one per declared cell.

A row is (sample index, epoch, values in field order). The work is done column by column with
built-ins that loop in C: checking and adding 10,000 rows of 20 values costs about as much as
two plain sums of them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from math import comb
from typing import Any

from harness.disclosure.cells import Cell, Group, Kind, Total
from harness.disclosure.errors import Reason, Refused

Row = tuple[int, int, tuple[int, ...]]
Column = Sequence[int]

_ROW_PARTS = 3


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


def aggregate(rows: Iterable[Row], plan: Plan, cells: Sequence[Cell]) -> tuple[Total, ...]:
    """Totals of the cells, in their order; epochs are averaged per sample, exactly.

    Raises `Refused` unless every sample and epoch has exactly one row of plain integers within
    the declared ranges, and every cell fits the plan.
    """
    table = _checked(rows, plan)
    who = [row[0] for row in table]
    columns = _columns(table, plan)
    positions = _positions(cells, plan, who)
    table_of = _Table(plan, who, columns, positions)
    return tuple(_total(cell, table_of) for cell in cells)


def group_size(plan: Plan, group: Group | None) -> int:
    """Return the number of samples in a group, or of all samples."""
    if group is None:
        return len(plan.samples)
    return sum(groups.get(group.dimension) == group.label for groups in plan.samples)


def _checked(rows: Iterable[Row], plan: Plan) -> list[Row]:
    """Rows, each sample and epoch exactly once.

    Distinct pairs of integers within range, as many as there are pairs, are all of them.
    """
    expected = len(plan.samples) * plan.epochs
    table = list(islice(rows, expected + 1))
    if len(table) != expected or not table:
        raise Refused(Reason.ROW_COUNT)
    if not _all(type, table, tuple) or not _all(len, table, _ROW_PARTS):
        raise Refused(Reason.ROW_SHAPE)
    who = [row[0] for row in table]
    when = [row[1] for row in table]
    if not _all(type, who, int) or not _all(type, when, int):
        raise Refused(Reason.ROW_SHAPE)
    in_range = min(who) >= 0 and max(who) < len(plan.samples)
    if not in_range or min(when) < 0 or max(when) >= plan.epochs:
        raise Refused(Reason.ROW_SHAPE)
    if len(set(zip(who, when, strict=True))) != expected:
        raise Refused(Reason.ROW_REPEATED)
    return table


def _all(look: Callable[[Any], Any], values: Sequence[Any], wanted: Any) -> bool:
    """Whether `look` gives `wanted` for every value; counting is the quickest loop there is."""
    return list(map(look, values)).count(wanted) == len(values)


def _columns(table: list[Row], plan: Plan) -> dict[str, Column]:
    """Values by metric. `type(x) is int` comes first: True and 1.0 would equal 1 below."""
    values = [row[2] for row in table]
    if not _all(type, values, tuple) or not _all(len, values, len(plan.fields)):
        raise Refused(Reason.ROW_SHAPE)
    columns: dict[str, Column] = {}
    for field, column in zip(plan.fields, zip(*values, strict=True), strict=True):
        if not _all(type, column, int):
            raise Refused(Reason.VALUE_TYPE)
        # Few distinct values remain, so the bounds are nearly free.
        distinct = set(column)
        if min(distinct) < field.lo or max(distinct) > field.hi:
            raise Refused(Reason.VALUE_RANGE)
        columns[field.metric] = column
    return columns


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
    """Checked rows as columns by metric; `who` holds each row's sample."""

    plan: Plan
    who: Sequence[int]
    columns: Mapping[str, Column]
    positions: Mapping[Group | None, list[int]]

    def column(self, cell: Cell, metric: str, bounds: tuple[int, int]) -> Column:
        """One metric's values in the cell's rows, where the plan gives it these bounds."""
        found = self.columns.get(metric)
        if found is None or bounds not in {
            (field.lo, field.hi) for field in self.plan.fields if field.metric == metric
        }:
            raise Refused(Reason.CELLS_DIFFER)
        found = self._rows_of(cell, found)
        if len(found) != cell.n * self.plan.epochs:
            raise Refused(Reason.CELLS_DIFFER)
        return found

    def sums(self, cell: Cell, column: Column) -> Iterable[int]:
        """Sum over the epochs of each sample of a cell, in no order that matters."""
        if self.plan.epochs == 1:
            return column
        found: dict[int, int] = {}
        for sample, value in zip(self._rows_of(cell, self.who), column, strict=True):
            found[sample] = found.get(sample, 0) + value
        return found.values()

    def _rows_of(self, cell: Cell, column: Column) -> Column:
        if cell.group is None:
            return column
        return [column[position] for position in self.positions.get(cell.group, ())]


def _total(cell: Cell, table: _Table) -> Total:
    column = table.column(cell, cell.metric, (cell.lo, cell.hi))
    epochs = table.plan.epochs
    if cell.kind is Kind.HISTOGRAM:
        counts = Counter(column)
        return tuple(Fraction(counts[i], epochs) for i in range(len(cell.labels)))
    if cell.kind is Kind.SECOND_MOMENT:
        squares = sum(value * value for value in table.sums(cell, column))
        return (Fraction(squares, epochs**2),)
    if cell.kind is Kind.PASS_AT_K:
        return (_chances(Counter(table.sums(cell, column)), cell.hi * epochs, cell.attempts),)
    total = (Fraction(sum(column), epochs),)
    if cell.exposure is None or cell.exposure.metric is None:
        return total
    exposure = table.column(cell, cell.exposure.metric, (0, cell.exposure.hi))
    return (*total, Fraction(sum(exposure), epochs))


def _chances(successes: Mapping[int, int], r: int, k: int) -> Fraction:
    """Sum of 1 - C(r - c, k) / C(r, k) over samples with c successes in r attempts each.

    The unbiased estimate of pass@k (Chen and others, arXiv 2107.03374); exact.
    """
    if k > r:
        raise Refused(Reason.CELLS_DIFFER)
    ways = comb(r, k)
    hits = sum(times * (ways - comb(r - c, k)) for c, times in successes.items())
    return Fraction(hits, ways)
