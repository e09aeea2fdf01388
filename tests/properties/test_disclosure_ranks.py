"""Ranks are what intervals allow, and follow from nothing else."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.disclosure.ranks import Rank, ranks

ends = st.integers(0, 1000).map(lambda thousandths: Decimal(thousandths) / 1000)
intervals = st.lists(
    st.tuples(ends, ends).map(lambda pair: (min(pair), max(pair))), min_size=1, max_size=8
)


@given(intervals=intervals, data=st.data())
def test_any_true_figures_within_their_intervals_are_placed_within_their_ranks(intervals, data):
    places = [
        data.draw(st.integers(int(low * 1000), int(high * 1000)).map(Decimal))
        for low, high in intervals
    ]
    for mine, found in zip(places, ranks(intervals), strict=True):
        above = sum(other > mine for other in places)
        level = sum(other == mine for other in places)
        assert found.best <= above + level
        assert found.worst >= above + 1


@given(intervals=intervals)
def test_each_end_of_a_rank_can_be_reached(intervals):
    for index, found in enumerate(ranks(intervals)):
        low, high = intervals[index]
        others = intervals[:index] + intervals[index + 1 :]
        assert found.best == 1 + sum(other > high for other, _ in others)
        assert found.worst == 1 + sum(other >= low for _, other in others)


@given(intervals=intervals)
def test_turned_round_the_last_is_first(intervals):
    count = len(intervals)
    turned = ranks(intervals, lowest_first=True)
    for found, other in zip(ranks(intervals), turned, strict=True):
        assert (other.best, other.worst) == (count + 1 - found.worst, count + 1 - found.best)


def test_figures_that_meet_share_their_places():
    apart, one, other = (
        (Decimal("0.9"), Decimal("0.95")),
        (Decimal("0.4"), Decimal("0.6")),
        (Decimal("0.6"), Decimal("0.7")),
    )
    assert ranks([one, apart, other]) == (Rank(2, 3), Rank(1, 1), Rank(2, 3))
    assert [str(found) for found in ranks([one, apart])] == ["2", "1"]
    assert str(Rank(2, 3)) == "2\N{EN DASH}3"


def test_an_interval_that_ends_before_it_begins_is_none():
    with pytest.raises(ValueError, match="ends before"):
        ranks([(Decimal(1), Decimal(0))])
