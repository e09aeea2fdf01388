"""What a report, a run-start or a protocol may not say of noise, signed though it is."""

import pytest

from harness.tlog.verify import verify
from tests.unit.harness.tlog.chain import Story, protocol, result
from tests.unit.harness.tlog.judge import PIN, failures

NOISE = {
    "epsilon_per_record": "0.3",
    "epsilon_cap": "1",
    # 1 / 0.3, rounded up.
    "figures": [{"id": "accuracy", "scale": "3.333334", "error": "0.0036"}],
}
SEPARATE = {"phases": "separate"}


def told(agreed=NOISE, charged="0.3", said=NOISE, interval=None, harness=SEPARATE, **disclosure):
    terms = protocol(disclosure={"differential_privacy": agreed} | disclosure, harness=harness)
    story = Story(terms).agree()
    story.start(1, **({} if charged is None else {"epsilon": charged}))
    story.end(1)
    line = {
        "alphabet": terms["disclosure"]["alphabet"],
        "bits": terms["disclosure"]["bits"],
        "pair_total_bits": terms["disclosure"]["bits"],
        "pair_cap_bits": "512",
    }
    if said is not None:
        line["differential_privacy"] = said
    phases = terms["harness"]["phases"]
    figures = [result(interval=interval)]
    return story.write(disclosure=line, metrics=figures, phases=phases).publish()


def figure(**changes):
    return NOISE | {"figures": [NOISE["figures"][0] | changes]}


def test_noise_as_it_was_agreed_passes():
    assert verify(told().bundle(), PIN).passed
    assert verify(told(agreed=None, charged=None, said=None).bundle(), PIN).passed


@pytest.mark.parametrize(
    "lie",
    [
        {"said": NOISE | {"epsilon_per_record": "0.2"}},
        {"said": None},
        {"said": figure(error="0.0001")},
        {"agreed": None, "charged": None},
        {"interval": result()["interval"]},
        {"harness": {}},
        {"completeness": "buckets"},
        {"release": {"mode": "on_completion", "grid_s": 10}},
        *(
            {"agreed": both, "said": both}
            for both in (
                figure(scale="3.333333"),
                figure(scale="1"),
                figure(id="another"),
                NOISE | {"figures": []},
                NOISE | {"epsilon_cap": "0.2"},
                NOISE | {"epsilon_per_record": "0.30"},
                NOISE | {"epsilon_per_record": "0"},
                NOISE | {"seed": "1"},
            )
        ),
    ],
)
def test_any_other_word_about_it_fails(lie):
    assert "shape" in failures(told(**lie))


@pytest.mark.parametrize(
    "lie", [{"charged": "0.2"}, {"charged": None}, {"agreed": None, "said": None}]
)
def test_another_charge_fails(lie):
    assert failures(told(**lie)) == {"bits"}
