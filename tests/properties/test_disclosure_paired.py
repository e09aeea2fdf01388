"""Paired differences: 2 N + 1 levels that round alike in both directions."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.disclosure.bits import microbits, text
from harness.disclosure.cells import grid
from harness.disclosure.errors import CellInvalid, Reason, Refused
from harness.disclosure.paired import Paired, difference, level_of, levels, shown


def test_bits_of_the_design():
    pair = Paired(0, 1, 5, 500)
    assert levels(pair) == 201
    assert text(microbits(levels(pair))) == "7.651"


@st.composite
def _pairs(draw):
    """Two runs of three epochs over the same samples."""
    lo, width, n = draw(st.integers(-20, 20)), draw(st.integers(1, 20)), draw(st.integers(1, 8))
    runs = [
        {f"s{i}": lo + Fraction(draw(st.integers(0, 3 * width)), 3) for i in range(n)}
        for _ in range(2)
    ]
    return Paired(lo, lo + width, draw(st.integers(1, 9)), n), *runs


@settings(max_examples=50)
@given(_pairs())
def test_the_other_way_round_is_the_same_with_the_other_sign(case):
    pair, first, second = case
    total = difference(pair, first, second)
    level = level_of(pair, total)
    assert level_of(pair, difference(pair, second, first)) == -level
    assert abs(level) <= grid(pair.n, pair.unit)
    width = pair.hi - pair.lo
    assert abs(total - level * pair.unit * width) * 2 <= pair.unit * width
    half, digit = Fraction(pair.unit * width, 2 * pair.n), Fraction(1, 2000)
    assert abs(Fraction(shown(pair, level)) - total / pair.n) <= half + digit


@given(st.integers(1, 40), st.integers(1, 9))
def test_every_level_is_reached(n, unit):
    pair = Paired(0, 1, unit, n)
    reached = {level_of(pair, Fraction(total)) for total in range(-n, n + 1)}
    assert len(reached) == levels(pair)


def test_halves_round_away_from_zero():
    pair = Paired(0, 1, 4, 20)
    found = [level_of(pair, Fraction(total)) for total in (-6, -2, -1, 0, 1, 2, 6)]
    assert found == [-2, -1, 0, 0, 0, 1, 2]


def test_other_samples_or_scores_are_refused():
    pair = Paired(0, 1, 1, 2)
    good = {"a": Fraction(1), "b": Fraction(0)}
    for other, reason in (
        ({"a": Fraction(1), "c": Fraction(0)}, Reason.CELLS_DIFFER),
        ({"a": Fraction(1)}, Reason.CELLS_DIFFER),
        ({"a": Fraction(1), "b": Fraction(2)}, Reason.VALUE_RANGE),
    ):
        with pytest.raises(Refused) as caught:
            difference(pair, good, other)
        assert caught.value.reason is reason
    with pytest.raises(Refused):
        level_of(pair, Fraction(3))
    with pytest.raises(CellInvalid):
        Paired(0, 0, 1, 2)
    with pytest.raises(CellInvalid):
        Paired(0, True, 1, 2)
