"""Differential privacy from the terms to a verified report, and its ledger."""

import json
from dataclasses import replace

import pytest

from harness.documents import envelope
from harness.documents import protocol as protocol_document
from harness.errors import BudgetSpent, InvalidInput, Unavailable
from harness.records import ledger, log, runs
from harness.records.base import Act
from harness.services import states
from harness.services.access import Actor
from harness.services.agreements import preview, shape
from harness.services.agreements.terms import Terms
from harness.services.platform import doctor, ledgers, noise
from harness.services.publication import bundles, reports
from harness.services.release import execute
from harness.services.runs import claim, perform, spent
from harness.services.runs.finish import end
from harness.services.runs.lease import Lease
from harness.tlog import verify
from sandbox.errors import PlatformFault
from tests.support import released
from tests.support import world as worlds
from tests.support.copies import copy
from web.views.pages import reports as pages

BASE = {"run_wall_clock_s": 20, "start_within_s": 60, "grid_s": 10, "runs": 5, "window_days": 366}
SUITE = worlds.suite_files(worlds.simple_questions(40), phases="separate")
AUDITOR = Actor(worlds.AUDITOR, "auditor")


def terms(**dp):
    return Terms.model_validate(BASE | {"dp": {"epsilon_per_record": "0.5"} | dp})


def made(folder, **settings):
    world = worlds.make(folder, **settings)
    world.image()
    world.model()
    return world, world.suite(SUITE)


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """Made once and copied: keys and migrations cost more than most tests."""
    world, digest = made(tmp_path_factory.mktemp("origin") / "data")
    yield world, digest
    world.platform.database.close()


@pytest.fixture
def world(origin, tmp_path):
    world = copy(origin[0], tmp_path / "data")
    yield world
    world.platform.database.close()


@pytest.fixture
def digest(origin):
    return origin[1]


def charged(world):
    with world.platform.database.read() as session:
        rows = ledger.of_model(session, worlds.MODEL)
        return [(row.kind, row.run, row.microepsilon) for row in rows]


def test_a_report_says_its_noise_and_verifies(world, digest):
    body = world.draft(digest, terms())
    agreed = protocol_document.parse(body)
    said = agreed.disclosure.differential_privacy
    assert said.model_dump() == {
        "epsilon_per_record": "0.5",
        "epsilon_cap": "10",
        "figures": ({"id": "accuracy", "scale": "2", "error": "0.0747"},),
    }
    seen = " ".join(preview.of(agreed).words)
    assert "epsilon 0.5 for what is scored of one sample" in seen
    assert "accuracy 2 and 0.0747" in seen
    protocol_id = world.propose(body)
    world.sign(protocol_id)
    run_id = world.reserve(protocol_id)
    slot = released.release(world, run_id)
    after = released.at(world, slot + 60)
    after.settle()
    with after.platform.database.read() as session:
        bundle = bundles.bundle_of(session, after.platform, AUDITOR, run_id)
        report = json.loads(bundles.report_of(session, after.platform, AUDITOR, run_id))
        page = reports.reading(session, after.platform, AUDITOR, run_id)
        proof = reports.proof(session, after.platform, AUDITOR, run_id)
        start = log.find(session, "run-start", run=run_id)[-1]
    assert verify.verify(bundle, after.platform.trust_root_digest).passed
    assert report["disclosure"]["differential_privacy"] == said.model_dump(mode="json")
    assert report["metrics"][0]["interval"] is None
    assert [item["note"] for item in report["verified"] if item["what"] == "noise"] == list(
        preview.of(agreed).words[-4:]
    )
    # At an end of the grid nothing is said to be certain.
    lowest = page.report.metrics[0].model_copy(update={"level": 0, "shown": "0.000"})
    ends = page.report.model_copy(update={"metrics": (lowest,)})
    assert reports.shown(ends, agreed)[0].mark == "0.000"
    shown = pages.body(page, proof)
    assert "accuracy 0.0747" in shown
    assert "epsilon 0.5 for what is scored of one sample" in shown
    assert "none computed" not in shown
    assert charged(after) == [("charge", run_id, 500_000)]
    assert b'"epsilon":"0.5"' in released_payload(start)


def released_payload(row):
    return envelope.parse(row.envelope).payload


def test_the_levels_of_equal_scores_differ_and_without_noise_they_do_not(world, digest):
    # The chance that 24 draws at scale 40 all give one level is far below one in a million.
    loud, quiet = terms(epsilon_per_record="0.025"), Terms.model_validate(BASE)
    found = []
    for chosen in (loud, quiet):
        done = released.scored(world, world.reserve(world.agree(digest, chosen)))
        found.append({execute.judge(done).levels for _ in range(24)})
    assert len(found[0]) > 1
    assert found[1] == {((6,),)}


