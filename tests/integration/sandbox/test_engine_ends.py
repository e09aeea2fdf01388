"""A worker or an engine that dies in the middle of a run, on an engine that may be killed."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.container import rundir
from sandbox.container.docker import DockerRuntime
from sandbox.container.reaper import reap
from sandbox.spec import Ending
from tests.integration.sandbox.guests import (
    ANSWER_ALL,
    OWNER,
    Watched,
    carry_out,
    container_of,
    running,
)
from tests.integration.sandbox.traces import Peaks
from tests.support.waiting import until

pytestmark = pytest.mark.docker

_LATE_S = 5.0  # a container is gone so long after its end
_WORKER = "tests.integration.sandbox.session_process"
_SAYS_SO_AND_STAYS = 'drive(score("s0", correct=1))\nwhile True: time.sleep(1)'


def test_a_worker_that_is_killed_while_its_guest_attacks(
    own_engine, own, own_image, run_root, held
):
    worker = subprocess.Popen(
        [sys.executable, "-m", _WORKER, own_image, str(run_root), OWNER, "fork_loop"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"DOCKER_HOST": own_engine.url},
    )
    with worker:
        run = worker.stdout.readline().strip()
        container = until(lambda: running(own, run), 60, "its container runs")[0]
        peaks = Peaks()
        until(lambda: peaks.look(own_engine, container) or peaks.pids > 60, 60, "it attacks")
        worker.kill()
    assert running(own, run), "without a reaper it would run on"
    began = time.monotonic()
    assert reap(own, OWNER, lambda *_: False) == [f"assay-{run}-1"]
    assert time.monotonic() - began < _LATE_S
    assert len(rundir.sweep(run_root)) == 1


@pytest.mark.parametrize("ends", ["kill", "stop"])
def test_an_engine_that_ends_and_starts_again_in_the_middle_of_a_run(
    own_engine, own, own_guest, run_root, held, ends
):
    others = own.create(container_of(own_guest(""), owner=f"{OWNER}-other"))
    live = own.create(container_of(own_guest(""), run="11ve"))
    spec, caller = own_guest(_SAYS_SO_AND_STAYS), Watched()
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(carry_out, spec, DockerRuntime(own_engine.url), caller)
        until(lambda: caller.progress, 60, "the guest is at work")
        getattr(own_engine, ends)()
        result = going.result(20)
    assert result.ending is Ending.ENGINE_LOST, "never a failed suite"
    assert (result.scores, result.reply_reached_guest) == ((), False)
    own_engine.start()
    left = [one.name for one in own.list(OWNER) if one.identity.run == spec.grant.run]
    assert left == [f"assay-{spec.grant.run}-1"]
    assert reap(own, OWNER, lambda run, _: run == "11ve") == left
    assert {own.inspect(one).status for one in (others, live)} == {"created"}
    own.remove(others)
    own.remove(live)
    assert carry_out(own_guest(ANSWER_ALL), own).ending is Ending.COMPLETE
