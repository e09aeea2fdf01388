from fractions import Fraction

import pytest

from harness.disclosure.cells import (
    Cell,
    Group,
    Kind,
    admits,
    expand,
    from_entry,
    histogram_levels,
    level_of,
    levels,
    round_total,
    to_entry,
)
from harness.disclosure.errors import CellInvalid, Refused


def proportion(n, unit=5):
    return Cell("accuracy", "correct", Kind.PROPORTION, 0, 1, (), unit, n)


def histogram(n, unit=5, labels=("a", "b", "c", "d")):
    return Cell("mix", "outcome", Kind.HISTOGRAM, 0, len(labels) - 1, labels, unit, n)


@pytest.mark.parametrize(
    ("n", "expected"),
    [(20, 5), (50, 11), (100, 21), (200, 41), (500, 101), (1000, 201), (1319, 265), (10000, 2001)],
)
def test_number_of_levels_at_unit_five(n, expected):
    assert levels(proportion(n)) == expected


@pytest.mark.parametrize(("correct", "level"), [(286, 57), (515, 103), (458, 92), (742, 148)])
def test_levels_of_the_four_recorded_models(correct, level):
    assert level_of(proportion(1319), correct) == level


def test_histogram_of_four_categories_counts_compositions():
    assert levels(histogram(500)) == 176_851


def test_a_bounded_mean_below_zero_uses_the_distance_from_its_lower_end():
    cell = Cell("mean", "rating", Kind.BOUNDED_MEAN, -2, 2, (), 5, 100)
    assert level_of(cell, -200) == 0
    assert level_of(cell, 0) == 10
    assert level_of(cell, 9) == 10
    assert level_of(cell, 10) == 11
    assert level_of(cell, 200) == 20


def test_averaged_epochs_are_rounded_as_exact_fractions():
    assert level_of(proportion(20), Fraction(15, 2)) == 2
    assert level_of(proportion(20), Fraction(15, 2) - Fraction(1, 10**30)) == 1


@pytest.mark.parametrize("total", [-1, 21, Fraction(-1, 3), Fraction(61, 3)])
def test_a_sum_that_no_scores_have_is_refused(total):
    with pytest.raises(Refused, match=r"^total_range$"):
        level_of(proportion(20), total)


def test_largest_remainders_get_the_last_units():
    # Quotas 2.8, 1.0, 0.2 and 0.0 of four units.
    assert histogram_levels(histogram(20), [14, 5, 1, 0]) == (3, 1, 0, 0)


def test_ties_go_to_the_label_that_comes_first():
    assert histogram_levels(histogram(20, labels=("a", "b", "c")), [6, 7, 7]) == (1, 2, 1)
    # Four equal remainders of one half, two units left.
    assert histogram_levels(histogram(40), [Fraction(25, 2)] * 2 + [Fraction(15, 2)] * 2) == (
        3,
        3,
        1,
        1,
    )


@pytest.mark.parametrize("counts", [[20], [19, 0, 0, 0], [21, -1, 0, 0], [20, 0, 0, 0, 0]])
def test_counts_that_are_not_the_samples_are_refused(counts):
    with pytest.raises(Refused, match=r"^total_range$"):
        histogram_levels(histogram(20), counts)


def test_a_sum_has_one_total():
    with pytest.raises(Refused, match=r"^total_range$"):
        round_total(proportion(20), (Fraction(1), Fraction(2)))


@pytest.mark.parametrize("value", [(-1,), (5,), (True,), (1.0,), (1, 1), ()])
def test_only_levels_of_the_grid_are_in_the_alphabet(value):
    assert admits(proportion(20), (4,))
    assert not admits(proportion(20), value)


@pytest.mark.parametrize("value", [(4, 1, 0, 0), (4, 0, 0), (5, -1, 0, 0), (2, 1, 0, 0)])
def test_only_shares_of_all_units_are_in_a_histograms_alphabet(value):
    assert admits(histogram(20), (2, 1, 1, 0))
    assert not admits(histogram(20), value)


@pytest.mark.parametrize(
    "change",
    [
        {"lo": -1},
        {"hi": 2},
        {"unit": 0},
        {"n": 0},
        {"n": True},
        {"n": 20.0},
        {"kind": "proportion"},
        {"labels": ("a",)},
        {"kind": Kind.HISTOGRAM},
        {"kind": Kind.HISTOGRAM, "labels": ("a",)},
        {"kind": Kind.HISTOGRAM, "lo": -1, "labels": ("a", "b")},
        {"kind": Kind.BOUNDED_MEAN, "lo": 1},
    ],
)
def test_a_cell_whose_parts_do_not_fit_is_refused(change):
    good = {
        "id": "x", "metric": "m", "kind": Kind.PROPORTION,
        "lo": 0, "hi": 1, "labels": (), "unit": 5, "n": 20,
    }  # fmt: skip
    Cell(**good)
    with pytest.raises(CellInvalid):
        Cell(**(good | change))


def test_an_aggregate_by_group_becomes_a_cell_per_label():
    samples = [{"topic": "law"}] * 3 + [{"topic": "art"}] * 2 + [{"other": "law"}]
    whole = expand(proportion(1), None, samples)
    assert [(cell.id, cell.n, cell.group) for cell in whole] == [("accuracy", 6, None)]
    parts = expand(proportion(1), "topic", samples)
    assert [(cell.id, cell.n, cell.group) for cell in parts] == [
        ("accuracy.art", 2, Group("topic", "art")),
        ("accuracy.law", 3, Group("topic", "law")),
    ]


def test_a_protocol_entry_and_a_cell_say_the_same():
    (cell,) = expand(histogram(1), "topic", [{"topic": "law"}] * 20)
    assert to_entry(cell)["group"] == {"dimension": "topic", "label": "law"}
    assert from_entry(to_entry(cell)) == cell
    assert from_entry(to_entry(proportion(20))) == proportion(20)
    with pytest.raises(CellInvalid):
        from_entry(to_entry(cell) | {"kind": "median"})
