from fractions import Fraction

import pytest

from harness.tlog import arithmetic
from harness.tlog.arithmetic import Cell


def cell(n, m=5, kind="proportion", lo=0, hi=1, labels=()):
    return Cell("c", kind, lo, hi, labels, m, n, None)


def histogram(n, k):
    return cell(n, kind="histogram", hi=k - 1, labels=tuple("abcdefgh"[:k]))


def test_the_worked_example():
    # n=500 accuracy, five groups of 100, a refusal rate and a 4-way histogram: 52.7 bits.
    cells = [cell(500), *[cell(100)] * 5, cell(500), histogram(500, 4)]
    assert [arithmetic.levels(c) for c in cells] == [101, 21, 21, 21, 21, 21, 101, 176851]
    product = 101 * 21**5 * 101 * 176851
    assert arithmetic.bits_text(product).startswith("52.7")


@pytest.mark.parametrize(
    ("level", "expected"), [(57, "0.216"), (103, "0.390"), (92, "0.349"), (148, "0.561")]
)
def test_recorded_models(level, expected):
    assert arithmetic.shown(cell(1319), level) == expected


def test_ends_are_clipped():
    assert arithmetic.shown(cell(1319), 264) == "1.000"
    assert arithmetic.shown(cell(1319), 0) == "0.000"
    assert arithmetic.shown(cell(20, kind="bounded_mean", lo=-3, hi=1), 0) == "-3.000"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction(1, 2000), "0.001"),
        (Fraction(-1, 2000), "-0.001"),
        (Fraction(-1, 2001), "0.000"),
        (Fraction(1, 2001), "0.000"),
        (Fraction(-5, 2), "-2.500"),
        (Fraction(2, 3), "0.667"),
    ],
)
def test_rounding_is_half_away_from_zero(value, expected):
    assert arithmetic.rounded(value) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, "0.000"), (2, "1.000"), (266, "8.055"), (265, "8.050"), (2**64, "64.000")],
)
def test_bits(count, expected):
    assert arithmetic.bits_text(count) == expected
