"""Paired differences: 2 N + 1 levels that round alike in both directions, all of them counted."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.disclosure import figures
from harness.disclosure.bits import Policy, microbits, report_alphabet, text
from harness.disclosure.cells import (
    Cell,
    Kind,
    about_other_run,
    admits,
    difference,
    grid,
    level_of,
    levels,
)
from harness.disclosure.errors import CellInvalid, Reason, Refused
from harness.disclosure.gate import release_rows
from harness.disclosure.metrics import Field, Plan, aggregate
from harness.disclosure.outputs import choices
from harness.tlog import arithmetic


def cell_of(n, unit, lo=0, hi=1, kind=Kind.BOUNDED_MEAN):
    return Cell("score", "score", kind, lo, hi, (), unit, n)


def plan_of(cell, epochs=1):
    return Plan((Field(cell.metric, cell.lo, cell.hi),), ({},) * cell.n, epochs)


def released(cells, scores, other, epochs=1):
    """Levels of a run with these scores, sample by sample and in each epoch after the other."""
    n = cells[0].n
    rows = [(i % n, i // n, (score,)) for i, score in enumerate(scores)]
    policy = Policy()
    charged = report_alphabet(cells, policy)
    plan = plan_of(cells[0], epochs)
    found = release_rows(rows, plan, cells, policy, charged=charged, other=other)
    return found.levels


def total(cell, scores, epochs=1):
    rows = [(i % cell.n, i // cell.n, (score,)) for i, score in enumerate(scores)]
    return aggregate(rows, plan_of(cell, epochs), (cell,))[0][0]


def test_bits_of_the_design():
    paired = difference(cell_of(500, 5, kind=Kind.PROPORTION))
    assert levels(paired) == 201
    assert text(microbits(levels(paired))) == "7.651"


@st.composite
def _two_runs(draw):
    """Two runs of one and of three epochs over the same samples."""
    lo, width, n = draw(st.integers(-20, 20)), draw(st.integers(1, 20)), draw(st.integers(1, 8))
    scores = st.integers(lo, lo + width)
    first = draw(st.lists(scores, min_size=n, max_size=n))
    second = draw(st.lists(scores, min_size=3 * n, max_size=3 * n))
    return cell_of(n, draw(st.integers(1, 9)), lo, lo + width), first, second


@settings(max_examples=40)
@given(_two_runs())
def test_the_gate_rounds_the_sum_of_each_sample_s_difference(case):
    cell, first, second = case
    paired, n, width = difference(cell), cell.n, cell.hi - cell.lo
    joined = sum(
        (Fraction(first[i]) - Fraction(sum(second[i::n]), 3) for i in range(n)), Fraction(0)
    )
    (level,) = released((paired,), first, {paired.id: total(cell, second, 3)})[0]
    assert level == level_of(paired, joined)
    (turned,) = released((paired,), second, {paired.id: total(cell, first)}, 3)[0]
    assert turned == -level
    assert admits(paired, (level,))
    assert abs(joined - level * cell.unit * width) * 2 <= cell.unit * width
    half, digit = Fraction(cell.unit * width, 2 * n), Fraction(1, 2000)
    assert abs(Fraction(figures.shown_sum(paired, level)) - joined / n) <= half + digit


@given(st.integers(1, 40), st.integers(1, 9))
def test_every_level_is_reached_and_no_other_admitted(n, unit):
    paired = difference(cell_of(n, unit))
    reached = {level_of(paired, Fraction(total)) for total in range(-n, n + 1)}
    top = grid(n, unit)
    assert reached == {level for level in range(-top - 2, top + 3) if admits(paired, (level,))}
    assert len(reached) == levels(paired)


def test_halves_round_away_from_zero():
    paired = difference(cell_of(20, 4))
    found = [level_of(paired, Fraction(total)) for total in (-6, -2, -1, 0, 1, 2, 6)]
    assert found == [-2, -1, 0, 0, 0, 1, 2]


def test_all_reports_of_a_small_protocol_are_within_the_formula():
    cell = cell_of(4, 1)
    cells = (cell, difference(cell))
    pairs = list(product(product((0, 1), repeat=4), repeat=2))
    every = {released(cells, ours, {cells[1].id: total(cell, theirs)}) for ours, theirs in pairs}
    assert len(every) <= levels(cells[0]) * levels(cells[1]) == 45
    # What the other run can bring about, this run's scores being fixed.
    for ours in product((0, 1), repeat=4):
        known = {
            released(cells, ours, {cells[1].id: total(cell, theirs)})
            for mine, theirs in pairs
            if mine == ours
        }
        assert 1 < len(known) <= about_other_run(cells) == 9


@settings(max_examples=40)
@given(st.integers(1, 7), st.integers(1, 12), st.data())
def test_one_output_moves_a_difference_no_further_than_its_bound(unit, n, data):
    cell = cell_of(n, unit, 0, 3)
    paired = difference(cell)
    rest = data.draw(st.lists(st.integers(0, 3), min_size=n - 1, max_size=n - 1))
    theirs = Fraction(data.draw(st.integers(0, 9 * n)), 3)
    found = {released((paired,), [own, *rest], {paired.id: theirs})[0] for own in range(4)}
    assert len(found) <= choices((paired,))


def test_what_no_two_runs_can_give_is_refused():
    cell = cell_of(2, 1)
    paired = difference(cell)
    for other, reason in (
        ({}, Reason.CELLS_DIFFER),
        ({cell.id: Fraction(1)}, Reason.CELLS_DIFFER),
        ({paired.id: Fraction(3)}, Reason.TOTAL_RANGE),
        ({paired.id: Fraction(-1)}, Reason.TOTAL_RANGE),
    ):
        with pytest.raises(Refused) as caught:
            released((paired,), [1, 0], other)
        assert caught.value.reason is reason
    with pytest.raises(Refused):
        level_of(paired, Fraction(3))
    for kind in (Kind.BOUNDED_COUNT, Kind.SECOND_MOMENT):
        with pytest.raises(CellInvalid):
            difference(cell_of(2, 1, kind=kind))


@given(st.integers(1, 60), st.integers(1, 9), st.integers(-5, 5), st.integers(1, 9), st.data())
def test_the_verifier_computes_the_same(n, unit, lo, width, data):
    paired = difference(cell_of(n, unit, lo, lo + width))
    theirs = arithmetic.Cell("x", "paired_difference", lo, lo + width, (), unit, n, None)
    assert arithmetic.levels(theirs) == levels(paired)
    top = grid(n, unit)
    level = data.draw(st.integers(-top, top))
    assert arithmetic.shown(theirs, level) == figures.shown_sum(paired, level)
