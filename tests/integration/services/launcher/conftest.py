"""A world with a run that a worker of this host holds, and the launcher's view of it."""

import contextlib
import tempfile
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from harness.records import runs
from harness.records.base import Act
from harness.services.agreements.terms import Terms
from harness.services.launcher import warrant
from harness.services.launcher.office import Office
from harness.services.launcher.server import Server, listening
from harness.services.launcher.work import Launcher
from harness.services.platform import selftests
from harness.services.states import Run
from sandbox.container import calls
from sandbox.container.remote import LauncherRuntime
from sandbox.spec import host_ids
from tests.support import copies
from tests.support import world as worlds
from tests.twins.runtime import MemoryRuntime

TERMS = Terms(run_wall_clock_s=20, start_within_s=100, grid_s=10, runs=5)
WAY = (Run.QUEUED, Run.PREFLIGHT, Run.RUNNING, Run.RECONCILING, Run.FAILED)
ACT = Act("tester", "test", 1.0)
LEASE_S = 60
NOBODY = 65_534
DIGEST = "sha256:" + "ab" * 32


@pytest.fixture(scope="session")
def agreed(tmp_path_factory):
    asks = "limits: {memory_mib: 640, cpus: 2, processes: 96, scratch_mib: 300, cpu_seconds: 99}"
    return worlds.agreed(tmp_path_factory.mktemp("agreed") / "data", TERMS, asks)


@pytest.fixture
def world(agreed, tmp_path):
    world = copies.copy(agreed[0], tmp_path / "data", run_root=tmp_path / "run")
    world.protocol = agreed[1]
    yield world
    world.platform.database.close()


@pytest.fixture
def office(world):
    platform = world.platform
    return Office(platform.settings, platform.database, platform.host, platform.clock)


@pytest.fixture
def put(world):
    """A run that has come as far as a state, in a worker's hands on this host."""

    def put(state, **changes):
        run_id = world.reserve(world.protocol)
        now = world.platform.clock()
        held = {
            "worker": f"{world.platform.host}:1:abcd",
            "worker_slot": 1,
            "attempt": 2,
            "started_at": now,
            "lease_until": now + LEASE_S,
        }
        with world.platform.database.write() as session:
            for before, after in pairwise(WAY):
                if before == state:
                    break
                assert runs.move(session, run_id, before, after, ACT)
            run = runs.get(session, run_id)
            for name, value in (held | changes).items():
                setattr(run, name, value)
        return run_id

    return put


@pytest.fixture
def later(office):
    """The same launcher some seconds later."""
    return lambda seconds: replace(office, clock=lambda: office.clock() + seconds)


class Engine(MemoryRuntime):
    def version(self):
        return "Twin Engine 1"


@pytest.fixture
def engine(monkeypatch):
    engine = Engine()

    def ensure(_site, _image, beat):
        beat()
        return DIGEST

    monkeypatch.setattr(selftests, "ensure", ensure)
    return engine


@pytest.fixture
def path():
    with tempfile.TemporaryDirectory(prefix="assay-l-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder, "launcher.sock")


@contextlib.contextmanager
def serving(launcher, path, worker=NOBODY):
    stopping = threading.Event()
    with listening(path, NOBODY) as listener:
        server = Server(listener, worker, launcher.carry_out)
        thread = threading.Thread(target=server.run, args=(stopping,))
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join(30)
            assert not thread.is_alive()


@pytest.fixture
def launcher(office, engine, path):
    launcher = Launcher(office, engine, NOBODY)
    with serving(launcher, path):
        yield launcher


@pytest.fixture
def remote(launcher, path):
    return LauncherRuntime(path)


@pytest.fixture
def spec(office, put):
    """The container of a run that is running."""
    return warrant.spec_of(office, calls.Call(calls.CREATE, put(Run.RUNNING), 2, "joined"))


@pytest.fixture
def ready(launcher, office, world, spec):
    """Have a run's preflight behind it."""
    move(world, spec.run, Run.PREFLIGHT)
    launcher.carry_out(calls.Call(calls.PREFLIGHT, spec.run, 2, "joined"), lambda _: None)
    move(world, spec.run, Run.RUNNING)
    return spec


def move(world, run_id, state):
    with world.platform.database.write() as session:
        runs.get(session, run_id).state = state


def files(spec):
    """What a worker gives along to a folder."""
    return host_ids(0, spec.uid, spec.runtime), {"run.json": b"{}"}
