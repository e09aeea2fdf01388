"""The sweep: ends what was lost, gives back what was not begun, and touches nothing else."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from harness import queue
from harness.records import ledger, log, runs
from harness.records.base import Act
from harness.services.agreements.terms import Terms
from harness.services.platform import images
from harness.services.runs import sweep
from harness.services.states import Run
from sandbox.container.docker import DockerRuntime
from sandbox.spec import ContainerSpec
from tests.support import copies
from tests.support import world as worlds
from tests.twins.runtime import MemoryRuntime

TERMS = Terms(run_wall_clock_s=20, start_within_s=10, grid_s=10, runs=5)
ACT = Act("tester", "test", 1.0)
WAY = (Run.QUEUED, Run.PREFLIGHT, Run.RUNNING, Run.RECONCILING)


@pytest.fixture
def engine(monkeypatch):
    engine = MemoryRuntime()
    monkeypatch.setattr(sweep, "DockerRuntime", lambda: engine)
    return engine


@pytest.fixture(scope="module")
def agreed(tmp_path_factory):
    return worlds.agreed(tmp_path_factory.mktemp("agreed") / "data", TERMS)


@pytest.fixture
def world(agreed, tmp_path, engine):
    world = copies.copy(agreed[0], tmp_path / "data", run_root=tmp_path / "run")
    world.protocol = agreed[1]
    yield world
    world.platform.database.close()


def at(world, seconds):
    """The same world some time later."""
    now = world.platform.clock() + seconds
    return replace(world.platform, clock=lambda: now)


def standing(world, now):
    """The same world at one moment, however long the test takes on the way."""
    return replace(world.platform, clock=lambda: now)


def put(world, state, lease_s=0.0):
    """A run that has come as far as a state, its lease ending in so many seconds."""
    run_id = world.reserve(world.protocol)
    with world.platform.database.write() as session:
        for before, after in pairwise(WAY):
            if before == state:
                break
            until = world.platform.clock() + lease_s
            assert runs.move(session, run_id, before, after, ACT, lease_until=until, attempt=1)
    return run_id


def run(world, run_id):
    with world.platform.database.read() as session:
        return runs.get(session, run_id)


def kinds(world, run_id):
    with world.platform.database.read() as session:
        said = [name for name in ("run-end", "run-refund") if log.find(session, name, run=run_id)]
        return said, ledger.charge_of(session, run_id) is not None


@pytest.mark.parametrize(
    ("state", "after", "said"),
    [
        (Run.PREFLIGHT, Run.INVALID_INFRA, (["run-refund"], False)),
        # Whether a reply had reached the guest is not known any more: the slot counts.
        (Run.RUNNING, Run.FAILED, (["run-end"], True)),
        (Run.RECONCILING, Run.FAILED, (["run-end"], True)),
    ],
)
def test_a_run_whose_worker_is_gone_ends(world, state, after, said):
    run_id = put(world, state)
    sweep.sweep(at(world, 1))
    assert (run(world, run_id).state, run(world, run_id).category) == (after, "worker_lost")
    assert kinds(world, run_id) == said
    ended = run(world, run_id).ended_at
    sweep.sweep(at(world, 100))
    assert run(world, run_id).ended_at == ended


@pytest.mark.parametrize("state", WAY[1:])
def test_a_run_whose_worker_lives_goes_on(world, state):
    run_id = put(world, state, lease_s=50)
    sweep.sweep(at(world, 4))
    assert run(world, run_id).state == state


def test_what_never_started_expires_with_a_refund(world):
    run_id = put(world, Run.QUEUED)
    last = run(world, run_id).start_by
    sweep.sweep(replace(world.platform, clock=lambda: last))
    assert run(world, run_id).state == "QUEUED"
    sweep.sweep(replace(world.platform, clock=lambda: last + 1))
    assert (run(world, run_id).state, run(world, run_id).category) == ("EXPIRED", "not_started")
    assert kinds(world, run_id) == (["run-refund"], False)


def test_why_it_never_started_is_kept(world):
    run_id = put(world, Run.QUEUED)
    with world.platform.database.write() as session:
        runs.get(session, run_id).category = "engine_unavailable"
    sweep.sweep(at(world, 11))
    assert run(world, run_id).category == "engine_unavailable"


def container(engine, world, run_id, attempt=1, owner=None):
    spec = ContainerSpec(
        run=run_id,
        attempt=attempt,
        owner=owner or images.owner(world.platform),
        image=worlds.IMAGE,
        slot=1,
        run_dir=Path("/run/x"),
        deadline=1e12,
    )
    return engine.create(spec)


def left(engine, world, owner=None):
    return {found.id for found in engine.list(owner or images.owner(world.platform))}


def test_containers_of_lost_runs_go_and_others_stay(world, engine):
    lost, alive = put(world, Run.RUNNING), put(world, Run.RUNNING, lease_s=50)
    gone = [container(engine, world, lost), container(engine, world, alive, attempt=2)]
    stays = [
        container(engine, world, alive),
        # Perhaps of another database in the same place: not ours to judge.
        container(engine, world, "f" * 16),
    ]
    other = container(engine, world, lost, attempt=3, owner="0" * 16)
    assert left(engine, world) == {*gone, *stays}
    sweep.sweep(at(world, 1))
    assert left(engine, world) == set(stays)
    assert left(engine, world, "0" * 16) == {other}


def test_an_engine_that_is_away_keeps_nothing_from_ending(world, engine, caplog):
    lost = put(world, Run.RUNNING)
    kept = container(engine, world, lost)
    engine.away = True
    sweep.sweep(at(world, 1))
    assert run(world, lost).state == "FAILED"
    assert "nothing reaped" in caplog.text
    engine.away = False
    sweep.sweep(at(world, 1))
    assert kept not in left(engine, world)


def test_where_a_launcher_holds_the_engine_no_other_process_looks_at_it(world, engine):
    lost = put(world, Run.RUNNING)
    kept = container(engine, world, lost)
    folder = world.platform.settings.run_root / "0123abcd"
    folder.mkdir(parents=True)
    settings = world.platform.settings.model_copy(update={"launcher": "/run/launcher.sock"})
    sweep.sweep(replace(at(world, 1), settings=settings))
    assert run(world, lost).state == "FAILED"
    assert left(engine, world) == {kept}
    assert folder.is_dir()


def test_a_run_that_waits_for_its_slot_has_no_container_any_more(world, engine):
    waits = put(world, Run.RECONCILING, lease_s=50)
    container(engine, world, waits)
    sweep.sweep(at(world, 1))
    assert run(world, waits).state == "RECONCILING"
    assert left(engine, world) == set()


def test_run_directories_that_nobody_holds_go(world):
    root = world.platform.settings.run_root
    (root / "0123abcd" / "suite").mkdir(parents=True)
    (root / "not-ours").mkdir()
    sweep.sweep(world.platform)
    assert [path.name for path in root.iterdir()] == ["not-ours"]


def test_only_what_waits_is_nudged(world):
    app = queue.celery(world.platform.settings)
    waits = put(world, Run.QUEUED)
    reserved = run(world, waits).reserved_at
    for state in WAY[1:]:
        put(world, state, lease_s=50)
    sweep.sweep(standing(world, reserved + 1), app)
    assert nudged(world) == []
    sweep.sweep(standing(world, reserved + 3), app)
    assert nudged(world) == [waits]
    # Nobody takes the message: another of its kind would not help.
    sweep.sweep(standing(world, reserved + 6), app)
    assert nudged(world) == [waits]
    for message in messages(world):
        message.unlink()
    sweep.sweep(standing(world, reserved + 9), app)
    assert nudged(world) == [waits]
    app.close()


def messages(world):
    return sorted((world.platform.settings.queue_dir / "messages").glob("*.msg"))


def nudged(world):
    names = [path.read_text() for path in messages(world)]
    with world.platform.database.read() as session:
        known = [row.id for row in runs.of_protocol(session, world.protocol)]
    return [run_id for text in names for run_id in known if run_id in text]


def test_the_twin_stands_for_the_real_engine():
    # The sweep makes its engine by itself, without arguments.
    assert isinstance(sweep.DockerRuntime(), DockerRuntime)
