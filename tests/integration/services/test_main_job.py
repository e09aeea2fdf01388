"""The agreement up to the queue, on a database that the migrations built."""

import pytest

from evals import pack
from harness.errors import Conflict, IntegrityError, InvalidInput, NotAllowed
from harness.records import ledger, log, protocols, runs
from harness.services import states, suites
from harness.services.access import Actor
from harness.services.agreements import agree
from harness.services.agreements.terms import Terms
from harness.services.parties import registry
from harness.services.platform import sequencer
from harness.services.runs import finish, reserve, view
from tests.support import copies
from tests.support import world as worlds

QUESTIONS = worlds.suite_files(worlds.simple_questions(40))
TERMS = Terms(run_wall_clock_s=20, start_within_s=10, grid_s=10, runs=2)


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """Made once and copied: keys and migrations cost more than most tests."""
    world = worlds.make(tmp_path_factory.mktemp("origin") / "data")
    world.image()
    world.model()
    world.suite(QUESTIONS)
    yield world
    world.platform.database.close()


@pytest.fixture
def world(origin, tmp_path):
    world = copies.copy(origin, tmp_path / "data")
    yield world
    world.platform.database.close()


@pytest.fixture
def digest():
    return pack.digest(suites.build(QUESTIONS))


def _protocol(world, protocol_id):
    with world.platform.database.read() as session:
        return protocols.get(session, protocol_id)


def _run(world, run_id):
    with world.platform.database.read() as session:
        return runs.get(session, run_id)


def test_both_signatures_are_logged_before_a_run_exists(world, digest):
    protocol_id = world.propose(world.draft(digest, TERMS))
    assert _protocol(world, protocol_id).state == "PROPOSED"
    with (
        pytest.raises(Conflict, match="needs ACTIVE"),
        world.platform.database.write() as session,
    ):
        auditor = Actor(worlds.AUDITOR, "auditor")
        reserve.reserve(session, world.platform, auditor, protocol_id)
    world.sign(protocol_id)
    assert _protocol(world, protocol_id).state == "ACTIVE"
    run_id = world.reserve(protocol_id)
    assert _run(world, run_id).state == "QUEUED"
    with world.platform.database.read() as session:
        kinds = [item.kind for item in log.of_protocol(session, protocol_id)]
        assert sequencer.check_log(session, world.platform) == len(kinds) + 1
    assert kinds == [
        "protocol-proposal",
        "protocol-approval",
        "protocol-approval",
        "protocol-activation",
        "run-start",
    ]


def test_reserving_charges_the_whole_alphabet(world, digest):
    run_id = world.reserve(world.agree(digest, TERMS))
    with world.platform.database.read() as session:
        charge = ledger.charge_of(session, run_id)
        run = runs.get(session, run_id)
    # 40 samples in steps of 5: levels 0 to 8, and FAILED.
    assert run.alphabet == "10"
    assert charge.microbits == run.microbits == 3_321_929


def test_a_changed_byte_after_the_first_signature_is_refused(world, digest):
    protocol_id = world.propose(world.draft(digest, TERMS))
    with world.platform.database.write() as session:
        row = protocols.get(session, protocol_id)
        stored = log.document(session, row.digest)
        stored.body = stored.body.replace(b"capability", b"capabilitx", 1)
    with pytest.raises(IntegrityError, match="not those that were signed"):
        world.sign(protocol_id)
    assert _protocol(world, protocol_id).state == "PROPOSED"


def test_an_approval_of_other_bytes_is_refused(world, digest):
    first = world.propose(world.draft(digest, TERMS))
    second = world.propose(world.draft(digest, TERMS))
    with (
        pytest.raises(InvalidInput, match="another protocol"),
        world.platform.database.write() as session,
    ):
        vendor = Actor(worlds.VENDOR, "vendor")
        agree.sign(session, world.platform, vendor, first, world.approval(second))
    assert _protocol(world, first).state == "PROPOSED"


def test_the_auditor_cannot_sign_for_the_vendor(world, digest):
    protocol_id = world.propose(world.draft(digest, TERMS))
    auditor = Actor(worlds.AUDITOR, "auditor")
    with pytest.raises(NotAllowed), world.platform.database.write() as session:
        agree.sign(session, world.platform, auditor, protocol_id, world.approval(protocol_id))


def test_a_vendor_of_the_same_owner_is_refused(tmp_path):
    world = worlds.make(tmp_path / "data")
    world.image()
    world.model()
    world.organisation("vendor-institute", "auditor", owner_group=worlds.VENDOR)
    files = worlds.suite_files(worlds.simple_questions(40))
    digest = world.suite(files, auditor="vendor-institute")
    with pytest.raises(InvalidInput, match="different owners"):
        world.propose(world.draft(digest, TERMS), auditor="vendor-institute")
    world.platform.database.close()


