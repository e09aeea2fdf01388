"""What an auditor can ever see of a hostile suite: all its secrets, one by one.

Each test looks at one suite from every side, because a suite's runs are played once a process.
"""

import pytest

from tests.hostile.game import auditor, play, suite

CATALOGUE = suite.catalogue()
# Suites that encode as well as can be, and what cannot be encoded of their alphabets.
OPTIMAL = {
    "grid": {"FAILED"},
    "grid_and_failure": set(),
    "histogram": {"FAILED"},
    "passes": {"FAILED"},
    "level_and_bucket": set(),
    "every_metric_at_once": {"FAILED"},
}


def bound_holds(game, one):
    """The suite and its decoder against k = bound + 12 bits, 2,000 times."""
    bound = game.bits(one)
    k = play.secret_bits(bound)
    assert k > one.uses
    assert play.recovered(game.view, one, k, seed=0) <= play.most_hits(bound, k)


def naive_gate_leaks(game, one):
    """The same suite where nobody had thought; else the tests here would be blind to it."""
    assert len(play.distinct(game.naive, one)) >= 2


def encoder_recovers(game, one):
    """As many bits as there are reports for; else the bound would hold against weak suites only."""
    k = int(play.bits_of(one.reaches))
    assert play.recovered(game.view, one, k, seed=1) >= 0.99 * play.TRIALS


def test_there_are_at_least_forty_eight_with_a_paragraph_each():
    assert len(suite.of(closed=True)) >= 48
    assert [one.name for one in CATALOGUE.values() if len(one.tries.split()) < 12] == []


@pytest.mark.parametrize("name", suite.of(closed=True))
def test_a_closed_channel_has_one_view(game, name):
    """Two, with FAILED, where the suite may choose whether it fails."""
    one = CATALOGUE[name]
    views = play.distinct(game.view, one)
    assert len(views) == one.views
    outcomes = {auditor.outcome(part) for view in views for part in view.split(b"\n")}
    assert outcomes <= {"RELEASED", "FAILED"}
    assert len(outcomes) == one.views
    bound_holds(game, one)
    naive_gate_leaks(game, one)


@pytest.mark.parametrize("name", suite.of(closed=False))
def test_what_is_open_stays_within_the_bits_that_were_charged(game, name):
    one = CATALOGUE[name]
    views = len(play.distinct(game.view, one))
    assert views > 1
    assert play.bits_of(views) <= game.bits(one)
    assert one.reaches in (None, views)
    if name in OPTIMAL:
        assert views == game.alphabet(one) - len(OPTIMAL[name])
    if name in (*OPTIMAL, "nested_groups", "two_runs", "two_organisations"):
        encoder_recovers(game, one)
    bound_holds(game, one)
    naive_gate_leaks(game, one)
