"""`assay rank`: several models by one figure, as far as their reports tell them apart."""

import json

import pytest

from harness.disclosure import cells, figures
from harness.tlog import trust_root
from tests.unit.harness.tlog import chain

PIN = trust_root.digest(chain.root_bytes())
CELL = cells.Cell("accuracy", "correct", cells.Kind.PROPORTION, 0, 1, (), unit=5, n=1319)
LEVELS = {"low": 50, "high": 148, "near": 150}


def bundle(model):
    """An honest bundle about a model with its level."""
    story = chain.Story(chain.protocol(system={"model": model})).agree().run(1)
    story.write(
        model={"vendor": "Example Models", "model": model, "snapshot": "1"},
        metrics=[figures.figure(CELL, (LEVELS[model],))],
    )
    story.publish(1)
    return story.bundle()


@pytest.fixture
def bundles(tmp_path):
    """Bundles in the current folder, the worst model first."""
    for name in LEVELS:
        (tmp_path / f"{name}.json").write_bytes(bundle(name))
    return ["low.json", "high.json", "near.json"]


def test_models_that_cannot_be_told_apart_share_their_places(assay, bundles):
    done = assay("rank", *bundles, "--root", PIN, "--json")
    assert (done.status, done.err) == (0, "")
    told = json.loads(done.out)
    assert (told["metric"], told["pinned"]) == ("accuracy", True)
    assert [(row["model"], row["rank"]) for row in told["ranks"]] == [
        ("high", {"best": 1, "worst": 2}),
        ("near", {"best": 1, "worst": 2}),
        ("low", {"best": 3, "worst": 3}),
    ]
    low = figures.figure(CELL, (LEVELS["low"],))
    assert told["ranks"][2]["shown"] == low["shown"]
    assert told["ranks"][2]["interval"] == [low["interval"]["low"], low["interval"]["high"]]


def test_for_people_there_is_a_table_and_what_it_does_not_say(assay, bundles):
    done = assay("rank", *bundles, "--root", PIN, "--metric", "accuracy", "--lowest-first")
    assert done.status == 0
    rows = [[cell.strip() for cell in line.split("│")[1:3]] for line in done.out.splitlines()]
    assert [row for row in rows if row] == [["1", "low"], ["2–3", "high"], ["2–3", "near"]]  # noqa: RUF001
    assert "together less often" in done.out


def test_unpinned_ends_with_3(assay, bundles):
    done = assay("rank", *bundles)
    assert done.status == 3
    assert "UNPINNED" in done.out


def test_a_bundle_that_fails_is_named_and_nothing_is_ranked(assay, bundles, tmp_path):
    broken = bytearray((tmp_path / "near.json").read_bytes())
    broken[len(broken) // 2] ^= 1
    (tmp_path / "near.json").write_bytes(broken)
    done = assay("rank", *bundles, "--root", PIN)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("not_verified near.json: ")
    assert done.err.endswith("`assay verify near.json` says why\n")


def test_everything_that_keeps_reports_from_a_rank_is_said(assay, bundles, tmp_path):
    done = assay("rank", "low.json", "--root", PIN)
    assert (done.status, done.out) == (2, "")
    assert "at least two" in done.err
    done = assay("rank", "low.json", "low.json", "high.json", "--root", PIN, "--metric", "colour")
    assert done.status == 2
    assert "named twice" in done.err
    assert done.err.count("figures that have: accuracy") == 3
