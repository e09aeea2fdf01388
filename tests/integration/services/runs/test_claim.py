"""One model at a time on a host, and each in its turn."""

from dataclasses import replace

import pytest

from harness.records import runs
from harness.records.base import Act
from harness.services.agreements.terms import Terms
from harness.services.runs import perform
from harness.services.runs.claim import claim, release_to_queue
from harness.services.states import TERMINAL_RUNS, Run
from sandbox.spec import Ending, SessionResult, UsageReceipt
from tests.support import copies, released
from tests.support import world as worlds

ACT = Act("tester", "test", 1.0)
TERMS = Terms(run_wall_clock_s=20, start_within_s=100, grid_s=10, runs=4)
OTHER = "other"


@pytest.fixture(scope="module")
def agreed(tmp_path_factory):
    world = worlds.make(tmp_path_factory.mktemp("agreed") / "data", worker_slots=4)
    world.image()
    world.model()
    world.model(name=OTHER)
    digest = world.suite(worlds.suite_files(worlds.simple_questions(40)))
    return world, {name: world.agree(digest, TERMS, name) for name in (worlds.MODEL, OTHER)}


@pytest.fixture
def world(agreed, tmp_path):
    world = copies.copy(agreed[0], tmp_path / "data")
    yield world
    world.platform.database.close()


@pytest.fixture
def queued(world, agreed):
    """Queue a run of a model, later than every run before it."""
    return lambda model=worlds.MODEL: world.reserve(agreed[1][model])


def put(world, held, before, after):
    with world.platform.database.write() as session:
        assert runs.move(session, held.run.id, before, after, ACT, worker=held.worker)


def test_runs_of_one_model_share_a_host(world, queued):
    first, second = queued(), queued()
    assert claim(world.platform, first) is not None
    assert claim(world.platform, second) is not None


@pytest.mark.parametrize("state", [Run.PREFLIGHT, Run.RUNNING])
def test_another_models_run_waits_while_one_is_live(world, queued, state):
    first, second = queued(), queued(OTHER)
    held = claim(world.platform, first)
    if state == Run.RUNNING:
        put(world, held, Run.PREFLIGHT, state)
    assert claim(world.platform, second) is None
    with world.platform.database.read() as session:
        waiting = runs.get(session, second)
    assert (waiting.state, waiting.attempt, waiting.category) == ("QUEUED", 0, None)
    # What was true of this host is not true of another.
    assert claim(replace(world.platform, host="elsewhere"), second) is not None


ENDINGS = [Ending.GUEST_FAULT, Ending.OOM, Ending.DEADLINE, Ending.OVER_BUDGET, Ending.STOPPED]


def end_early(world, run_id, ending):
    """Let a run end after a reply has reached the guest; its slot."""
    held = released.start(world, run_id)
    receipt = UsageReceipt(held.protocol_row.digest)
    perform._end_early(world.platform, held, SessionResult(ending, "code", True, (), receipt))
    with world.platform.database.read() as session:
        ended = runs.get(session, run_id)
        assert ended.state in TERMINAL_RUNS
        return ended.slot_at


def before_and_after(world, slot, run_id):
    """Whether a run can be claimed right before another's slot, and at it."""
    found = []
    for now in (slot - 0.001, slot):
        then = released.at(world, now)
        with then.platform.database.write() as session:
            runs.get(session, run_id).start_by = now
        found.append(claim(then.platform, run_id) is not None)
    return found


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_run_keeps_the_host_from_other_models_until_its_slot(world, queued, ending):
    first, second = queued(), queued(OTHER)
    slot = end_early(world, first, ending)
    assert before_and_after(world, slot, second) == [False, True]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_run_keeps_its_place_until_its_slot(world, queued, ending):
    alone = replace(
        world,
        platform=replace(
            world.platform, settings=world.platform.settings.model_copy(update={"worker_slots": 1})
        ),
    )
    first, second = queued(), queued()
    slot = end_early(alone, first, ending)
    assert before_and_after(alone, slot, second) == [False, True]


def test_a_run_that_waits_for_its_slot_keeps_its_place(world, queued):
    first, second = queued(), queued(OTHER)
    held = claim(world.platform, first)
    put(world, held, Run.PREFLIGHT, Run.RUNNING)
    put(world, held, Run.RUNNING, Run.RECONCILING)
    assert claim(world.platform, second) is None


def test_a_run_that_is_given_back_keeps_no_place(world, queued):
    first, second = queued(), queued(OTHER)
    held = released.start(world, first)
    receipt = UsageReceipt(held.protocol_row.digest)
    lost = SessionResult(Ending.ENGINE_LOST, "container_gone", False, (), receipt)
    perform._end_early(world.platform, held, lost)
    assert claim(world.platform, second) is not None


def test_the_setting_lets_models_share(world, queued):
    settings = world.platform.settings.model_copy(update={"one_vendor_per_host": False})
    platform = replace(world.platform, settings=settings)
    first, second = queued(), queued(OTHER)
    assert claim(platform, second) is not None
    assert claim(platform, first) is not None


def test_no_model_keeps_a_host_for_ever(world, queued):
    first, waiting, later = queued(), queued(OTHER), queued()
    held = claim(world.platform, first)
    # Its own model's run is live, but somebody has waited longer.
    assert claim(world.platform, later) is None
    assert claim(world.platform, waiting) is None
    put(world, held, Run.PREFLIGHT, Run.INVALID_INFRA)
    assert claim(world.platform, later) is None
    assert claim(world.platform, waiting) is not None
    assert claim(world.platform, later) is None


def test_a_run_that_cannot_start_holds_nobody_up(world, queued):
    stuck, other = queued(), queued(OTHER)
    assert claim(world.platform, other) is None
    release_to_queue(world.platform, claim(world.platform, stuck), "image_refused")
    assert claim(world.platform, other) is not None


def test_a_run_whose_time_has_passed_holds_nobody_up(world, queued):
    late, other = queued(), queued(OTHER)
    assert claim(world.platform, other) is None
    with world.platform.database.write() as session:
        runs.get(session, late).start_by = world.platform.clock() - 1
    assert claim(world.platform, other) is not None
