"""Every ending from every state, with refunds left and without: what a run ends as."""

from itertools import product

import pytest
from sqlalchemy import update

from harness.records import ledger, log, runs
from harness.services import states
from harness.services.agreements.terms import Terms
from harness.services.runs import finish
from harness.services.states import Run
from tests.support import world as worlds

TERMS = Terms(run_wall_clock_s=20, start_within_s=10, grid_s=10, runs=1)
BACK, COUNTS = "refund", "run-end"

# What an ending becomes where the table has no step to it. The rest keep their name.
ABORTED_INSTEAD = {
    (before, after)
    for before in (Run.RESERVED, Run.QUEUED, Run.PREFLIGHT)
    for after in (Run.FAILED, Run.INVALID_SUITE, Run.OVER_BUDGET, Run.DRIFT, Run.INVALID_INFRA)
    if (before, after) != (Run.PREFLIGHT, Run.INVALID_INFRA)
} | {(Run.PREFLIGHT, Run.EXPIRED), (Run.RUNNING, Run.EXPIRED)}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = worlds.make(tmp_path_factory.mktemp("endings") / "data")
    world.image()
    world.model()
    yield world
    world.platform.database.close()


@pytest.fixture(scope="module")
def digest(world):
    return world.suite(worlds.suite_files(worlds.simple_questions(40)))


@pytest.fixture(scope="module")
def refundable(world, digest):
    return world.reserve(world.agree(digest, TERMS))


@pytest.fixture(scope="module")
def not_refundable(world, digest):
    """A run of a protocol whose two refunds are used up."""
    protocol = world.agree(digest, TERMS)
    for _ in range(2):
        run_id = world.reserve(protocol)
        with world.platform.database.write() as session:
            row = runs.get(session, run_id)
            assert finish.end(session, world.platform, row, Run.EXPIRED, "test")
    return world.reserve(protocol)


def ended(world, run_id, before, after):
    """What the run ended as, which statement says so, and whether its charge still stands.

    In a session that drops whatever was written.
    """
    with world.platform.database.read() as session:
        session.execute(update(runs.Run).where(runs.Run.id == run_id).values(state=before))
        session.expire_all()
        moved = finish.end(session, world.platform, runs.get(session, run_id), after, "test")
        session.expire_all()
        kinds = [
            kind
            for kind, name in ((BACK, "run-refund"), (COUNTS, "run-end"))
            for _ in log.find(session, name, run=run_id)
        ]
        charged = ledger.charge_of(session, run_id) is not None
        return moved, runs.get(session, run_id).state, kinds, charged


def test_every_ending_from_every_state(world, refundable):
    for before, after in product(set(Run) - states.TERMINAL_RUNS, states.TERMINAL_RUNS):
        found = ended(world, refundable, before, after)
        if after == Run.RELEASED and before != Run.RECONCILING:
            expected = (False, before, [], True)
        elif before == Run.RECONCILING and after != Run.RELEASED:
            expected = (True, Run.FAILED, [COUNTS], True)
        elif (before, after) in ABORTED_INSTEAD:
            expected = (True, Run.ABORTED, [COUNTS], True)
        elif after in states.REFUNDED_RUNS:
            expected = (True, after, [BACK], False)
        else:
            expected = (True, after, [COUNTS], True)
        assert found == expected, (before, after)


def test_without_refunds_left_every_ending_counts(world, not_refundable):
    for before, after in product(set(Run) - states.TERMINAL_RUNS, states.REFUNDED_RUNS):
        moved, state, kinds, charged = ended(world, not_refundable, before, after)
        assert (moved, kinds, charged) == (True, [COUNTS], True)
        assert state in {Run.FAILED, Run.ABORTED}
        assert states.may_move(before, state)


def test_nothing_ends_twice(world, refundable):
    for before, after in product(states.TERMINAL_RUNS, states.TERMINAL_RUNS):
        assert ended(world, refundable, before, after) == (False, before, [], True)
