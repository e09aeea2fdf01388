"""A worker that is killed leaves a container, a gateway and a folder: all of them go."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.container import rundir
from sandbox.container.docker import DockerRuntime
from sandbox.container.reaper import reap
from sandbox.container.runtime import Status
from sandbox.errors import EngineUnavailable
from tests.integration.sandbox.conftest import OWNER
from tests.integration.sandbox.guests import container_of, running, spec_of, until

pytestmark = pytest.mark.docker

_WORKER = "tests.integration.sandbox.session_process"


@pytest.fixture
def orphan(scripted_image, run_root, runtime):
    """The run of a worker that was killed while its container was running."""
    worker = subprocess.Popen(
        [sys.executable, "-m", _WORKER, scripted_image, str(run_root), OWNER],
        stdout=subprocess.PIPE,
        text=True,
    )
    with worker:
        run = worker.stdout.readline().strip()
        assert until(lambda: running(runtime, run), 20)
        assert until(lambda: list(run_root.glob("*/gateway.sock")))
        worker.kill()
    return run


def test_the_container_outlives_its_worker_and_is_reaped(orphan, runtime, run_root):
    assert running(runtime, orphan), "without a reaper it would run on"
    asked = []

    def is_live(run, attempt):
        asked.append((run, attempt))
        return False

    started = time.monotonic()
    assert reap(runtime, OWNER, is_live) == [f"assay-{orphan}-1"]
    assert time.monotonic() - started < 5
    assert asked == [(orphan, 1)]
    assert runtime.list(OWNER) == ()
    assert reap(runtime, OWNER, is_live) == []
    assert len(rundir.sweep(run_root)) == 1
    assert list(run_root.iterdir()) == []


def test_the_gateway_ends_with_its_worker(orphan, runtime, run_root):
    (folder,) = run_root.iterdir()
    assert until(lambda: not _holders(folder / "gateway.sock"))
    reap(runtime, OWNER, lambda *_: False)
    rundir.sweep(run_root)


def test_live_and_foreign_containers_stay(scripted_image, run_root, runtime, cli):
    def spec(**changes):
        made = spec_of(scripted_image, run_root, "http://127.0.0.1:9/v1", "")
        return container_of(made, **changes)

    live = runtime.create(spec())
    others = runtime.create(spec(owner=f"{OWNER}-other"))
    foreign = cli.api.create_container(scripted_image, ["/usr/bin/true"])["Id"]
    try:
        assert reap(runtime, OWNER, lambda *_: True) == []
        assert reap(runtime, f"{OWNER}-nobody", lambda *_: False) == []
        for container in (live, others, foreign):
            assert runtime.inspect(container).status is Status.CREATED
    finally:
        for container in (live, others, foreign):
            runtime.remove(container)


def _holders(path: Path) -> list[str]:
    """Lines of the kernel's table of unix sockets that are bound to this path."""
    return [line for line in Path("/proc/net/unix").read_text().splitlines() if str(path) in line]


def test_a_reaper_without_an_engine_says_so(tmp_path):
    with pytest.raises(EngineUnavailable):
        reap(DockerRuntime(f"unix://{tmp_path}/no.sock"), OWNER, lambda *_: False)
