"""Noise on totals: what it hides, what it costs, and that the sampler draws what is said."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from math import exp, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.disclosure import accountant, privacy
from harness.disclosure.accountant import Account, Caps, Charge
from harness.disclosure.bits import Policy, Release, microbits, report_alphabet
from harness.disclosure.cells import Cell, Exposure, Group, Kind, admits, ends, fineness, level_of
from harness.disclosure.errors import BudgetExceeded, Reason, Refused
from harness.disclosure.gate import release, release_rows
from harness.disclosure.metrics import Field, Plan, aggregate
from harness.disclosure.outputs import output_microbits
from harness.disclosure.preview import Spending, preview
from harness.disclosure.privacy import MICRO, Privacy, noised, scale
from harness.services.platform import noise

ACCURACY = Cell("accuracy", "correct", Kind.PROPORTION, 0, 1, (), 5, 500)
LAW = Group("topic", "law")
SAMPLES = tuple({"topic": "law" if i % 2 else "art"} for i in range(40))
FIELDS = (Field("correct", 0, 1), Field("steps", 0, 3), Field("mood", -2, 2), Field("kind", 0, 2))


def cell(name, metric, kind, lo, hi, n=40, group=None, labels=(), **parts):
    return Cell(name, metric, kind, lo, hi, labels, 5, n, group, **parts)


CELLS = (
    cell("accuracy", "correct", Kind.PROPORTION, 0, 1),
    cell("accuracy.law", "correct", Kind.PROPORTION, 0, 1, 20, LAW),
    cell("solved", "steps", Kind.BOUNDED_COUNT, 0, 3),
    cell("pass", "steps", Kind.PASS_AT_K, 0, 3, attempts=2),
    cell("moods", "mood", Kind.SECOND_MOMENT, -2, 2),
    cell("mood", "mood", Kind.BOUNDED_MEAN, -2, 2),
    cell("per", "steps", Kind.RATE, 0, 3, exposure=Exposure(None, 7)),
    cell("kinds", "kind", Kind.HISTOGRAM, 0, 2, labels=("a", "b", "c")),
)
RECORDS = [(a, b, c, d) for a in (0, 1) for b in (0, 3) for c in (-2, 0, 2) for d in (0, 1, 2)]


def chances(steps, reach):
    """P(z) of discrete Laplace noise by its formula."""
    q = exp(-1 / steps)
    return {z: (1 - q) / (1 + q) * q ** abs(z) for z in range(-reach, reach + 1)}


def level_with(total, z, agreed):
    (found,) = noised((ACCURACY,), ((Fraction(total),),), agreed, lambda _: z)
    return level_of(ACCURACY, found[0])


def levels_of(total, agreed):
    """The exact chance of each level, through the rule itself."""
    found, steps = Counter(), int(scale(ACCURACY, (ACCURACY,), agreed))
    for z, chance in chances(steps, 40 * steps).items():
        found[level_with(total, z, agreed)] += chance
    return found


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(RECORDS), min_size=80, max_size=80),
    st.integers(0, 39),
    st.lists(st.sampled_from(RECORDS), min_size=2, max_size=2),
    st.integers(1, 2),
    st.sets(st.sampled_from(CELLS), min_size=1),
    st.integers(privacy.LEAST_EPSILON, privacy.MOST_EPSILON),
)
def test_one_record_moves_totals_by_no_more_than_the_scales_allow(
    scores, who, other, epochs, some, epsilon
):
    plan, declared = Plan(FIELDS, SAMPLES, epochs), tuple(some)
    rows = [(i, e, scores[40 * e + i]) for i in range(40) for e in range(epochs)]
    changed = [(i, e, other[e] if i == who else v) for i, e, v in rows]
    agreed = Privacy(epsilon, epochs)
    lost = Fraction(0)
    for one, before, after in zip(
        declared, aggregate(rows, plan, declared), aggregate(changed, plan, declared), strict=True
    ):
        moved = sum(abs(a - b) for a, b in zip(after, before, strict=True))
        # Noise is of whole steps, and every total is one.
        assert all((fineness(one, epochs) * value).denominator == 1 for value in before)
        lost += moved / scale(one, declared, agreed)
    # The logarithm of the likelihood ratio of Laplace noise, over all that is released.
    assert lost <= Fraction(epsilon, MICRO)


def test_a_record_that_moves_every_figure_uses_epsilon_up():
    # Else the scales could be far too large and nothing above would notice.
    plan, agreed = Plan(FIELDS, SAMPLES), Privacy(MICRO)
    declared = tuple(one for one in CELLS if one.id in {"accuracy", "accuracy.law", "kinds"})
    rows = [(i, 0, RECORDS[0]) for i in range(40)]
    changed = [(i, 0, (1, 3, 2, 2) if i == 1 else v) for i, _, v in rows]
    before, after = (aggregate(found, plan, declared) for found in (rows, changed))
    lost = sum(
        sum(abs(a - b) for a, b in zip(x, y, strict=True)) / scale(one, declared, agreed)
        for one, x, y in zip(declared, before, after, strict=True)
    )
    assert lost == 1


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(CELLS), st.integers(-(10**6), 10**6), st.integers(1, 3), st.data())
def test_whatever_is_drawn_the_levels_are_on_the_grid(one, z, epochs, data):
    rows = [(i, e, data.draw(st.sampled_from(RECORDS))) for i in range(40) for e in range(epochs)]
    agreed = Policy(privacy=Privacy(MICRO, epochs))
    charged = report_alphabet((one,), agreed)
    plan = Plan(FIELDS, SAMPLES, epochs)
    signs = iter(range(9))
    found = release_rows(
        rows, plan, (one,), agreed, charged=charged, draw=lambda _: z * (-1) ** next(signs)
    )
    assert admits(one, found.levels[0])


def test_the_gate_refuses_where_noise_is_agreed_and_none_comes():
    plan, policy = Plan(FIELDS, SAMPLES), Policy(privacy=Privacy(MICRO))
    rows, one = [(i, 0, RECORDS[i % 36]) for i in range(40)], CELLS[:1]
    charged = report_alphabet(one, policy)
    for draw in (None, lambda _: 0.0, lambda _: True):
        with pytest.raises(Refused) as refusal:
            release_rows(rows, plan, one, policy, charged=charged, draw=draw)
        assert refusal.value.reason is Reason.NOT_NOISED
    with pytest.raises(Refused):
        release(one, aggregate(rows, plan, one), policy, charged=charged, samples=40)
    # Noise for other epochs than were run would be too little.
    with pytest.raises(Refused):
        other = replace(policy, privacy=Privacy(MICRO, 2))
        release_rows(rows, plan, one, other, charged=charged, draw=lambda _: 0)
    assert release_rows(rows, plan, one, policy, charged=charged, draw=lambda _: 0)


# The table of the design: n = 500, m = 5, true sums on the grid.
@pytest.mark.parametrize(
    ("epsilon", "table"), [("1", ".0027"), ("0.5", ".0060"), ("0.1", ".0284"), ("0.02", ".139")]
)
def test_the_error_is_that_of_the_table(epsilon, table):
    agreed = Privacy(privacy.amount(epsilon))
    exact = {
        level: sqrt(sum(p * (k - level) ** 2 for k, p in levels_of(5 * level, agreed).items()))
        / 100
        for level in (50, 70)
    }
    assert f"{exact[50]:.{len(table) - 1}f}".removeprefix("0") == table
    # What is printed is never less than it, and no more where the ends are far.
    printed = float(privacy.error(ACCURACY, (ACCURACY,), agreed))
    assert all(error <= printed + 5e-5 for error in exact.values())
    assert epsilon == "0.02" or printed == pytest.approx(exact[50], abs=5e-5)


def within_three_sigma(measure, expected, sigma):
    """Whether a measurement lies there; a right sampler fails once in 50 million."""
    return any(abs(measure() - expected) <= 3 * sigma for _ in range(3))


@pytest.mark.parametrize(
    ("epsilon", "draws"), [("1", 800), ("0.5", 400), ("0.1", 300), ("0.02", 300)]
)
def test_what_the_sampler_draws_has_that_error(epsilon, draws):
    agreed = Privacy(privacy.amount(epsilon))
    b = scale(ACCURACY, (ACCURACY,), agreed)
    exact = levels_of(250, agreed)
    mean = sum(p * (k - 50) ** 2 for k, p in exact.items())
    fourth = sum(p * (k - 50) ** 4 for k, p in exact.items())
    sigma = sqrt((fourth - mean**2) / draws)

    def measured(draw):
        return sum((level_with(250, draw(b), agreed) - 50) ** 2 for _ in range(draws)) / draws

    assert within_three_sigma(lambda: measured(noise.draw), mean, sigma)
    # Without noise, and with half of what is due, the same test speaks up.
    assert not within_three_sigma(lambda: measured(lambda _: 0), mean, sigma)
    assert not within_three_sigma(lambda: measured(lambda _: noise.draw(b / 2)), mean, sigma)


@pytest.mark.parametrize("epsilon", ["1", "0.1"])
def test_the_best_decoder_of_one_record_gets_no_further_than_epsilon(epsilon):
    agreed = Privacy(privacy.amount(epsilon))
    eps = float(epsilon)
    # The sums between which a level turns: without noise they are told apart for certain.
    without, with_it = levels_of(252, agreed), levels_of(253, agreed)
    for level in without | with_it:
        low, high = sorted((without[level], with_it[level]))
        assert high <= low * exp(eps) * (1 + 1e-9) + 1e-12
    guess = {level: with_it[level] > without[level] for level in without | with_it}
    right = (
        sum(p for level, p in with_it.items() if guess[level])
        + sum(p for level, p in without.items() if not guess[level])
    ) / 2
    assert 0.5 < right <= exp(eps) / (1 + exp(eps))
    trials, b = 400, scale(ACCURACY, (ACCURACY,), agreed)

    def recovered(draw):
        hits = sum(
            guess[level_with(252 + bit, draw(b), agreed)] == bool(bit)
            for bit in (0, 1)
            for _ in range(trials // 2)
        )
        return hits / trials

    sigma = sqrt(right * (1 - right) / trials)
    assert within_three_sigma(lambda: recovered(noise.draw), right, sigma)
    assert recovered(lambda _: 0) == 1


def test_a_figure_of_the_preview_includes_the_noise():
    spending = Spending(1, 1, 1, 1, 1, 1)
    quiet, loud = (
        preview((ACCURACY,), Policy(privacy=found), Caps(), spending)
        for found in (None, Privacy(MICRO // 10))
    )
    assert quiet.metrics[0]["interval"]
    assert loud.metrics[0]["interval"] is None
    # A variance of 1/2000 by the samples and of (25/12 + 200)/250000 by rounding and noise.
    assert quiet.precision[0].detectable < loud.precision[0].detectable == "0.102"
    said = " ".join(loud.words)
    assert "epsilon 0.1" in said
    assert "accuracy 10 and 0.0284" in said
    assert "noise" not in " ".join(quiet.words)


def test_one_output_tells_no_more_than_epsilon_and_the_symbol_of_failure():
    wide = (replace(ACCURACY, kind=Kind.BOUNDED_MEAN, hi=100), *CELLS[2:])
    small, large = Policy(privacy=Privacy(MICRO // 10)), Policy(privacy=Privacy(10 * MICRO))
    # The logarithm to base 2 of e^0.1 + 1.
    assert output_microbits(wide, small) == 1_073_938
    assert output_microbits(wide, large) == output_microbits(wide, Policy())
    one = output_microbits((ACCURACY,), Policy(privacy=Privacy(MICRO)))
    assert one == output_microbits((ACCURACY,), Policy()) <= microbits(3)


def test_what_noise_cannot_be_sound_for_is_said_at_once_with_what_would_pass():
    ratio = cell("ratio", "steps", Kind.RATE, 0, 3, exposure=Exposure("correct", 1))
    fine = cell("fine", "steps", Kind.PASS_AT_K, 0, 3, attempts=30)
    found = [
        *privacy.problems(
            (ratio, CELLS[0], fine),
            Privacy(MICRO, 20),
            shown_complete=True,
            on_completion=True,
        ),
        *privacy.place_problems("joined", "pooled"),
    ]
    assert [one.field for one in found] == [
        "disclosure.completeness",
        "disclosure.release.mode",
        "analysis.metrics[0]",
        "analysis.metrics[2]",
        "harness.phases",
        "harness.scorer_mode",
    ]
    assert all("would pass" in one.message for one in found)
    for mode in ("declarative", "isolated"):
        assert not [*privacy.place_problems("separate", mode)]
    assert not [
        *privacy.problems(CELLS, Privacy(MICRO, 2), shown_complete=False, on_completion=False)
    ]


def test_the_ledger_of_epsilon_pays_refuses_and_gives_back():
    account, other = Account("a", "g", "m"), Account("b", "g", "m")
    caps = Caps(microepsilon=2 * MICRO)
    held = ()
    for run in ("1", "2"):
        held = accountant.charge(held, Charge(run, account, MICRO, 10, MICRO), caps)
    with pytest.raises(BudgetExceeded, match=r"2 of 2 are .* 0\.5 is asked"):
        accountant.charge(held, Charge("3", account, MICRO, 10, MICRO // 2), caps)
    # Bits alone, another auditor, a year later, or after a refund.
    assert accountant.charge(held, Charge("3", account, MICRO, 10), Caps())
    assert accountant.charge(held, Charge("3", other, MICRO, 10, MICRO), caps)
    later = Charge("3", account, MICRO, 10 + accountant.YEAR_S, MICRO)
    assert accountant.charge(held, later, caps)
    given_back = accountant.refund(held, "2", 11)
    assert accountant.charge(given_back, Charge("3", account, MICRO, 12, MICRO), caps)
    found = accountant.lines(given_back, 12)
    assert [(line.ledger, line.microbits) for line in found][-1] == ("epsilon", MICRO)
    # Without a cap nothing can be charged.
    with pytest.raises(BudgetExceeded):
        accountant.charge((), Charge("3", account, MICRO, 10, 1), Caps())


def test_the_reports_themselves_are_as_many_as_without_noise():
    for release_mode in (Release.FIXED, Release.ON_COMPLETION):
        quiet = Policy(release=release_mode)
        loud = replace(quiet, privacy=Privacy(MICRO))
        assert report_alphabet(CELLS, loud) == report_alphabet(CELLS, quiet)
    assert {ends(one) for one in CELLS} > {(0, 1)}
