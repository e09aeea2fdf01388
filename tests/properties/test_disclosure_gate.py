"""What leaves depends on levels only: non-interference of the gate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.disclosure.bits import Policy, report_alphabet
from harness.disclosure.cells import Cell, Group, Kind, expand
from harness.disclosure.errors import Reason, Refused
from harness.disclosure.figures import figure
from harness.disclosure.gate import release_rows
from harness.disclosure.metrics import Field, Plan

EPOCHS = 2
SAMPLES = tuple({"topic": "law" if i % 2 else "art"} for i in range(12))
PLAN = Plan((Field("correct", 0, 1), Field("rating", -3, 3), Field("kind", 0, 2)), SAMPLES, EPOCHS)
CORRECT = Cell("correct", "correct", Kind.PROPORTION, 0, 1, (), 5, 12)
CELLS = (
    CORRECT,
    *expand(CORRECT, "topic", SAMPLES),
    Cell("rating", "rating", Kind.BOUNDED_MEAN, -3, 3, (), 5, 12),
    Cell("kind", "kind", Kind.HISTOGRAM, 0, 2, ("a", "b", "c"), 5, 12),
)
POLICY = Policy()
CHARGED = report_alphabet(CELLS, POLICY)
PAIRS = [(sample, epoch) for sample in range(12) for epoch in range(EPOCHS)]

values = st.tuples(st.integers(0, 1), st.integers(-3, 3), st.integers(0, 2))
all_values = st.lists(values, min_size=len(PAIRS), max_size=len(PAIRS))
# Everything a decoder of JSON, msgpack or pickle might hand over in place of an integer.
junk = st.one_of(
    st.booleans(), st.floats(), st.text(max_size=3), st.none(), st.integers(), st.binary(max_size=3)
)


def rows_of(scores):
    return [(*pair, value) for pair, value in zip(PAIRS, scores, strict=True)]


def released(rows):
    return release_rows(rows, PLAN, CELLS, POLICY, charged=CHARGED)


def test_the_cells_are_those_meant():
    assert [(cell.id, cell.group) for cell in CELLS[1:3]] == [
        ("correct.art", Group("topic", "art")),
        ("correct.law", Group("topic", "law")),
    ]


@given(all_values, st.randoms(use_true_random=False))
def test_order_of_rows_never_leaves(scores, random):
    rows = rows_of(scores)
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert released(shuffled) == released(rows)


@given(all_values, st.permutations(range(12)))
def test_which_sample_of_a_group_scored_what_never_leaves(scores, order):
    """Samples of one group exchange their rows; the report stays byte for byte the same."""
    even = [i for i in order if i % 2 == 0]
    odd = [i for i in order if i % 2]
    goes_to = dict(zip(range(0, 12, 2), even, strict=True))
    goes_to |= dict(zip(range(1, 12, 2), odd, strict=True))
    rows = rows_of(scores)
    exchanged = [(goes_to[sample], epoch, value) for sample, epoch, value in rows]
    assert released(exchanged) == released(rows)


@given(all_values, all_values)
def test_equal_levels_give_equal_figures(first, second):
    one, two = released(rows_of(first)), released(rows_of(second))
    for cell, a, b in zip(CELLS, one.levels, two.levels, strict=True):
        assert (figure(cell, a, EPOCHS) == figure(cell, b, EPOCHS)) == (a == b)


@given(all_values, st.integers(0, len(PAIRS) - 1), st.integers(0, 2), junk)
def test_any_value_that_is_no_declared_integer_is_refused(scores, position, place, value):
    field = PLAN.fields[place]
    if type(value) is int and field.lo <= value <= field.hi:
        return
    rows = rows_of(scores)
    sample, epoch, good = rows[position]
    rows[position] = (sample, epoch, (*good[:place], value, *good[place + 1 :]))
    with pytest.raises(Refused) as caught:
        released(rows)
    assert caught.value.reason in (Reason.VALUE_TYPE, Reason.VALUE_RANGE)


@given(all_values, st.lists(st.integers(0, len(PAIRS) - 1), max_size=30))
def test_any_other_multiset_of_rows_is_refused(scores, picked):
    rows = rows_of(scores)
    chosen = [rows[i] for i in picked]
    if sorted(picked) == list(range(len(PAIRS))):
        return
    with pytest.raises(Refused) as caught:
        released(chosen)
    assert caught.value.reason in (Reason.ROW_COUNT, Reason.ROW_REPEATED)
