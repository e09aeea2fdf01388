"""The contract of container runtimes, through a launcher: the tests of the engine, once more."""

import os
from contextlib import contextmanager

import pytest

from harness.records import platform as platform_rows
from harness.records import runs
from harness.records.base import Act
from harness.services.access import Actor
from harness.services.launcher import warrant
from harness.services.launcher.office import Office
from harness.services.runs import reserve
from harness.services.runs.claim import claim
from harness.services.states import Run
from sandbox.container import calls
from sandbox.container.remote import LauncherRuntime
from sandbox.errors import EngineUnavailable, ImageRefused
from sandbox.spec import host_ids
from tests.integration.sandbox.test_runtime_contract import (
    test_a_running_container_is_removed,
    test_a_second_create_is_refused_and_harms_nothing,
    test_calls_on_nothing,
    test_containers_are_listed_by_owner,
    test_the_states_in_order,
)
from tests.integration.worker.rig import TERMS
from tests.support import world as worlds

pytestmark = pytest.mark.docker
ACT = Act("tester", "test", 1.0)

__all__ = [
    "test_a_running_container_is_removed",
    "test_a_second_create_is_refused_and_harms_nothing",
    "test_calls_on_nothing",
    "test_containers_are_listed_by_owner",
    "test_the_states_in_order",
]


@pytest.fixture(scope="module")
def rig(launched):
    launched.launch()
    return launched


@pytest.fixture(scope="module")
def protocol(rig):
    return rig.world.agree(rig.suite, TERMS.model_copy(update={"runs": 20}))


@pytest.fixture
def any_runtime(rig):
    return rig.remote


@pytest.fixture
def claimed(rig, protocol):
    """A run in our hands, as a worker of this host takes it."""
    with holding(rig, protocol) as run_id:
        yield run_id


@pytest.fixture
def spec(rig, claimed):
    """The container of a run that has passed its preflight and is running."""
    rig.remote.preflight(claimed, 1, lambda: None)
    with rig.database.write() as session:
        now = rig.platform.clock()
        assert runs.move(session, claimed, Run.PREFLIGHT, Run.RUNNING, ACT, started_at=now)
    office = Office(rig.platform.settings, rig.database, rig.platform.host)
    spec = warrant.spec_of(office, calls.Call(calls.CREATE, claimed, 1, "joined"))
    with rig.remote.folder(spec, host_ids(0, spec.uid, spec.runtime), {"run.json": b"{}"}):
        told = spec.run_dir / "run.json"
        told.unlink()
        # It runs for as long as somebody wants it to: what its run is about is never said.
        os.mkfifo(told, 0o444)
        yield spec


@contextmanager
def holding(rig, protocol):
    with rig.database.write() as session:
        auditor = Actor(worlds.AUDITOR, "auditor")
        run_id = reserve.reserve(session, rig.platform, auditor, protocol).id
    rig.world.settle()
    held = claim(rig.platform, run_id)
    with rig.database.write() as session:
        runs.get(session, run_id).lease_until = rig.platform.clock() + 60
    yield run_id
    with rig.database.write() as session:
        over = {"worker": held.worker, "lease_until": None}
        state = runs.get(session, run_id).state
        assert runs.move(session, run_id, state, Run.FAILED, ACT, **over)


@pytest.fixture
def container(any_runtime, spec):
    made = any_runtime.create(spec)
    yield made
    any_runtime.remove(made)


def test_an_image_that_is_not_there(rig, any_runtime):
    absent = platform_rows.Image(
        id="sha256:" + "0" * 64, flavour="base", packages={}, added_at=rig.platform.clock()
    )
    with rig.database.write() as session:
        platform_rows.put_image(session, absent, ACT)
    with holding(rig, rig.world.agree(rig.suite, TERMS)) as run_id, pytest.raises(ImageRefused):
        any_runtime.preflight(run_id, 1, lambda: None)


def test_no_launcher(tmp_path, spec):
    runtime = LauncherRuntime(tmp_path / "no.sock")
    name = f"{spec.run}.1.joined"
    for call, argument in (
        (runtime.create, spec),
        (runtime.start, name),
        (runtime.inspect, name),
        (runtime.kill, name),
        (runtime.remove, name),
        (runtime.list, spec.owner),
    ):
        with pytest.raises(EngineUnavailable):
            call(argument)
