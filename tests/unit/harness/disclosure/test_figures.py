from fractions import Fraction

import pytest

from harness.disclosure.cells import Cell, Group, Kind
from harness.disclosure.errors import DisclosureError
from harness.disclosure.figures import end_mark, figure, rounded, shown


def proportion(n, unit=5, group=None):
    return Cell("accuracy", "correct", Kind.PROPORTION, 0, 1, (), unit, n, group)


def mean(lo, hi, n=100):
    return Cell("mean", "rating", Kind.BOUNDED_MEAN, lo, hi, (), 5, n)


@pytest.mark.parametrize(
    ("level", "expected"),
    [(57, "0.216"), (103, "0.390"), (92, "0.349"), (148, "0.561"), (0, "0.000"), (264, "1.000")],
)
def test_shown_for_the_four_recorded_models_and_both_ends(level, expected):
    assert shown(proportion(1319), (level,)) == expected


def test_shown_is_clipped_to_the_range():
    # 4 levels of 5 samples stand for 20 of 19.
    assert shown(proportion(18), (4,)) == "1.000"


def test_shown_below_zero():
    assert shown(mean(-2, 2), (0,)) == "-2.000"
    assert shown(mean(-2, 2), (7,)) == "-0.600"
    assert shown(mean(-2, 2), (10,)) == "0.000"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction(5, 10_000), "0.001"),
        (Fraction(-5, 10_000), "-0.001"),
        (Fraction(-4, 10_000), "0.000"),
        (Fraction(-12_345, 10_000), "-1.235"),
        (Fraction(2, 3), "0.667"),
    ],
)
def test_rounding_is_half_away_from_zero(value, expected):
    assert rounded(value) == expected


def test_histogram_shows_shares_of_its_units():
    cell = Cell("mix", "outcome", Kind.HISTOGRAM, 0, 2, ("a", "b", "c"), 5, 22)
    assert shown(cell, (3, 1, 0)) == {"a": "0.750", "b": "0.250", "c": "0.000"}


def test_levels_outside_the_alphabet_have_no_figure():
    with pytest.raises(DisclosureError):
        shown(proportion(20), (5,))


def test_ends_are_marked_with_the_outermost_mean_they_stand_for():
    # Level 0 stands for 0 to 2 of 1319, level 264 for 1318 and 1319.
    assert end_mark(proportion(1319), (0,)) == "≤ 0.002"
    assert end_mark(proportion(1319), (264,)) == "≥ 0.999"
    assert end_mark(proportion(1319), (148,)) is None
    assert end_mark(mean(-2, 2), (0,)) == "≤ -1.910"


def test_report_entry_of_a_proportion():
    entry = figure(proportion(100, group=Group("topic", "law")), (12,))
    assert entry == {
        "id": "accuracy",
        "kind": "proportion",
        "group": {"dimension": "topic", "label": "law"},
        "n": 100,
        "unit": 5,
        "level": 12,
        "shown": "0.600",
        "interval": {"low": "0.482", "high": "0.710", "method": "wilson", "confidence": "0.95"},
    }


def test_report_entry_of_a_histogram():
    cell = Cell("mix", "outcome", Kind.HISTOGRAM, 0, 1, ("a", "b"), 5, 20)
    assert figure(cell, (1, 3)) == {
        "id": "mix",
        "kind": "histogram",
        "group": None,
        "n": 20,
        "unit": 5,
        "levels": [1, 3],
        "shown": {"a": "0.250", "b": "0.750"},
        "interval": None,
    }
