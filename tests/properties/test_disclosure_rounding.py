"""Rounding, figures, intervals and the bound, over arbitrary cells."""

from decimal import Decimal
from fractions import Fraction
from math import log2

from hypothesis import given
from hypothesis import strategies as st

from harness.disclosure.bits import microbits
from harness.disclosure.cells import (
    Cell,
    Kind,
    admits,
    grid,
    histogram_levels,
    level_of,
    levels,
)
from harness.disclosure.figures import shown_sum
from harness.disclosure.intervals import interval, span


@st.composite
def sums(draw):
    """A cell of a sum, its epochs and one exact total that it can have."""
    lo = draw(st.integers(-100, 100))
    width = draw(st.integers(1, 100))
    n = draw(st.integers(1, 3000))
    cell = Cell("x", "m", Kind.BOUNDED_MEAN, lo, lo + width, (), draw(st.integers(1, 60)), n)
    epochs = draw(st.integers(1, 5))
    steps = draw(st.integers(0, n * width * epochs))
    return cell, epochs, n * lo + Fraction(steps, epochs)


@st.composite
def splits(draw):
    """A histogram cell and one split of its samples."""
    counts = draw(st.lists(st.integers(0, 300), min_size=2, max_size=8).filter(any))
    labels = tuple(f"l{i}" for i in range(len(counts)))
    unit = draw(st.integers(1, 40))
    return Cell("x", "m", Kind.HISTOGRAM, 0, len(counts) - 1, labels, unit, sum(counts)), counts


@given(sums())
def test_a_level_is_on_the_grid_within_half_a_unit_of_its_sum(case):
    cell, _, total = case
    level = level_of(cell, total)
    assert admits(cell, (level,))
    step = cell.unit * (cell.hi - cell.lo)
    assert abs(total - cell.n * cell.lo - level * step) * 2 <= step


@given(sums(), st.integers(0, 10_000))
def test_levels_never_fall_when_a_sum_rises(case, more):
    cell, _, total = case
    higher = min(total + more, Fraction(cell.n * cell.hi))
    assert level_of(cell, total) <= level_of(cell, higher)


@given(sums())
def test_the_span_of_a_level_holds_the_mean_and_ends_at_its_level(case):
    cell, epochs, total = case
    level = level_of(cell, total)
    low, high = span(cell, level, epochs)
    assert low <= total / cell.n <= high
    assert level_of(cell, low * cell.n) == level == level_of(cell, high * cell.n)


@given(sums())
def test_the_interval_holds_the_mean_and_stays_in_the_range(case):
    cell, epochs, total = case
    found = interval(cell, level_of(cell, total), epochs)
    low, high = Decimal(found.low), Decimal(found.high)
    assert cell.lo <= low <= high <= cell.hi
    assert Fraction(low) <= total / cell.n <= Fraction(high)
    assert "-0.000" not in (found.low, found.high)


@given(sums())
def test_shown_is_within_half_a_unit_and_the_last_digit(case):
    cell, _, total = case
    figure = Fraction(Decimal(shown_sum(cell, level_of(cell, total))))
    assert cell.lo <= figure <= cell.hi
    half_unit = Fraction(cell.unit * (cell.hi - cell.lo), 2 * cell.n)
    assert abs(figure - total / cell.n) <= half_unit + Fraction(1, 2000)


@given(splits())
def test_a_histogram_shares_all_units_each_within_one_of_its_quota(case):
    cell, counts = case
    shares = histogram_levels(cell, counts)
    assert admits(cell, shares)
    top = grid(cell.n, cell.unit)
    assert all(
        abs(share - Fraction(count * top, cell.n)) < 1
        for share, count in zip(shares, counts, strict=True)
    )


@given(st.integers(1, 12), st.integers(1, 8), st.integers(2, 3))
def test_every_value_of_a_small_alphabet_is_reached(n, unit, k):
    mix = Cell("x", "m", Kind.HISTOGRAM, 0, k - 1, ("a", "b", "c")[:k], unit, n)
    one = Cell("x", "m", Kind.PROPORTION, 0, 1, (), unit, n)
    splits = [(a, b, n - a - b) for a in range(n + 1) for b in range(n + 1 - a)]
    if k == 2:
        splits = [(a, n - a) for a in range(n + 1)]
    assert len({histogram_levels(mix, split) for split in splits}) == levels(mix)
    assert len({level_of(one, total) for total in range(n + 1)}) == levels(one)


@given(st.integers(1, 2**200), st.integers(1, 2**200))
def test_charges_never_add_up_to_less_than_the_bound_of_both(a, b):
    assert microbits(a * b) <= microbits(a) + microbits(b) <= microbits(a * b) + 1


@given(st.integers(1, 2**40))
def test_microbits_are_rounded_up_by_less_than_one(alphabet):
    exact = log2(alphabet) * 10**6
    assert exact - 1e-6 <= microbits(alphabet) < exact + 1 + 1e-6


@given(st.integers(0, 50), st.integers(1, 2**20))
def test_more_reports_never_cost_less(more, alphabet):
    assert microbits(alphabet) <= microbits(alphabet + more)
