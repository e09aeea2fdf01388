"""Each kind of metric goes all the way: suite, agreement, gate, signed report, verifier, pages."""

import pytest

from harness.documents.problems import DocumentInvalid
from harness.errors import InvalidInput
from harness.services.agreements.terms import Claim, Compare, Decision, Terms
from harness.tlog.verify import verify
from tests.support import released
from tests.support import world as worlds
from tests.support.copies import copy
from tests.support.visits import visits

KINDS = """\
  - {id: steps, score: {type: successes, of: 4}, worst: 0, scorer: {name: numeric}}
  - {id: turns, score: {type: int, lo: 0, hi: 10}, worst: 10, scorer: {name: numeric}}
  - {id: harm, score: {type: category, labels: [none, some, much]}, worst: 2,
     scorer: {name: numeric}}
aggregates:
  - {id: solved, metric: steps, kind: bounded_count, unit: 5}
  - {id: pass_3, metric: steps, kind: pass_at_k, k: 3, unit: 5}
  - {id: pass_2, metric: correct, kind: pass_at_k, k: 2, unit: 5}
  - {id: per_call, metric: steps, kind: rate, exposure: 8, unit: 5}
  - {id: per_turn, metric: steps, kind: rate, exposure: turns, unit: 5}
  - {id: squares, metric: steps, kind: second_moment, unit: 5}
  - {id: harms, metric: harm, kind: histogram, percentiles: [50, 90], unit: 5}
"""
TERMS = Terms(
    title="Kinds",
    run_wall_clock_s=60,
    start_within_s=60,
    grid_s=1,
    epochs=2,
    claim=Claim(
        sentence="It solves enough steps.",
        decision=Decision(metric="solved", threshold="100", margin="1"),
    ),
)


def _scores(sample, field):
    return {"correct": sample % 2, "steps": 3, "turns": 5, "harm": sample % 4 == 3}[field.id] + 0


def _submitted(world):
    files = worlds.suite_files(worlds.simple_questions(60), "kinds", phases="separate")
    files["suite.yaml"] = files["suite.yaml"].replace(b"aggregates:\n", KINDS.encode())
    return world.suite(files)


@pytest.fixture(scope="module")
def released_kinds(peopled, tmp_path_factory):
    world = copy(peopled, tmp_path_factory.mktemp("kinds") / "data")
    suite = _submitted(world)
    run = world.reserve(world.agree(suite, TERMS))
    world = released.at(world, released.release(world, run, _scores))
    with visits(world) as browse:
        yield browse, run, suite
    world.platform.database.close()


def test_the_bundle_of_a_report_of_all_kinds_verifies(released_kinds):
    browse, run, _ = released_kinds
    bundle = browse.get(worlds.VENDOR, f"/reports/{run}/bundle").content
    seen = verify(bundle, browse.world.platform.trust_root_digest)
    assert seen.passed
    assert "8 of 8 metrics" in [check.detail for check in seen.checks if check.name == "shape"]


def test_a_page_tells_each_figure_in_its_own_unit(released_kinds):
    browse, run, _ = released_kinds
    page = browse.get(worlds.AUDITOR, f"/reports/{run}").text
    # 60 samples are 12 steps of 5: 3 of 4 steps are 9/12, a chance of 3 of 8 to fail all is 0.
    for part in (
        "180.000",
        "chance that one of 3 attempts succeeds",
        "0.375",
        "0.600",
        "count per exposure",
        "mean of the squared scores, 0 to 16",
        "Median: none",
        "90 % at or below some",
        "About any single output it tells at most",
    ):
        assert part in page, part
    picture = browse.get(worlds.AUDITOR, f"/reports/{run}/chart.svg?of=others&size=wide")
    assert picture.status_code == 200
    assert "count over the samples, 0 to 240" in picture.text


def test_two_models_are_compared_on_the_page(peopled, tmp_path):
    world = copy(peopled, tmp_path / "data")
    suite = _submitted(world)
    world.model(name="other-model")
    first = world.agree(suite, TERMS.model_copy(update={"scores_kept_days": 9}), "other-model")
    run = world.reserve(first)
    world = released.at(world, released.release(world, run, _scores))
    world.settle()
    compare = Compare(protocol=first, metrics=["accuracy"])
    second = world.agree(suite, TERMS.model_copy(update={"compare": compare}))
    compared = world.reserve(second)
    # All wrong, where the other model has every second one right.
    world = released.at(world, released.release(world, compared, lambda _, field: field.lo))
    with visits(world) as there:
        page = there.get(worlds.AUDITOR, f"/reports/{compared}").text
        for part in (
            "accuracy_difference",
            "-0.500",
            "mean difference to the other model, sample by sample, -1 to 1",
            "the first released one of other-model",
            f"run {run}, report",
        ):
            assert part in page, part
        picture = there.get(worlds.AUDITOR, f"/reports/{compared}/chart.svg?of=others&size=wide")
        assert "accuracy_difference" in picture.text
        agreement = there.get(worlds.VENDOR, f"/protocols/{second}").text
        assert "accuracy_difference" in agreement
        bundle = there.get(worlds.VENDOR, f"/reports/{compared}/bundle").content
        assert verify(bundle, world.platform.trust_root_digest).passed
    world.platform.database.close()


def test_the_page_of_the_suite_names_the_kinds(released_kinds):
    browse, _, suite = released_kinds
    page = browse.get(worlds.AUDITOR, f"/suites/{suite}").text
    assert "Chance that one of k attempts succeeds" in page
    assert "Count per exposure" in page


def test_a_rate_of_two_scores_decides_nothing(released_kinds):
    browse, _, suite = released_kinds
    decision = Decision(metric="per_turn", threshold="0.1")
    claim = TERMS.claim.model_copy(update={"decision": decision})
    with pytest.raises((InvalidInput, DocumentInvalid), match="rate of two scores"):
        browse.world.draft(suite, TERMS.model_copy(update={"claim": claim}))
