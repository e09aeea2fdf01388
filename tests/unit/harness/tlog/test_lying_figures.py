"""One altered figure per test: the server signs it, and the arithmetic still says no."""

import pytest

from harness.tlog.verify import verify
from tests.unit.harness.tlog import chain
from tests.unit.harness.tlog.chain import Story, honest, metric, protocol, result
from tests.unit.harness.tlog.judge import PIN, failures

INTERVAL = {"low": "0.532", "high": "0.590", "method": "wilson", "confidence": "0.95"}
HISTOGRAM = metric(
    id="outcome", metric="outcome", kind="histogram", hi=2, labels=["a", "b", "c"], n=100
)
SHARES = {
    "id": "outcome",
    "kind": "histogram",
    "group": None,
    "n": 100,
    "unit": 5,
    "levels": [10, 7, 3],
    "shown": {"a": "0.500", "b": "0.350", "c": "0.150"},
    "interval": None,
}


def passes(story):
    verdict = verify(story.bundle(), PIN)
    return [(c.name, c.detail) for c in verdict.checks if not c.ok] == []


def with_terms(metrics, alphabet, bits, **disclosure):
    terms = protocol(disclosure={"alphabet": alphabet, "bits": bits} | disclosure)
    terms["analysis"]["metrics"] = metrics
    return terms


@pytest.mark.parametrize(
    "lie",
    [
        {"level": 149},
        {"level": 265},
        {"level": -1},
        {"level": True},
        {"level": "148"},
        {"level": None},
        {"shown": "0.562"},
        {"shown": "0.5610"},
        {"shown": "≥ 0.561"},
        {"n": 1320},
        {"unit": 10},
        {"id": "accuracy2"},
        {"kind": "bounded_mean"},
        {"group": {"dimension": "d", "label": "l"}},
        {"note": "and by the way"},
        {"interval": INTERVAL | {"low": "0.533"}},
        {"interval": INTERVAL | {"low": "0.531"}},
        {"interval": INTERVAL | {"high": "0.589"}},
        {"interval": INTERVAL | {"high": "0.591"}},
        {"interval": INTERVAL | {"high": "1.001"}},
        {"interval": INTERVAL | {"confidence": "0.99"}},
        {"interval": INTERVAL | {"method": "range"}},
        {"interval": INTERVAL | {"low": "0.5320"}},
        {"interval": INTERVAL | {"note": "x"}},
    ],
)
def test_a_lying_metric(lie):
    assert failures(honest(metrics=[result(**lie)])) == {"shape"}


def test_a_level_beyond_the_grid():
    assert failures(honest(metrics=[result(level=265, shown="1.000", interval=None)])) == {"shape"}
    assert passes(honest(metrics=[result(level=264, shown="1.000", interval=None)]))


def test_a_missing_field():
    value = result()
    del value["interval"]
    assert failures(honest(metrics=[value])) == {"shape"}


@pytest.mark.parametrize("metrics", [[], [result(), result()]])
def test_another_number_of_metrics(metrics):
    assert failures(honest(metrics=metrics)) == {"shape"}


def test_a_histogram():
    terms = with_terms([HISTOGRAM], "232", "7.858")
    assert passes(honest(terms, metrics=[SHARES]))


@pytest.mark.parametrize(
    "lie",
    [
        {"levels": [10, 7, 4]},
        {"levels": [10, 7, 4], "shown": {"a": "0.500", "b": "0.350", "c": "0.200"}},
        {"levels": [10, 10]},
        {"levels": [11, 7, 2]},
        {"levels": [-1, 11, 10]},
        {"shown": {"a": "0.500", "b": "0.350"}},
        {"shown": {"a": "0.500", "b": "0.350", "c": "0.150", "d": "0.000"}},
        {"shown": {"a": "0.500", "b": "0.350", "c": "0.151"}},
        {"interval": INTERVAL},
    ],
)
def test_a_lying_histogram(lie):
    terms = with_terms([HISTOGRAM], "232", "7.858")
    assert failures(honest(terms, metrics=[SHARES | lie])) == {"shape"}


def test_a_group_that_is_one_and_true():
    # In Python 1 == True; in JSON they differ.
    terms = with_terms([metric(group={"dimension": "d", "label": 1})], "266", "8.055")
    lie = result(group={"dimension": "d", "label": True})
    assert failures(honest(terms, metrics=[lie])) == {"shape"}


