"""Runs of one slot are logged in the order of their ids, however long each of them took.

Else who is first would tell something of both that nobody had paid for.
"""

import itertools

import pytest

from harness.records import log, runs
from harness.records.base import Act
from harness.services.agreements.terms import Terms
from harness.services.release import execute
from harness.services.runs import view
from tests.support import released
from tests.support import world as worlds
from tests.support.copies import copy

RUNS = 3
TERMS = Terms(run_wall_clock_s=60, start_within_s=60, grid_s=10, runs=RUNS)


@pytest.fixture(scope="module")
def waiting(tmp_path_factory):
    """A world in which all runs wait for the same slot."""
    world = worlds.make(tmp_path_factory.mktemp("agreed") / "data", worker_slots=RUNS)
    world.image()
    world.model()
    protocol = world.agree(world.suite(worlds.suite_files(worlds.simple_questions(20))), TERMS)
    now = released.at(world, world.platform.clock())
    done = {}
    for _ in range(RUNS):
        run = now.reserve(protocol)
        done[run] = released.scored(now, run)
    assert len({one.slot for one in done.values()}) == 1
    yield world, [done[run] for run in sorted(done)]
    world.platform.database.close()


@pytest.fixture
def place(waiting, tmp_path):
    """A copy of it at its slot."""
    world, done = waiting
    copied = copy(world, tmp_path / "data")
    for one in done:
        live(copied, one, one.slot + 30)
    yield released.at(copied, done[0].slot)
    copied.platform.database.close()


def live(world, done, until):
    """The lease of a worker that was alive until shortly before."""
    with world.platform.database.write() as session:
        assert runs.beat(session, done.claim.run.id, done.claim.worker, until, 0, 0)


def signed(world, done):
    return execute._signed(world.platform, done, execute.judge(done), done.slot)


def reported(world):
    """Which run each report of the log is of, in the order of the log, and its attempt line."""
    with world.platform.database.read() as session:
        found = [item for item in log.since(session, 0) if item.kind == "report"]
        return [item.run for item in found]


@pytest.mark.parametrize("order", list(itertools.permutations(range(RUNS))))
def test_the_log_is_the_same_whoever_comes_first(waiting, place, order):
    done = waiting[1]
    left = [done[index] for index in order]
    while left:
        left = [one for one in left if not signed(place, one)]
    assert reported(place) == [one.claim.run.id for one in done]


def test_nobody_waits_for_a_worker_that_is_dead(waiting, place):
    first, second, _ = waiting[1]
    assert not signed(place, second)
    live(place, first, second.slot - 1)
    assert signed(place, second)


def test_nobody_waits_for_a_later_slot(waiting, place):
    first, second, _ = waiting[1]
    with place.platform.database.write() as session:
        act = Act("test", "a later slot", 0.0)
        state = "RECONCILING"
        assert runs.move(
            session, first.claim.run.id, state, state, act, visible_at=second.slot + 10
        )
    assert signed(place, second)


def test_until_it_is_signed_a_run_is_pending(waiting, place):
    first = waiting[1][0]
    with place.platform.database.read() as session:
        run = runs.get(session, first.claim.run.id)
        assert view.outcome_at(run, first.slot) == "PENDING"
    assert signed(place, first)
    with place.platform.database.read() as session:
        run = runs.get(session, first.claim.run.id)
        assert view.outcome_at(run, first.slot) == "RELEASED"
