"""Kinds of metric: their alphabets, their exact totals, and figures that follow from levels."""

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.disclosure.accountant import Caps
from harness.disclosure.bits import Policy, microbits, report_alphabet, text
from harness.disclosure.cells import (
    Cell,
    Exposure,
    Kind,
    admits,
    ends,
    from_entry,
    grid,
    levels,
    round_total,
    scale,
    to_entry,
)
from harness.disclosure.errors import CellInvalid, Reason, Refused
from harness.disclosure.figures import figure, percentiles, range_shown, shown_ratio
from harness.disclosure.intervals import span
from harness.disclosure.metrics import Field, Plan, aggregate
from harness.disclosure.rules import problems

TURNS = Exposure("turns", 10)


def cell(kind, hi=1, n=500, unit=5, lo=0, **parts):
    return Cell("x", "m", kind, lo, hi, parts.pop("labels", ()), unit, n, **parts)


def bits(found):
    return text(microbits(levels(found)))


def total(found, rows, epochs=1):
    """Exact totals of rows of (sample, epoch, values) over as many samples as the cell has."""
    fields = [Field("m", found.lo, found.hi)]
    if found.two_levels:
        fields.append(Field("turns", 0, found.exposure.hi))
    plan = Plan(tuple(fields), tuple({} for _ in range(found.n)), epochs)
    return aggregate(rows, plan, [found])[0]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (cell(Kind.PROPORTION), "6.658"),
        (cell(Kind.BOUNDED_MEAN, 10), "6.658"),
        (cell(Kind.BOUNDED_COUNT, 10), "6.658"),
        (cell(Kind.PASS_AT_K, 10, attempts=5), "6.658"),
        (cell(Kind.SECOND_MOMENT, 10, lo=-10), "6.658"),
        (cell(Kind.RATE, 10, exposure=Exposure(None, 20)), "6.658"),
        (cell(Kind.RATE, 10, exposure=TURNS), "13.316"),
        (cell(Kind.HISTOGRAM, 2, labels=("first", "second", "same")), "12.331"),
        (cell(Kind.HISTOGRAM, 3, labels=("a", "b", "c", "d")), "17.432"),
        (cell(Kind.HISTOGRAM, 3, labels=("a", "b", "c", "d"), percentiles=(50,)), "17.432"),
    ],
)
def test_bits_of_each_kind(found, expected):
    assert bits(found) == expected
    assert report_alphabet([found], Policy()) == levels(found) + 1


@pytest.mark.parametrize(
    ("n", "expected"),
    [(20, 5), (50, 11), (100, 21), (200, 41), (500, 101), (1000, 201), (10_000, 2001)],
)
def test_level_counts(n, expected):
    for found in (cell(Kind.PASS_AT_K, 5, n, attempts=5), cell(Kind.BOUNDED_COUNT, 5, n)):
        assert levels(found) == expected
    assert levels(cell(Kind.RATE, 5, n, exposure=TURNS)) == expected**2