@pytest.mark.parametrize(
    "lie",
    [
        {"suite": chain.OTHER},
        {"image": chain.OTHER},
        {"model": {"vendor": "Example Models", "model": "large", "snapshot": "1"}},
        {"model": {"vendor": "Example Models", "model": "small", "snapshot": "2"}},
        {"model": {"vendor": "Somebody", "model": "small", "snapshot": "1"}},
        {"claim": {"sentence": "It excels.", "verdict": "none"}},
        {"claim": {"sentence": "It counts.", "verdict": "met"}},
        {"scorer_mode": "isolated"},
        {"phases": "apart"},
        {"completeness": "≥ 99 %"},
        {"deviations": ["late"]},
    ],
)
def test_terms_that_are_not_the_protocols(lie):
    assert failures(honest(**lie)) == {"shape"}


def test_a_decision_needs_a_verdict():
    terms = protocol()
    terms["claim"]["decision"] = {"metric": "accuracy", "threshold": "0.5", "margin": "0.1"}
    assert failures(honest(terms)) == {"shape"}
    assert passes(honest(terms, claim={"sentence": "It counts.", "verdict": "inconclusive"}))


def test_buckets_verdicts_and_deviations_are_counted():
    # T ((265) * 2 * 3 * 4 + 1), T = ceil(150 / 10) + 1
    terms = with_terms(
        [metric()],
        str(16 * (265 * 24 + 1)),
        "16.635",
        completeness="buckets",
        identity_verdict=True,
        deviations=["late", "slow"],
        release={"mode": "on_completion", "grid_s": 10},
    )
    assert passes(honest(terms, completeness="≥ 99 %", deviations=["late", "slow"]))
    assert passes(honest(terms, completeness="95–99 %", deviations=["slow"]))  # noqa: RUF001
    for lie in ({"completeness": None}, {"completeness": "98.7 %"}):
        assert failures(honest(terms, **lie)) == {"shape"}
    for named in (["slow", "late"], ["late", "late"], ["else"]):
        lie = {"completeness": "≥ 99 %", "deviations": named}
        assert failures(honest(terms, **lie)) == {"shape"}


def test_a_wrong_alphabet_in_the_protocol():
    terms = with_terms([metric()], "265", "8.050")
    assert failures(honest(terms)) == {"bits"}


@pytest.mark.parametrize("lie", [{"alphabet": "267"}, {"bits": "8.054"}, {"alphabet": 266}])
def test_a_wrong_charge(lie):
    story = Story().agree()
    story.start(1, **lie)
    story.end(1)
    assert failures(story.write().publish()) == {"bits"}


@pytest.mark.parametrize("cap", ["511", "512.5", "-512", "many"])
def test_a_wrong_cap_in_the_report(cap):
    lie = {"alphabet": "266", "bits": "8.055", "pair_cap_bits": cap}
    assert failures(honest(disclosure=lie)) == {"bits"}


def test_wrong_bits_in_the_report():
    assert failures(
        honest(disclosure={"alphabet": "266", "bits": "1.000", "pair_cap_bits": "512"})
    ) == {"bits"}


def test_a_wrong_refund():
    story = Story().agree()
    story.start(1)
    story.refund(1, bits="9.000")
    story.run(2).write(2).publish(2)
    assert failures(story) == {"bits"}


@pytest.mark.parametrize(("cap", "found"), [(8, {"bits"}), (9, set())])
def test_the_protocols_own_cap(cap, found):
    terms = with_terms([metric()], "266", "8.055", bits_cap=cap)
    verdict = verify(honest(terms).bundle(), PIN)
    assert set(verdict.failures) == found


@pytest.mark.parametrize(
    "lie",
    [
        {"n": 2**53 - 1},
        {"n": 2},
        {"unit": 0},
        {"lo": 1, "hi": 1},
        {"kind": "quantile"},
        {"kind": "histogram"},
        {"labels": ["a"]},
        {"hi": 2},
        {"id": 7},
    ],
)
def test_a_protocol_without_meaning(lie):
    terms = with_terms([metric(**lie)], "266", "8.055")
    assert failures(honest(terms)) == {"shape", "bits"}


def test_two_metrics_of_one_name():
    terms = with_terms([metric(), metric()], str(265 * 265 + 1), "16.100")
    assert failures(honest(terms, metrics=[result(), result()])) == {"shape", "bits"}


def test_a_protocol_made_to_cost_time():
    cells = [
        metric(id=f"h{n}", kind="histogram", hi=31, labels=[f"l{k}" for k in range(32)], n=10**9)
        for n in range(500)
    ]
    terms = with_terms(cells, "1", "0.000", bits_cap=2**53 - 1)
    assert failures(honest(terms)) == {"shape", "bits"}
