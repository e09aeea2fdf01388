from fractions import Fraction

import pytest

from harness.disclosure.cells import Cell, Group, Kind
from harness.disclosure.errors import Refused
from harness.disclosure.metrics import Field, Plan, aggregate, group_size

CORRECT = Field("correct", 0, 1)
RATING = Field("rating", -2, 2)
OUTCOME = Field("outcome", 0, 2)
FIELDS = (CORRECT, RATING, OUTCOME)
SAMPLES = ({"topic": "law"}, {"topic": "art"}, {"topic": "law"}, {})
PLAN = Plan(FIELDS, SAMPLES, epochs=2)
ROWS = [
    (0, 0, (1, -2, 0)), (0, 1, (0, 2, 0)),
    (1, 0, (1, 1, 1)), (1, 1, (1, 1, 1)),
    (2, 0, (0, 0, 2)), (2, 1, (1, 0, 0)),
    (3, 0, (0, 2, 2)), (3, 1, (0, -1, 2)),
]  # fmt: skip


def cell(field, kind, n=4, group=None):
    labels = ("a", "b", "c") if kind is Kind.HISTOGRAM else ()
    return Cell("x", field.metric, kind, field.lo, field.hi, labels, 5, n, group)


CELLS = (
    cell(CORRECT, Kind.PROPORTION),
    cell(CORRECT, Kind.PROPORTION, 2, Group("topic", "law")),
    cell(RATING, Kind.BOUNDED_MEAN),
    cell(OUTCOME, Kind.HISTOGRAM),
    cell(OUTCOME, Kind.HISTOGRAM, 1, Group("topic", "art")),
)
TOTALS = (
    (Fraction(2),),
    (Fraction(1),),
    (Fraction(3, 2),),
    (Fraction(3, 2), Fraction(1), Fraction(3, 2)),
    (Fraction(0), Fraction(1), Fraction(0)),
)


def test_epochs_are_averaged_per_sample_exactly():
    assert aggregate(ROWS, PLAN, CELLS) == TOTALS


def test_order_of_rows_does_not_matter():
    assert aggregate(iter(ROWS[::-1]), PLAN, CELLS) == TOTALS
    assert aggregate(ROWS[3:] + ROWS[:3], PLAN, CELLS) == TOTALS


def changed(position, row):
    return [*ROWS[:position], row, *ROWS[position + 1 :]]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "row_count"),
        (ROWS[:-1], "row_count"),
        ([*ROWS, ROWS[0]], "row_count"),
        ([*ROWS, (4, 0, (0, 0, 0))], "row_count"),
        (changed(1, ROWS[0]), "row_repeated"),
        (changed(1, (True, 1, (0, 2, 0))), "row_shape"),
        (changed(1, (0, 1.0, (0, 2, 0))), "row_shape"),
        (changed(1, (-1, 1, (0, 2, 0))), "row_shape"),
        (changed(1, (4, 1, (0, 2, 0))), "row_shape"),
        (changed(1, (0, 2, (0, 2, 0))), "row_shape"),
        (changed(1, (0, -1, (0, 2, 0))), "row_shape"),
        (changed(1, [0, 1, (0, 2, 0)]), "row_shape"),
        (changed(1, (0, 1)), "row_shape"),
        (changed(1, (0, 1, [0, 2, 0])), "row_shape"),
        (changed(1, (0, 1, (0, 2))), "row_shape"),
        (changed(1, (0, 1, (0, 2, 0, 0))), "row_shape"),
        (changed(1, (0, 1, (False, 2, 0))), "value_type"),
        (changed(1, (0, 1, (0.0, 2, 0))), "value_type"),
        (changed(1, (0, 1, (-0.0, 2, 0))), "value_type"),
        (changed(1, (0, 1, (float("nan"), 2, 0))), "value_type"),
        (changed(1, (0, 1, ("0", 2, 0))), "value_type"),
        (changed(1, (0, 1, (None, 2, 0))), "value_type"),
        (changed(1, (0, 1, (2, 2, 0))), "value_range"),
        (changed(1, (0, 1, (0, 3, 0))), "value_range"),
        (changed(1, (0, 1, (0, -3, 0))), "value_range"),
        (changed(1, (0, 1, (0, 10**400, 0))), "value_range"),
        (changed(1, (0, 1, (0, 2, 3))), "value_range"),
        (changed(1, (0, 1, (0, 2, -1))), "value_range"),
    ],
)
def test_rows_that_are_not_exactly_the_declared_ones_are_refused(rows, reason):
    with pytest.raises(Refused) as caught:
        aggregate(rows, PLAN, CELLS)
    assert str(caught.value) == reason


def test_a_subclass_of_int_is_no_score():
    class Sneaky(int):
        pass

    with pytest.raises(Refused, match=r"^value_type$"):
        aggregate(changed(0, (0, 0, (Sneaky(1), -2, 0))), PLAN, CELLS)


def test_an_endless_stream_of_rows_is_cut():
    def endless():
        while True:
            yield ROWS[0]

    with pytest.raises(Refused, match=r"^row_count$"):
        aggregate(endless(), PLAN, CELLS)


@pytest.mark.parametrize(
    "wrong",
    [
        cell(Field("other", 0, 1), Kind.PROPORTION),
        cell(Field("rating", -2, 3), Kind.BOUNDED_MEAN),
        cell(CORRECT, Kind.PROPORTION, 5),
        cell(CORRECT, Kind.PROPORTION, 3, Group("topic", "law")),
        cell(CORRECT, Kind.PROPORTION, 1, Group("topic", "music")),
        cell(CORRECT, Kind.PROPORTION, 1, Group("size", "law")),
    ],
)
def test_a_cell_that_the_plan_does_not_have_is_refused(wrong):
    with pytest.raises(Refused, match=r"^cells_differ$"):
        aggregate(ROWS, PLAN, [wrong])


def test_group_sizes():
    assert group_size(PLAN, None) == 4
    assert group_size(PLAN, Group("topic", "law")) == 2
    assert group_size(PLAN, Group("topic", "music")) == 0
