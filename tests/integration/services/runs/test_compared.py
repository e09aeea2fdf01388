"""A run compared with another model's: consent, both ledgers, sealed sums, and nothing else."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from harness.documents import protocol as protocol_document
from harness.documents import report as report_document
from harness.errors import BudgetSpent, Conflict, IntegrityError, InvalidInput
from harness.records import kept as kept_rows
from harness.records import ledger, protocols, runs
from harness.records.base import Act
from harness.services import states
from harness.services.access import Actor
from harness.services.agreements.terms import Compare, Terms
from harness.services.platform import ledgers
from harness.services.publication import bundles, tidy
from harness.services.release import execute, kept
from harness.services.runs import spent
from harness.services.runs.finish import end
from harness.tlog.verify import verify
from tests.support import released
from tests.support import world as worlds
from tests.support.copies import copy

FIRST, SECOND, OTHER_VENDOR = worlds.MODEL, "second", "another-vendor"
SAMPLES, UNIT = 40, 5
KEPT = Terms(run_wall_clock_s=20, start_within_s=60, grid_s=10, runs=3, scores_kept_days=1)
# 17 levels of a difference; 9 of a share: 17 * 9 + 1 reports.
OWN, OTHER = "7.267", "4.087"


def compared(protocol, metrics=("accuracy",), **changes):
    wanted = Compare(protocol=protocol, metrics=list(metrics))
    return KEPT.model_copy(update={"compare": wanted, "scores_kept_days": None, **changes})


def settled(folder, database_url=""):
    """A world in which the first model's run is released: 20 of 40 are right."""
    world = worlds.make(folder, database_url=database_url, worker_slots=8)
    world.image()
    world.model()
    world.model(name=SECOND)
    world.digest = world.suite(worlds.suite_files(worlds.simple_questions(SAMPLES)))
    world.first = world.agree(world.digest, KEPT)
    world.run = world.reserve(world.first)
    slot = released.release(world, world.run, lambda sample, _: sample % 2)
    later = released.at(world, slot)
    later.settle()
    later.digest, later.first, later.run = world.digest, world.first, world.run
    return later


@pytest.fixture
def world(tmp_path, database_url):
    world = settled(tmp_path / "data", database_url)
    yield world
    world.platform.database.close()


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    world = settled(tmp_path_factory.mktemp("compared") / "data")
    yield world
    world.platform.database.close()


@pytest.fixture
def small(origin, tmp_path):
    """The same on SQLite, copied."""
    world = released.at(copy(origin, tmp_path / "data", worker_slots=8), origin.platform.clock())
    world.digest, world.first, world.run = origin.digest, origin.first, origin.run
    yield world
    world.platform.database.close()


def agree(world, **changes):
    return world.agree(world.digest, compared(world.first, **changes), SECOND)


def booked(world, model):
    with world.platform.database.read() as session:
        return [(row.run, row.kind, row.microbits) for row in ledger.of_model(session, model)]


def standing(world, model):
    with world.platform.database.read() as session:
        actor = Actor(worlds.VENDOR, "vendor")
        found = spent.about(session, world.platform, actor, model)
    return [line.spent for line in found if line.ledger == "model"]


def report_of(world, run):
    auditor = Actor(worlds.AUDITOR, "auditor")
    with world.platform.database.read() as session:
        report = report_document.parse(bundles.report_of(session, world.platform, auditor, run))
        return report, bundles.bundle_of(session, world.platform, auditor, run)


def test_a_difference_is_released_charged_to_both_and_proved(world):
    before = booked(world, FIRST)
    protocol = agree(world)
    run = world.reserve(protocol)
    assert [row[:2] for row in booked(world, SECOND)] == [(run, "charge")]
    assert [row[:2] for row in booked(world, FIRST)[len(before) :]] == [(run, "compared")]
    assert standing(world, SECOND) == [OWN]
    # Its own report of 10 values, and what the other model's run tells of it.
    assert standing(world, FIRST) == ["7.409"]
    slot = released.release(world, run, lambda sample, _: int(sample >= 10))
    later = released.at(world, slot)
    later.settle()
    report, bundle = report_of(later, run)
    figure = report.metrics[1]
    # 30 right against 20: ten samples are two steps of five.
    assert (figure.id, figure.level, figure.shown) == ("accuracy_difference", 2, "0.250")
    first, _ = report_of(later, world.run)
    with later.platform.database.read() as session:
        digest = runs.get(session, world.run).report
    assert report.compared.model_dump() == {
        "vendor": worlds.VENDOR,
        "model": FIRST,
        "run": world.run,
        "report": digest,
    }
    assert first.compared is None
    verdict = verify(bundle, later.platform.trust_root_digest)
    assert verdict.passed, verdict.failures
    with later.platform.database.write() as session:
        ledgers.check(session, later.platform.clock())


