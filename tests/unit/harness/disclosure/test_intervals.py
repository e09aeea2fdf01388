from fractions import Fraction
from math import floor, sqrt

import pytest

from harness.disclosure.cells import Cell, Kind, grid, level_of
from harness.disclosure.intervals import interval, score_ends, span

Z = 1.959963984540054


def proportion(n, unit=5):
    return Cell("accuracy", "correct", Kind.PROPORTION, 0, 1, (), unit, n)


def wilson(count, n):
    """Wilson's interval in its textbook form, in floats."""
    p = count / n
    centre = p + Z * Z / (2 * n)
    reach = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return (centre - reach) / (1 + Z * Z / n), (centre + reach) / (1 + Z * Z / n)


@pytest.mark.parametrize("count", [1, 7, 50, 99])
def test_score_ends_agree_with_the_textbook(count):
    low, high = score_ends(Fraction(count, 100), 100)
    assert (float(low), float(high)) == pytest.approx(wilson(count, 100), abs=1e-12)


def test_score_ends_are_exact_at_both_ends():
    for n in range(1, 200):
        assert score_ends(Fraction(0), n)[0] == 0
        assert score_ends(Fraction(1), n)[1] == 1


def test_level_148_of_1319_stands_for_738_to_742():
    assert span(proportion(1319), 148) == (Fraction(738, 1319), Fraction(742, 1319))
    found = interval(proportion(1319), 148)
    assert (found.low, found.high) == ("0.532", "0.590")
    assert float(found.low) <= wilson(738, 1319)[0] <= float(found.low) + 0.001
    assert float(found.high) - 0.001 <= wilson(742, 1319)[1] <= float(found.high)


@pytest.mark.parametrize(("n", "unit", "epochs"), [(20, 5, 1), (22, 6, 1), (21, 5, 3), (20, 6, 2)])
def test_a_span_is_exactly_the_sums_that_round_to_the_level(n, unit, epochs):
    cell = proportion(n, unit)
    means = {}
    for steps in range(n * epochs + 1):
        total = Fraction(steps, epochs)
        means.setdefault(level_of(cell, total), []).append(total / n)
    assert set(means) == set(range(grid(n, unit) + 1))
    for level, values in means.items():
        assert span(cell, level, epochs) == (min(values), max(values))


def test_interval_covers_wilson_of_every_count():
    cell = proportion(40)
    for count in range(41):
        found = interval(cell, level_of(cell, count))
        low, high = wilson(count, 40)
        assert float(found.low) <= low + 1e-12
        assert high - 1e-12 <= float(found.high)
        assert found.method == "wilson"


def test_ends_of_the_range_are_closed():
    assert interval(proportion(20), 0).low == "0.000"
    assert interval(proportion(20), 4).high == "1.000"


def test_bounded_mean_takes_the_largest_variance_its_range_allows():
    cell = Cell("mean", "rating", Kind.BOUNDED_MEAN, -2, 2, (), 5, 100)
    found = interval(cell, 10)
    assert found.method == "range"
    # Level 10 stands for sums of -10 to 9, that is 47.5 to 52.25 % of the range.
    assert float(found.low) == floor((wilson(47.5, 100)[0] * 4 - 2) * 1000) / 1000
    assert float(found.high) == pytest.approx(wilson(52.25, 100)[1] * 4 - 2, abs=0.001)
    assert interval(cell, 0).low == "-2.000"
    assert interval(cell, 20).high == "2.000"


def test_zero_has_no_sign():
    # The high end is -0.000117..., rounded up.
    cell = Cell("mean", "rating", Kind.BOUNDED_MEAN, -1, 1, (), 5, 104)
    assert interval(cell, 8).high == "0.000"