def test_what_no_noise_can_cover_is_refused_at_once_with_what_would_pass(world):
    joined = world.suite(worlds.suite_files(worlds.simple_questions(40), phases="joined"))
    chosen = terms().model_copy(
        update={"release": "on_completion", "completeness": "buckets", "bits_cap": 1}
    )
    with pytest.raises(InvalidInput) as refused:
        world.draft(joined, chosen)
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "disclosure.bits_cap",
        "disclosure.completeness",
        "disclosure.release.mode",
        "harness.phases",
    ]
    assert all("would pass" in problem for problem in refused.value.problems)
    for epsilon in ("0", "0.0001", "11"):
        with pytest.raises(InvalidInput, match=r"from 0\.001 to 10"):
            world.draft(joined, terms(epsilon_per_record=epsilon))


def test_a_proposer_cannot_agree_on_less_noise_than_epsilon_asks_for(world, digest):
    value = json.loads(world.draft(digest, terms()))
    value["disclosure"]["differential_privacy"]["figures"][0]["scale"] = "1"
    with pytest.raises(InvalidInput, match="not the scales and errors of epsilon"):
        world.propose(protocol_document.build(value))


@pytest.fixture
def ledger_world(tmp_path, database_url):
    found = made(tmp_path / "data", database_url=database_url)
    yield found
    found[0].platform.database.close()


def test_the_ledger_of_epsilon_refuses_is_refunded_and_is_made_anew(ledger_world):
    world, digest = ledger_world
    protocol_id = world.agree(digest, terms(epsilon_cap="1"))
    first, second = world.reserve(protocol_id), world.reserve(protocol_id)
    with pytest.raises(BudgetSpent, match=r"ledger epsilon: 1 of 1 are spent .* 0\.5 is asked"):
        world.reserve(protocol_id)
    # Bits alone are still to be had.
    world.reserve(world.agree(digest, Terms.model_validate(BASE)))
    with world.platform.database.read() as session:
        lines = spent.about(session, world.platform, AUDITOR, worlds.MODEL)
    assert [(line.spent, line.left) for line in lines if line.ledger == "epsilon"] == [("1", "9")]
    with world.platform.database.write() as session:
        row = runs.get(session, second)
        assert end(session, world.platform, row, states.Run.EXPIRED, "not_started")
    world.settle()
    third = world.reserve(protocol_id)
    whole = charged(world)
    assert [entry for entry in whole if entry[2]] == [
        ("charge", first, 500_000),
        ("charge", second, 500_000),
        ("refund", second, 500_000),
        ("charge", third, 500_000),
    ]
    with world.platform.database.write() as session:
        assert list(ledgers.differences(session, 0.0, {})) == []
        for row in ledger.of_model(session, worlds.MODEL):
            row.microepsilon //= 2
    with world.platform.database.write() as session:
        assert len(list(ledgers.differences(session, 0.0, {}))) == 3
        act = Act("test", "rebuild ledger", world.platform.clock())
        ledgers.rebuild(session, {}, act)
    assert {entry for entry in charged(world) if entry[0] == "charge"} == {
        entry for entry in whole if entry[0] == "charge"
    }


def test_without_the_extra_nothing_is_promised(world, digest, monkeypatch):
    body = world.draft(digest, terms())
    protocol_id = world.agree(digest, terms())
    asked = world.reserve(protocol_id)
    assert doctor._noise(world.platform).ok
    monkeypatch.setattr(noise, "available", lambda: False)
    for ask in (lambda: world.draft(digest, terms()), lambda: world.propose(body)):
        with pytest.raises(InvalidInput, match=r"requirements-dp\.lock"):
            ask()
    with pytest.raises(Unavailable, match=r"requirements-dp\.lock"):
        world.reserve(protocol_id)
    found = doctor._noise(world.platform)
    assert not found.ok
    assert "requirements-dp.lock" in found.remedy
    # A worker without it leaves the run to another host, before anything is asked.
    held = claim.claim(world.platform, asked)
    with pytest.raises(PlatformFault, match="noise_missing"):
        perform._preflight(world.platform, held, Lease(world.platform, asked, held.worker))
    with pytest.raises(Unavailable):
        noise.draw(1)
    # Whoever asks for no noise is not asked for it.
    world.reserve(world.agree(digest, Terms.model_validate(BASE)))


def test_an_agreement_without_noise_is_as_it_was(world, digest):
    protocol = protocol_document.parse(world.draft(digest, Terms.model_validate(BASE)))
    assert protocol.disclosure.differential_privacy is None
    assert shape.policy_of(protocol).privacy is None
    assert replace(shape.caps_of(protocol), microepsilon=None) == shape.caps_of(protocol)