def test_a_refund_gives_both_back_and_the_log_tells_both_again(world):
    before = booked(world, FIRST)
    protocol = agree(world)
    run, other = world.reserve(protocol), world.reserve(protocol)
    with world.platform.database.write() as session:
        end(session, world.platform, runs.get(session, run), states.Run.EXPIRED, "not_started")
    world.settle()
    whole = {model: booked(world, model) for model in (FIRST, SECOND)}
    kinds = [(name, kind) for name, kind, _ in whole[FIRST][len(before) :]]
    assert kinds == [(run, "compared"), (other, "compared"), (run, "returned")]
    assert standing(world, FIRST) == ["7.409"]
    assert standing(world, SECOND) == [OWN]
    # Whatever a restored database lacks is taken from the log.
    with world.platform.database.write() as session:
        lost = ledger.LedgerEntry.kind.in_(("compared", "returned"))
        session.execute(delete(ledger.LedgerEntry).where(lost))
    with world.platform.database.write() as session:
        with pytest.raises(IntegrityError, match="behind the log"):
            ledgers.check(session, world.platform.clock())
        act = Act("test", "rebuild", world.platform.clock())
        assert ledgers.rebuild(session, {}, act) == 2
        assert ledgers.missing_refunds(session, act) == 1
        ledgers.check(session, world.platform.clock())
    assert {model: sorted(booked(world, model)) for model in whole} == {
        model: sorted(rows) for model, rows in whole.items()
    }
    # An entry that is there and too small is found as well.
    with world.platform.database.write() as session:
        query = select(ledger.LedgerEntry).where(ledger.LedgerEntry.kind == "compared")
        session.scalars(query).first().microbits -= 1
    with world.platform.database.write() as session, pytest.raises(IntegrityError):
        ledgers.check(session, world.platform.clock())


def test_the_other_model_s_caps_refuse_and_nothing_is_charged(tmp_path, database_url):
    world = worlds.make(tmp_path / "data", database_url=database_url)
    world.image()
    world.model()
    world.model(name=SECOND)
    digest = world.suite(worlds.suite_files(worlds.simple_questions(SAMPLES)))
    # Room for its own report and one comparison.
    first = world.agree(digest, KEPT.model_copy(update={"ledger_model": 8}))
    slot = released.release(world, world.reserve(first))
    later = released.at(world, slot)
    later.settle()
    protocol = later.agree(digest, compared(first), SECOND)
    later.reserve(protocol)
    before = booked(later, FIRST), booked(later, SECOND)
    with pytest.raises(BudgetSpent, match=f"for {FIRST}, which it is compared with: ledger model"):
        later.reserve(protocol)
    assert (booked(later, FIRST), booked(later, SECOND)) == before
    world.platform.database.close()


def test_without_consent_or_over_other_samples_all_problems_are_named(small):
    world = small
    unasked = world.agree(world.digest, KEPT.model_copy(update={"scores_kept_days": None}))
    with pytest.raises(InvalidInput) as told:
        world.draft(world.digest, compared(unasked, ("accuracy", "nothing")))
    said = " ".join(told.value.problems)
    for words in ("has not agreed to a comparison", "about the same model", "nothing is not a"):
        assert words in said
    other = world.suite(
        worlds.suite_files(worlds.simple_questions(SAMPLES + 60)[SAMPLES:], suite_id="others")
    )
    with pytest.raises(InvalidInput, match="over another suite"):
        world.draft(other, compared(world.first), SECOND)
    with pytest.raises(InvalidInput, match="names no agreement of this auditor"):
        world.draft(world.digest, compared("p0123"), SECOND)
    half = world.propose(world.draft(world.digest, KEPT))
    with pytest.raises(InvalidInput, match="both parties must have signed"):
        world.draft(world.digest, compared(half), SECOND)
    # The control: the same with consent is a draft, and proposed by hand without it is refused.
    body = world.draft(world.digest, compared(world.first), SECOND)
    value = protocol_document.parse(body).model_dump(mode="json", by_alias=True)
    value["analysis"]["compared"] |= {
        "agreement": unasked,
        "protocol": protocol_digest(world, unasked),
    }
    with pytest.raises(InvalidInput, match="has not agreed to a comparison"):
        world.propose(protocol_document.build(value))