@given(st.integers(1, 8), st.integers(1, 3), st.data())
def test_a_chance_is_the_share_of_choices_of_attempts_that_succeed(hi, epochs, data):
    """Against the definition: of all ways to pick k of the r attempts, how many hold a success."""
    r = hi * epochs
    k = data.draw(st.integers(1, min(r, 6)))
    successes = data.draw(st.lists(st.integers(0, hi), min_size=2 * epochs, max_size=2 * epochs))
    rows = [(at // epochs, at % epochs, (value,)) for at, value in enumerate(successes)]
    found = cell(Kind.PASS_AT_K, hi, 2, attempts=k)
    expected = Fraction(0)
    for sample in range(2):
        c = sum(successes[sample * epochs : (sample + 1) * epochs])
        picked = list(combinations([1] * c + [0] * (r - c), k))
        expected += Fraction(sum(map(any, picked)), len(picked))
    assert total(found, rows, epochs) == (expected,)


def test_more_attempts_asked_than_made_are_refused():
    found = cell(Kind.PASS_AT_K, 2, 2, attempts=5)
    with pytest.raises(Refused) as caught:
        total(found, [(0, 0, (1,)), (0, 1, (1,)), (1, 0, (1,)), (1, 1, (1,))], 2)
    assert caught.value.reason is Reason.CELLS_DIFFER


@given(st.integers(-9, 9), st.integers(1, 9), st.integers(1, 3), st.data())
def test_a_second_moment_squares_each_sample_mean(lo, width, epochs, data):
    values = data.draw(
        st.lists(st.integers(lo, lo + width), min_size=4 * epochs, max_size=4 * epochs)
    )
    rows = [(at // epochs, at % epochs, (value,)) for at, value in enumerate(values)]
    found = cell(Kind.SECOND_MOMENT, lo + width, 4, lo=lo)
    means = [Fraction(sum(values[i * epochs : (i + 1) * epochs]), epochs) for i in range(4)]
    (squares,) = total(found, rows, epochs)
    assert squares == sum(mean**2 for mean in means)
    low, high = ends(found)
    assert 4 * low <= squares <= 4 * high


@given(st.integers(1, 12), st.integers(1, 6), st.integers(1, 4), st.data())
def test_a_rate_of_two_scores_reaches_each_pair_of_levels(n, unit, hi, data):
    found = cell(Kind.RATE, hi, n, unit, exposure=Exposure("turns", 3))
    top = grid(n, unit)
    counts = {
        round_total(found, (Fraction(a), Fraction(b)))
        for a in range(n * hi + 1)
        for b in (0, 3 * n)
    }
    assert {count for count, _ in counts} == set(range(top + 1))
    assert {exposure for _, exposure in counts} <= {0, top}
    value = (data.draw(st.integers(0, top)), data.draw(st.integers(0, top)))
    assert admits(found, value)
    assert not admits(found, (*value, 0))
    assert not admits(found, (value[0], top + 1))
    assert (shown_ratio(found, value) is None) == (value[1] == 0)


def test_a_rate_of_two_scores_by_hand():
    found = cell(Kind.RATE, 2, 20, exposure=TURNS)
    rows = [(sample, 0, (sample % 2, 5)) for sample in range(20)]
    value = round_total(found, total(found, rows))
    # 10 of at most 40 are a quarter of 4 levels, 100 of at most 200 a half.
    assert value == (1, 2)
    assert figure(found, value)["shown"] == "0.100"
    assert figure(found, (1, 0))["shown"] is None


def test_a_count_and_a_rate_per_a_stated_exposure_by_hand():
    count = cell(Kind.BOUNDED_COUNT, 3, 100)
    assert figure(count, (7,))["shown"] == "105.000"
    assert figure(count, (0,))["interval"]["low"] == "0.000"
    assert figure(count, (20,))["interval"]["high"] == "300.000"
    rate = cell(Kind.RATE, 3, 100, exposure=Exposure(None, 7))
    assert figure(rate, (7,))["shown"] == "0.150"
    # 3/7 is no thousandth: the end of the range is rounded outward like any other.
    assert figure(rate, (20,))["interval"]["high"] == "0.429"


@given(st.data())
def test_figures_and_intervals_stay_in_their_range(data):
    kind = data.draw(
        st.sampled_from([Kind.BOUNDED_COUNT, Kind.PASS_AT_K, Kind.RATE, Kind.SECOND_MOMENT])
    )
    lo = data.draw(st.integers(-20, 20)) if kind is Kind.SECOND_MOMENT else 0
    found = cell(
        kind,
        lo + data.draw(st.integers(1, 20)),
        data.draw(st.integers(20, 300)),
        data.draw(st.integers(5, 20)),
        lo,
        attempts=1 if kind is Kind.PASS_AT_K else 0,
        exposure=Exposure(None, data.draw(st.integers(1, 30))) if kind is Kind.RATE else None,
    )
    epochs = data.draw(st.integers(1, 4))
    level = data.draw(st.integers(0, grid(found.n, found.unit)))
    entry = figure(found, (level,), epochs)
    low, high = (Fraction(entry["interval"][end]) for end in ("low", "high"))
    least, greatest = range_shown(found)
    step = Fraction(1, 1000)
    assert least - step < low <= high < greatest + step
    inner = [scale(found) * end for end in span(found, level, epochs)]
    assert low <= inner[0] <= inner[1] <= high


@given(st.lists(st.integers(0, 60), min_size=2, max_size=8).filter(any), st.data())
def test_percentiles_follow_from_levels_and_rise(counts, data):
    labels = tuple(f"l{i}" for i in range(len(counts)))
    asked = tuple(sorted(data.draw(st.sets(st.integers(1, 99), min_size=1, max_size=9))))
    found = cell(Kind.HISTOGRAM, len(counts) - 1, sum(counts), 1, labels=labels, percentiles=asked)
    # Units of one sample: the levels are the counts, so the sample percentile is known.
    value = round_total(found, tuple(map(Fraction, counts)))
    assert value == tuple(counts)
    ordered = [label for label, count in zip(labels, counts, strict=True) for _ in range(count)]
    assert percentiles(found, value) == [
        {"percent": p, "label": ordered[-(-p * len(ordered) // 100) - 1]} for p in asked
    ]


@given(
    st.sampled_from(
        [
            cell(Kind.PASS_AT_K, 5, attempts=3),
            cell(Kind.RATE, 5, exposure=TURNS),
            cell(Kind.RATE, 5, exposure=Exposure(None, 4)),
            cell(Kind.BOUNDED_COUNT, 9),
            cell(Kind.SECOND_MOMENT, 9, lo=-9),
            cell(Kind.HISTOGRAM, 1, labels=("a", "b"), percentiles=(25, 75)),
        ]
    )
)
def test_a_protocol_entry_reads_back(found):
    entry = to_entry(found)
    assert from_entry(entry) == found
    assert ("k" in entry) == bool(found.attempts)
    assert ("exposure" in entry) == (found.exposure is not None)
    assert ("percentiles" in entry) == bool(found.percentiles)


@pytest.mark.parametrize(
    "parts",
    [
        {"kind": Kind.PASS_AT_K},
        {"kind": Kind.PASS_AT_K, "attempts": 101},
        {"kind": Kind.PASS_AT_K, "attempts": True},
        {"kind": Kind.PASS_AT_K, "attempts": 1, "lo": -1},
        {"kind": Kind.PROPORTION, "attempts": 1},
        {"kind": Kind.BOUNDED_COUNT, "lo": -1},
        {"kind": Kind.RATE},
        {"kind": Kind.RATE, "exposure": Exposure(None, 0)},
        {"kind": Kind.RATE, "exposure": TURNS, "lo": -2},
        {"kind": Kind.BOUNDED_MEAN, "exposure": TURNS},
        {"kind": Kind.BOUNDED_MEAN, "percentiles": (50,)},
        {"kind": Kind.HISTOGRAM, "labels": ("a", "b"), "percentiles": (50, 50)},
        {"kind": Kind.HISTOGRAM, "labels": ("a", "b"), "percentiles": (90, 50)},
        {"kind": Kind.HISTOGRAM, "labels": ("a", "b"), "percentiles": (100,)},
        {"kind": Kind.HISTOGRAM, "labels": ("a", "b"), "percentiles": (0.5,)},
    ],
)
def test_parts_that_fit_no_kind_are_refused(parts):
    with pytest.raises(CellInvalid):
        cell(**parts)


def test_admission_names_the_nearest_setting_that_passes():
    plan = Plan((Field("m", 0, 1), Field("turns", 0, 10)), tuple({} for _ in range(100)), 4)

    def told(found):
        return [(p.field, p.message) for p in problems([found], plan, Policy(), Caps())]

    five = cell(Kind.PASS_AT_K, 1, 100, attempts=5)
    assert told(five) == [
        (
            "aggregates.x.k",
            "k is 5, and each sample has 4 attempts; the most is 4, or ask each sample 5 times",
        )
    ]
    assert told(cell(Kind.PASS_AT_K, 1, 100, attempts=4)) == []
    assert told(cell(Kind.RATE, 1, 100, exposure=TURNS)) == []
    assert (
        told(cell(Kind.RATE, 1, 100, exposure=Exposure("turns", 9)))[0][0]
        == "aggregates.x.exposure"
    )
    assert told(cell(Kind.RATE, 1, 100, exposure=Exposure("m", 1)))[0][0] == "aggregates.x.exposure"


def test_small_protocols_reach_no_more_reports_than_the_formula():
    """All rows of 4 samples, unit 1: equal for independent scores, less where one is shared."""
    plan = Plan((Field("m", 0, 1), Field("turns", 0, 1)), ({},) * 4)
    rate = cell(Kind.RATE, 1, 4, 1, exposure=Exposure("turns", 1))
    count = cell(Kind.BOUNDED_COUNT, 1, 4, 1)
    reached: dict[int, set[tuple[int, ...]]] = {1: set(), 2: set()}
    for word in range(2**8):
        rows = [(i, 0, (word >> i & 1, word >> (i + 4) & 1)) for i in range(4)]
        both = aggregate(rows, plan, [rate, count])
        found = [round_total(c, t) for c, t in zip((rate, count), both, strict=True)]
        reached[1].add(found[0])
        reached[2].add(found[0] + found[1])
    assert len(reached[1]) == levels(rate) == 25
    assert len(reached[2]) == 25 < levels(rate) * levels(count)
