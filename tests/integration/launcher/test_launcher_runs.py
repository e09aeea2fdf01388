"""The main job where the launcher alone has the engine: worker and gateway are nobody."""

import json
import os
import pwd
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.launcher.conftest import ROOT, USER, as_user
from tests.integration.worker.process_tree import descendants
from tests.integration.worker.rig import ASKED, SAMPLES, TERMS
from tests.support.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.slow]


def user_of(pid):
    return Path(f"/proc/{pid}").stat().st_uid


def test_a_run_whose_worker_is_nobody_and_has_no_engine(rig, protocol):
    keys = rig.platform.settings.keys_dir
    keys.rename(keys.with_name("away"))
    rig.launch()
    # The launcher came up without a key of the server's.
    keys.with_name("away").rename(keys)
    worker = rig.work()
    run_id = rig.start_run(protocol)
    rig.wait_until_asked(TERMS.concurrency)

    nobody = pwd.getpwnam(USER).pw_uid
    below = descendants(worker.supervisor)
    gateways = [pid for pid in below if b"sandbox.gateway" in cmdline(pid)]
    assert len(gateways) == 1
    assert {user_of(pid) for pid in (worker.supervisor, *below)} == {nobody}
    (folder,) = rig.run_dirs()
    group = 20_000 + rig.run(run_id).worker_slot
    for path, mode in (
        (folder, 0o2750),
        (folder / "gateway.sock", 0o660),
        (folder / "suite", 0o750),
    ):
        found = path.stat()
        assert (found.st_uid, found.st_gid) == (nobody, group), path
        assert stat.S_IMODE(found.st_mode) == mode, path
    assert rig.containers() == [f"assay-{run_id}-1"]
    assert rig.limits() == [ASKED]

    theirs, ours = doctor(rig, as_user()), doctor(rig)
    assert theirs["privileges"]["detail"] == "the launcher alone holds the container engine"
    assert "Docker Engine" in theirs["engine"]["detail"]
    for name in ("privileges", "engine", "worker user", "run folder", "containers"):
        assert theirs[name]["ok"], theirs[name]
    # Root could go past the launcher, and is told so.
    assert not ours["privileges"]["ok"]

    rig.vendor.release()
    rig.wait_for(run_id, "RELEASED")
    rig.check_released(run_id)
    assert len(rig.vendor.seen) == SAMPLES
    assert rig.containers() == []
    assert rig.run_dirs() == []
    assert worker.stop(20) == 0


def doctor(rig, before=()):
    command = (*before, sys.executable, "-m", "harness.cli.main", "doctor", "--json")
    said = subprocess.run(
        command, cwd=ROOT, env=rig.environment, capture_output=True, timeout=60, check=False
    )
    return {finding["name"]: finding for finding in json.loads(said.stdout)}


def cmdline(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_launcher_that_is_killed_in_the_middle_of_a_run(rig, protocol):
    launcher = rig.launch()
    rig.work()
    run_id = rig.start_run(protocol)
    rig.wait_until_asked(TERMS.concurrency)
    assert len(rig.containers()) == 1
    os.kill(launcher.pid, signal.SIGKILL)
    launcher.wait()
    # No reply had reached the guest: the slot comes back.
    run = rig.wait_for(run_id, "INVALID_INFRA", seconds=60)
    assert run.category == "engine_lost:container_gone"
    assert rig.entries(run_id) == ["charge", "refund"]
    rig.check_nothing_was_released(run_id)
    # Nobody can remove the container before the next launcher, which does so before it answers.
    assert len(rig.containers()) == 1
    second = rig.launch()
    assert rig.containers() == []
    assert rig.run_dirs() == []
    rig.vendor.release()
    again = rig.start_run(protocol)
    rig.wait_for(again, "RELEASED")
    rig.check_released(again)
    assert stop(second) == 0
    assert not Path(rig.platform.settings.launcher).exists()


def stop(process):
    process.terminate()
    return process.wait(20)


def test_a_run_waits_for_the_launcher(rig, protocol):
    rig.vendor.release()
    rig.work()
    run_id = rig.start_run(protocol)
    until(lambda: "wait for the platform" in rig.actions(run_id), 60, "a claim in vain")
    assert rig.run(run_id).category == "launcher_unavailable"
    rig.launch()
    rig.wait_for(run_id, "RELEASED")