def test_every_admission_problem_is_listed_at_once(world):
    digest = world.suite(worlds.suite_files(worlds.simple_questions(12)))
    with pytest.raises(InvalidInput) as caught:
        world.draft(digest, Terms(bits_cap=1))
    assert "the suite has 12 samples; the least is 20" in str(caught.value)
    assert "the cap is 1; a cap of 2 would pass" in str(caught.value)


def test_a_ledger_that_could_never_pay_is_refused(world, digest):
    with pytest.raises(InvalidInput, match=r"ledger.pair: one report needs 4 bits, the cap is 1"):
        world.propose(world.draft(digest, Terms(ledger_pair=1)))


def test_a_longer_run_than_the_operator_allows_is_refused(world, digest):
    with pytest.raises(InvalidInput, match="allows at most 21600"):
        world.propose(world.draft(digest, Terms(run_wall_clock_s=10**6)))


def test_used_up_runs_are_refused_and_refunds_are_not_counted(world, digest):
    protocol_id = world.agree(digest, TERMS)
    first = world.reserve(protocol_id)
    _end(world, first, states.Run.EXPIRED)
    assert _run(world, first).state == "EXPIRED"
    world.reserve(protocol_id)
    world.reserve(protocol_id)
    with pytest.raises(Conflict, match="all 2 agreed runs are used"):
        world.reserve(protocol_id)


def test_a_refund_gives_the_bits_back_once(world, digest):
    run_id = world.reserve(world.agree(digest, TERMS))
    _end(world, run_id, states.Run.EXPIRED)
    with world.platform.database.read() as session:
        assert ledger.charge_of(session, run_id) is None
        kinds = [item.kind for item in log.find(session, "run-refund", run=run_id)]
    assert kinds == ["run-refund"]
    with world.platform.database.write() as session:
        run = runs.get(session, run_id)
        assert not finish.end(session, world.platform, run, states.Run.EXPIRED, "again")


def test_a_ledger_that_cannot_pay_refuses_and_charges_nothing(world, digest):
    # Bits are caps in whole bits; a report of this shape costs 3.3.
    protocol_id = world.agree(digest, TERMS.model_copy(update={"ledger_pair": 4}))
    world.reserve(protocol_id)
    with pytest.raises(Conflict, match="ledger pair"):
        world.reserve(protocol_id)
    with world.platform.database.read() as session:
        assert len(runs.of_protocol(session, protocol_id)) == 1
        assert len(ledger.of_model(session, worlds.MODEL)) == 1


def test_the_auditor_sees_pending_until_the_slot(world, digest):
    run_id = world.reserve(world.agree(digest, TERMS))
    with world.platform.database.write() as session:
        run = runs.get(session, run_id)
        finish.end(session, world.platform, run, states.Run.ABORTED, "stopped:example-vendor")
    auditor = _view(world, worlds.AUDITOR, run_id)
    vendor = _view(world, worlds.VENDOR, run_id)
    assert auditor.outcome == "PENDING"
    assert auditor.inside is None
    assert vendor.inside.state == "ABORTED"
    with world.platform.database.read() as session:
        assert not [s for s in log.find(session, "run-end", run=run_id) if s.index is not None]


def test_a_stop_that_comes_too_late_tells_the_auditor_nothing(world, digest):
    run_id = world.reserve(world.agree(digest, TERMS))
    for _ in range(2):
        with world.platform.database.write() as session:
            auditor = Actor(worlds.AUDITOR, "auditor")
            view.stop(session, world.platform, auditor, run_id)
    assert _run(world, run_id).state == "ABORTED"


def test_a_regulator_may_read_but_not_start(world, digest):
    protocol_id = world.agree(digest, TERMS)
    regulator = Actor(worlds.REGULATOR, "regulator")
    with pytest.raises(NotAllowed), world.platform.database.write() as session:
        reserve.reserve(session, world.platform, regulator, protocol_id)
    run_id = world.reserve(protocol_id)
    assert _view(world, worlds.REGULATOR, run_id).inside is None


def _view(world, name, run_id):
    with world.platform.database.read() as session:
        actor = registry.actor(session, name)
        return view.view(session, world.platform, actor, run_id)


def _end(world, run_id, state):
    with world.platform.database.write() as session:
        finish.end(session, world.platform, runs.get(session, run_id), state, "test")
    world.settle()
