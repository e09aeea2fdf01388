from dataclasses import replace
from fractions import Fraction

import pytest

from harness.disclosure.accountant import Caps
from harness.disclosure.bits import Policy
from harness.disclosure.cells import Cell, Group, Kind, admits
from harness.disclosure.precision import detectable, precision, rounding_percent
from harness.disclosure.preview import (
    Spending,
    cost_ceiling,
    invented,
    preview,
    random_bytes,
    worst_year,
)

ACCURACY = Cell("accuracy", "correct", Kind.PROPORTION, 0, 1, (), 5, 1319)
MIX = Cell("mix", "outcome", Kind.HISTOGRAM, 0, 3, ("a", "b", "c", "d"), 5, 500)
PART = replace(ACCURACY, id="accuracy.law", n=100, group=Group("topic", "law"))
SPENDING = Spending(1_000_000, 200_000, 5_000_000, 500_000, 1_500_000, runs=3)


def test_preview_of_one_proportion():
    found = preview([ACCURACY], Policy(), Caps(), SPENDING)
    assert (found.alphabet, found.microbits, found.bits) == (266, 8_055_283, "8.055")
    assert (found.yearly.reports, found.yearly.bits) == (63, "507.483")
    assert (found.cost_per_run, found.cost_total) == (800_000, 2_400_000)
    (line,) = found.table
    assert (line.levels, line.bits, line.unit, line.recommended_unit) == (265, "8.050", 5, 19)
    assert found.words[0] == "A report is one of 266 that this protocol allows."
    assert found.words[1] == (
        "Whatever the suite does, it tells at most 8.055 bits about what the model wrote: "
        "about 1 random byte."
    )
    assert found.words[2] == "In any 365 days it can be had at most 63 times: 507.483 bits."
    assert found.words[3] == (
        "Over all reports in 365 days at most 512 bits reach this auditor, 1024 those with the "
        "same owner, and 4096 everybody: 512 bytes."
    )


def test_example_report_has_every_declared_metric_and_is_always_the_same():
    found = preview([ACCURACY, MIX, PART], Policy(), Caps(), SPENDING)
    assert [row["id"] for row in found.metrics] == ["accuracy", "mix", "accuracy.law"]
    assert found.metrics[1]["levels"] == [40, 30, 20, 10]
    assert found.metrics[2]["group"] == {"dimension": "topic", "label": "law"}
    assert [item.id for item in found.precision] == ["accuracy", "accuracy.law"]
    assert found == preview([ACCURACY, MIX, PART], Policy(), Caps(), SPENDING)
    assert "one of 2^" in found.words[0]


@pytest.mark.parametrize("cell", [ACCURACY, MIX, PART, replace(MIX, n=23)])
def test_invented_levels_are_levels(cell):
    assert all(admits(cell, invented(cell, position)) for position in range(120))


def test_cost_ceiling_is_the_lower_of_tokens_and_cap_and_rounds_up():
    assert cost_ceiling(SPENDING) == 800_000
    assert cost_ceiling(replace(SPENDING, cost_microusd=700_000)) == 700_000
    assert cost_ceiling(Spending(1, 0, 10, 1, 1, runs=1)) == 1


def test_worst_year_is_bound_by_the_least_cap():
    assert worst_year(10_000_000, Caps(pair=25)).reports == 2
    assert worst_year(10_000_000, Caps(model=15)).reports == 1
    assert worst_year(64_000_001, Caps()).reports == 0


@pytest.mark.parametrize(
    ("microbits", "expected"),
    [(3_999_999, "less than 1 random byte"), (8_055_283, "about 1 random byte"),
     (52_710_000, "about 7 random bytes")],
)  # fmt: skip
def test_amounts_in_words(microbits, expected):
    assert random_bytes(microbits) == expected


@pytest.mark.parametrize(
    ("n", "expected_share", "percent"),
    [(100, Fraction(1, 2), "4.1"), (500, Fraction(1, 2), "0.8"), (500, Fraction(98, 100), "10.1")],
)
def test_cost_of_rounding_in_standard_error(n, expected_share, percent):
    assert rounding_percent(n, 5, expected_share) == percent


def test_recommended_unit_costs_about_four_percent():
    assert rounding_percent(10_000, 50) == "4.1"


def test_smallest_detectable_difference():
    # 2.8016 * sqrt(1/400 + 25/120000) = 0.14580
    assert detectable(PART) == "0.146"
    assert precision(PART).detectable == "0.146"
    mean = Cell("mean", "rating", Kind.BOUNDED_MEAN, -2, 2, (), 5, 100)
    assert detectable(mean) == "0.584"
