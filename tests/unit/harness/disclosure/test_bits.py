from itertools import product

import pytest

from harness.disclosure.bits import (
    Policy,
    Release,
    alphabet,
    microbits,
    report_alphabet,
    slots,
    text,
)
from harness.disclosure.cells import (
    Cell,
    Group,
    Kind,
    histogram_levels,
    level_of,
    levels,
)
from harness.disclosure.errors import DisclosureError


def proportion(n, unit=5, name="accuracy", group=None):
    return Cell(name, "correct", Kind.PROPORTION, 0, 1, (), unit, n, group)


def histogram(n, unit=5, labels=("a", "b", "c", "d")):
    return Cell("mix", "outcome", Kind.HISTOGRAM, 0, len(labels) - 1, labels, unit, n)


WORKED = (
    proportion(500),
    *(proportion(100, name=f"g{i}", group=Group("topic", f"g{i}")) for i in range(5)),
    proportion(500, name="refusals"),
    histogram(500),
)


def bits_of(cells, **policy):
    return text(microbits(report_alphabet(cells, Policy(**policy))))


def test_one_proportion_over_1319_samples():
    assert report_alphabet([proportion(1319)], Policy()) == 266
    assert microbits(266) == 8_055_283
    assert text(8_055_283) == "8.055"


def test_worked_example():
    assert bits_of(WORKED).startswith("52.7")
    assert bits_of(WORKED, buckets=True).startswith("53.7")
    plain = microbits(report_alphabet(WORKED, Policy()))
    with_verdict = microbits(report_alphabet(WORKED, Policy(identity_verdict=True)))
    assert text(with_verdict - plain) == "1.585"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [(proportion(500), "6.658"), (proportion(100), "4.392"), (histogram(500), "17.432")],
)
def test_bits_of_one_metric(cell, expected):
    assert text(microbits(levels(cell))) == expected


def test_every_factor_of_the_formula():
    found = alphabet(
        [proportion(20), histogram(20, labels=("a", "b"))],
        slots=7, completeness=2, identity=3, deviations=4, failures=5,
    )  # fmt: skip
    assert found == 7 * (5 * 5 * 2 * 3 * 4 + 5)


def test_policy_counts_deviations_as_a_closed_list():
    assert report_alphabet([proportion(20)], Policy(deviations=("a", "b", "c"))) == 5 * 8 + 1


@pytest.mark.parametrize("factor", ["slots", "completeness", "identity", "deviations", "failures"])
def test_no_factor_is_below_one(factor):
    good = {"slots": 1, "completeness": 1, "identity": 1, "deviations": 1, "failures": 1}
    with pytest.raises(DisclosureError):
        alphabet([], **(good | {factor: 0}))


def test_small_protocols_reach_every_report_when_fields_are_independent():
    """Everything that two metrics over separate fields can release, and FAILED."""
    cell, mix = proportion(12, unit=5), histogram(7, unit=2, labels=("a", "b", "c"))
    counts = [(a, b, 7 - a - b) for a in range(8) for b in range(8 - a)]
    reachable = {
        (level_of(cell, total), histogram_levels(mix, split))
        for total, split in product(range(13), counts)
    }
    assert len(reachable) + 1 == report_alphabet([cell, mix], Policy())


def test_nested_groups_reach_fewer_reports_than_the_bound():
    half, whole = proportion(20), proportion(40)
    reachable = {
        (level_of(half, a), level_of(half, b), level_of(whole, a + b))
        for a, b in product(range(21), repeat=2)
    }
    assert len(reachable) == 57
    assert report_alphabet([half, half, whole], Policy()) - 1 == 225


def test_fixed_slot_is_one():
    assert slots(Release.FIXED, 10_000, 10) == 1


@pytest.mark.parametrize(("window", "grid"), [(0, 10), (1, 10), (10, 10), (11, 10), (95, 7)])
def test_slots_on_completion_cover_every_place_on_the_grid(window, grid):
    """Ends in [start, start + window], for every start of a grid step, in quarters of a second."""
    most = 0
    for start in range(4 * grid):
        ends = range(start, start + 4 * window + 1)
        most = max(most, len({-(-end // (4 * grid)) for end in ends}))
    assert slots(Release.ON_COMPLETION, window, grid) == most


@pytest.mark.parametrize(("window", "grid"), [(-1, 10), (10, 0)])
def test_slots_refuse_nonsense(window, grid):
    with pytest.raises(DisclosureError):
        slots(Release.FIXED, window, grid)


def test_slots_multiply_the_failure_too():
    policy = Policy(Release.ON_COMPLETION, window_s=60, grid_s=10)
    assert report_alphabet([proportion(20)], policy) == 7 * (5 + 1)


@pytest.mark.parametrize("value", [0, -1, True, 2.0])
def test_microbits_of_no_alphabet(value):
    with pytest.raises(DisclosureError):
        microbits(value)


def test_powers_of_two_are_exact_and_neighbours_are_not():
    for exponent in (1, 10, 300, 4096):
        assert microbits(2**exponent) == exponent * 10**6
    assert microbits(2**64 + 1) == 64 * 10**6 + 1
    assert microbits(2**64 - 1) == 64 * 10**6


def test_digits_grow_until_the_ceiling_is_certain():
    """So close to a power of two that sixty digits cannot tell on which side it lies."""
    assert microbits(2**400 + 1) == 400 * 10**6 + 1
    assert microbits(2**400 - 1) == 400 * 10**6


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0.000"), (499, "0.000"), (500, "0.000"), (501, "0.001"), (1500, "0.002"),
     (2500, "0.002"), (999_500, "1.000"), (64_000_000, "64.000")],
)  # fmt: skip
def test_text_rounds_half_to_even(value, expected):
    assert text(value) == expected
