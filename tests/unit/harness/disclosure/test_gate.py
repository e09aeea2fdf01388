import traceback
from fractions import Fraction

import pytest

from harness.disclosure.bits import Policy, report_alphabet
from harness.disclosure.cells import Cell, Kind
from harness.disclosure.errors import DisclosureError, Refused
from harness.disclosure.gate import COMPLETENESS, Findings, release, release_rows
from harness.disclosure.metrics import Field, Plan

CELLS = (
    Cell("accuracy", "correct", Kind.PROPORTION, 0, 1, (), 5, 20),
    Cell("mix", "outcome", Kind.HISTOGRAM, 0, 1, ("a", "b"), 5, 20),
)
PLAN = Plan((Field("correct", 0, 1), Field("outcome", 0, 1)), ({},) * 20)
ROWS = [(i, 0, (int(i < 13), int(i < 5))) for i in range(20)]
TOTALS = ((Fraction(13),), (Fraction(15), Fraction(5)))
PLAIN = Policy()
BUCKETS = Policy(buckets=True)


def released(policy=PLAIN, cells=CELLS, totals=TOTALS, charged=None, **findings):
    return release(
        cells,
        totals,
        policy,
        charged=report_alphabet(cells, policy) if charged is None else charged,
        samples=20,
        findings=Findings(**findings),
    )


def refusal(call):
    with pytest.raises(Refused) as caught:
        call()
    return str(caught.value)


def test_rows_become_levels():
    found = release_rows(ROWS, PLAN, CELLS, PLAIN, charged=26)
    assert found.levels == ((3,), (3, 1))
    assert found.cells == CELLS
    assert found.completeness is None
    assert found.deviations == ()
    assert released() == found


def test_what_was_not_charged_does_not_leave():
    assert refusal(lambda: released(charged=25)) == "not_charged"
    assert refusal(lambda: released(charged=27)) == "not_charged"
    assert refusal(lambda: released(BUCKETS, charged=26)) == "not_charged"


def test_totals_must_be_those_of_the_cells():
    assert refusal(lambda: released(totals=TOTALS[:1])) == "cells_differ"
    assert refusal(lambda: released(totals=(*TOTALS, TOTALS[0]))) == "cells_differ"
    assert refusal(lambda: released(totals=TOTALS[::-1])) == "total_range"
    assert refusal(lambda: released(cells=(), totals=(), charged=2)) == "cells_differ"


def test_two_cells_of_one_name_are_refused():
    assert refusal(lambda: released(cells=CELLS[:1] * 2, totals=TOTALS[:1] * 2)) == "cells_differ"


@pytest.mark.parametrize(("failed", "place"), [(0, 0), (1, 1)])
def test_completeness_is_a_bucket(failed, place):
    assert released(BUCKETS, failed=failed).completeness == COMPLETENESS[place]


def test_buckets_as_a_report_prints_them():
    assert COMPLETENESS == ("\u2265 99 %", "95\u201399 %")


def test_below_the_last_bucket_the_run_has_failed():
    assert refusal(lambda: released(BUCKETS, failed=2)) == "incomplete"
    assert refusal(lambda: released(BUCKETS, failed=-1)) == "incomplete"
    assert refusal(lambda: released(BUCKETS, failed=0.5)) == "incomplete"


def test_bucket_edges_are_exact():
    cells = (Cell("accuracy", "correct", Kind.PROPORTION, 0, 1, (), 5, 1000),)

    def bucket(failed):
        charged = report_alphabet(cells, BUCKETS)
        found = release(cells, [(Fraction(0),)], BUCKETS, charged=charged, samples=1000,
                        findings=Findings(failed))  # fmt: skip
        return found.completeness

    best, second = COMPLETENESS
    assert [bucket(10), bucket(11), bucket(50)] == [best, second, second]
    assert refusal(lambda: bucket(51)) == "incomplete"


def test_hidden_completeness_says_nothing():
    assert released(failed=0) == released(failed=20)


def test_only_listed_deviations_are_named_in_the_lists_order():
    policy = Policy(deviations=("late_start", "retried", "slow"))
    assert released(policy, deviations=("slow", "late_start")).deviations == ("late_start", "slow")
    assert refusal(lambda: released(policy, deviations=("new",))) == "deviation"


SECRET = "the model wrote this"


class Explosive:
    def __iter__(self):
        raise RuntimeError(SECRET)


@pytest.mark.parametrize(
    "rows",
    [Explosive(), None, [SECRET] * 20, [(0, 0, (SECRET, SECRET))] * 20,
     [(i, 0, (SECRET, 0)) for i in range(20)], [({SECRET: []}, 0, ())] * 20],
)  # fmt: skip
def test_a_refusal_says_nothing_of_what_it_refused(rows):
    with pytest.raises(Refused) as caught:
        release_rows(rows, PLAN, CELLS, PLAIN, charged=26)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_an_unforeseen_fault_is_a_refusal_too():
    assert refusal(lambda: release_rows(Explosive(), PLAN, CELLS, PLAIN, charged=26)) == "internal"
    assert refusal(lambda: released(totals=((SECRET,), (SECRET,)))) == "internal"
    assert issubclass(Refused, DisclosureError)
    assert issubclass(Refused, ValueError)