def protocol_digest(world, protocol):
    with world.platform.database.read() as session:
        return protocols.get(session, protocol).digest


def test_a_run_waits_for_one_to_compare_with_that_is_kept_long_enough(small):
    protocol = agree(small)
    day = released.at(small, small.platform.clock() + 86_400 - 60)
    with pytest.raises(Conflict, match="no released run whose scores are kept until"):
        day.reserve(protocol)
    small.reserve(protocol)
    # An hour later, and of an agreement without any run.
    empty = small.agree(small.digest, KEPT)
    waiting = small.agree(small.digest, compared(empty), SECOND)
    with pytest.raises(Conflict, match="start a run of it first"):
        small.reserve(waiting)


def test_sums_are_sealed_nowhere_in_the_clear_and_removed_in_time(small):
    with small.platform.database.read() as session:
        row = kept_rows.get(session, small.run)
        sealed, until = row.sealed, row.until
    plain = json.loads(small.platform.vault.open(sealed))
    # Twenty right answers: one sum, and nothing of a single sample.
    assert plain["sums"] == {"accuracy": f"{20:016x}"}
    folder = Path(small.platform.settings.data_dir)
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert any(sealed in data for data in files)
    for clear in (f"{20:016x}".encode(), b"kept sums"):
        assert not any(clear in data for data in files)
    for now, there in ((until - 1, True), (until + 1, False)):
        tidy.tidy(released.at(small, now).platform)
        with small.platform.database.read() as session:
            assert (kept_rows.get(session, small.run) is not None) == there


def test_what_is_gone_or_another_run_s_ends_failed_like_everything_else(small):
    protocol = agree(small)
    first, second = small.reserve(protocol), small.reserve(protocol)
    with small.platform.database.read() as session:
        sealed = kept_rows.get(session, small.run).sealed
    vault = small.platform.vault
    plain = json.loads(vault.open(sealed))
    other = vault.close(json.dumps(plain | {"run": "0" * 16}))
    for run, stored in ((first, b"nonsense"), (second, other)):
        with small.platform.database.write() as session:
            kept_rows.get(session, small.run).sealed = stored
        done = released.scored(small, run)
        at_slot = released.at(small, done.slot).platform
        with pytest.raises(IntegrityError):
            execute._release(at_slot, done)
        execute._fail(at_slot, run, done.claim.worker)
        with small.platform.database.read() as session:
            row = runs.get(session, run)
            assert (row.state, row.visible_at) == (states.Run.FAILED, done.slot)
        # Charged all the same, as everything that has begun.
        assert standing(small, SECOND) == ["14.534"]
    third = small.reserve(protocol)
    with small.platform.database.write() as session:
        session.execute(delete(kept_rows.KeptSums))
    done = released.scored(small, third)
    with pytest.raises(execute.Refused):
        execute._release(released.at(small, done.slot).platform, done)


def test_equal_levels_are_equal_releases_whatever_the_other_run_had(small):
    done = released.scored(small, small.reserve(agree(small)))
    assert kept.other_totals(small.platform.vault, done.claim) == {"accuracy_difference": 20}
    found = {
        total: execute.judge(done, {"accuracy_difference": Fraction(total)})
        for total in range(SAMPLES + 1)
    }
    # 30 here: 18 to 22 are ten less, to the step.
    assert len({str(found[total]) for total in range(18, 23)}) == 1
    assert len({str(one) for one in found.values()}) == 9
