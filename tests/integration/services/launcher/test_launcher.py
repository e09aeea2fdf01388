"""The launcher behind its socket: what a worker gets done there, and what not."""

import os
import threading
from dataclasses import replace

import pytest

from harness.errors import InvalidInput, Unavailable
from harness.services.launcher import office as offices
from harness.services.launcher import service
from harness.services.launcher.work import Launcher
from harness.services.states import Run
from sandbox.container import rundir
from sandbox.container.remote import LauncherRuntime
from sandbox.container.runtime import Status
from sandbox.errors import EngineUnavailable, PlatformFault
from tests.integration.services.launcher.conftest import DIGEST, NOBODY, files, move, serving

pytestmark = pytest.mark.usefixtures("as_root")


def code_of(call, *arguments):
    with pytest.raises(PlatformFault) as caught:
        call(*arguments)
    return caught.value.code


def test_a_run_from_preflight_to_the_end(remote, engine, world, spec):
    beats = []
    move(world, spec.run, Run.PREFLIGHT)
    assert remote.preflight(spec.run, 2, lambda: beats.append(1)) == DIGEST
    move(world, spec.run, Run.RUNNING)
    with remote.folder(spec, *files(spec)):
        assert (spec.run_dir / "run.json").read_bytes() == b"{}"
        found = spec.run_dir.stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (NOBODY, spec.uid, 0o2750)
        container = remote.create(spec)
        # What the engine was given is what the launcher made up, not what it was told.
        ((made, one),) = engine._containers.items()
        assert one.spec == spec
        remote.start(container)
        assert remote.inspect(container).status is Status.RUNNING
        waited = []
        thread = threading.Thread(target=lambda: waited.append(remote.wait(container)))
        thread.start()
        engine.finish(made, 3)
        thread.join(30)
        assert (waited[0].status, waited[0].exit_code) == (Status.EXITED, 3)
        (found,) = remote.list(spec.owner)
        assert (found.id, found.name, found.run_dir) == (container, spec.name, spec.run_dir)
        assert remote.list("somebody-else") == ()
        remote.remove(container)
        remote.remove(container)
        remote.kill(container)
    assert not spec.run_dir.exists()
    assert engine.list(spec.owner) == ()
    assert remote.version() == "Twin Engine 1"


def test_whatever_a_client_believes_the_container_is_the_launchers(remote, engine, ready):
    evil = replace(
        ready, image="sha256:" + "66" * 32, owner="me", slot=-20_000, command=("/bin/sh",),
        deadline=1e12, runtime="nsenter", run_dir=ready.run_dir,
    )  # fmt: skip
    with remote.folder(ready, *files(ready)):
        remote.create(evil)
        ((_, one),) = engine._containers.items()
        assert one.spec == ready
        remote.remove(f"{ready.run}.2.joined")


def test_nothing_starts_before_its_preflight(remote, engine, spec):
    with remote.folder(spec, *files(spec)):
        assert code_of(remote.create, spec) == "no_preflight"
    assert engine.list(spec.owner) == ()


def test_nothing_starts_but_what_was_tested(remote, launcher, ready):
    with remote.folder(ready, *files(ready)):
        launcher._ready[ready.run, 2] = "sha256:" + "66" * 32
        assert code_of(remote.create, ready) == "no_preflight"


def test_nothing_starts_without_its_folder(remote, engine, ready):
    assert code_of(remote.create, ready) == "run_dir_refused"
    # One that somebody else has made will not do.
    os.close(rundir.vacant(ready.run_dir, NOBODY, ready.uid))
    assert code_of(remote.create, ready) == "run_dir_refused"
    assert engine.list(ready.owner) == ()


def test_nothing_is_mounted_that_was_put_in_its_place(remote, engine, ready, tmp_path):
    with remote.folder(ready, *files(ready)):
        moved = ready.run_dir.rename(tmp_path / "moved")
        ready.run_dir.symlink_to("/etc")
        assert code_of(remote.create, ready) == "run_dir_refused"
        ready.run_dir.unlink()
        moved.rename(ready.run_dir)
        remote.create(ready)
    assert len(engine.list(ready.owner)) == 1


def test_one_folder_and_one_container_each(remote, ready):
    with remote.folder(ready, *files(ready)):
        other = remote.folder(ready, *files(ready))
        assert code_of(other.__enter__) == "duplicate_folder"
        remote.create(ready)
        assert code_of(remote.create, ready) == "duplicate_container"


def test_calls_on_nothing(remote, spec):
    for container in ("", "f" * 64, "../../etc", f"{spec.run}.2.exec", f"{spec.run}.2.score"):
        remote.kill(container)
        remote.remove(container)
        for call in (remote.start, remote.inspect, remote.wait):
            assert code_of(call, container) == "no_such_container"


def test_a_run_that_ended_gives_back_what_it_held(remote, launcher, engine, world, ready):
    with remote.folder(ready, *files(ready)):
        remote.start(remote.create(ready))
        launcher.reconcile()
        assert ready.run_dir.exists()
        assert len(engine.list(ready.owner)) == 1
        move(world, ready.run, Run.FAILED)
        launcher.reconcile()
        assert not ready.run_dir.exists()
        assert engine.list(ready.owner) == ()
    assert launcher._folders == launcher._containers == {}
    assert launcher._ready == {}


def test_the_next_launcher_ends_what_this_one_began(
    office, engine, path, world, put, ready, remote
):
    folder = remote.folder(ready, *files(ready))
    folder.__enter__()
    container = remote.create(ready)
    again = path.with_name("again.sock")
    with serving(Launcher(office, engine, NOBODY), again):
        second = LauncherRuntime(again)
        assert second.inspect(container).status is Status.CREATED
        # It may be started once, by whom its preflight and folder are known; ended by anybody.
        second.remove(container)
    assert engine.list(ready.owner) == ()
    folder.__exit__(None, None, None)


def test_an_engine_that_is_away_is_said(remote, engine, spec):
    engine.away = True
    for call in (lambda: remote.list("x"), lambda: remote.remove(f"{spec.run}.2.joined")):
        with pytest.raises(EngineUnavailable):
            call()


def test_no_launcher_is_an_engine_that_is_away(tmp_path, spec):
    with pytest.raises(EngineUnavailable) as caught:
        LauncherRuntime(tmp_path / "none.sock").create(spec)
    assert caught.value.code == "launcher_unavailable"


def test_opening_needs_records_and_no_key(office, world, path):
    settings = world.platform.settings.model_copy(update={"launcher": str(path)})
    world.platform.settings.keys_dir.rename(world.platform.settings.data_dir / "away")
    opened = offices.open_office(settings)
    assert opened.host == office.host
    assert {name for name in dir(opened) if not name.startswith("_")} == {
        "settings", "database", "host", "clock",
    }  # fmt: skip
    opened.database.close()


def test_opening_says_what_is_missing(world, tmp_path):
    with pytest.raises(InvalidInput, match="ASSAY_LAUNCHER"):
        offices.open_office(world.platform.settings)
    changes = {"launcher": "/run/x.sock", "data_dir": tmp_path / "none"}
    with pytest.raises(Unavailable, match="assay db upgrade"):
        offices.open_office(world.platform.settings.model_copy(update=changes))
    assert not (tmp_path / "none").exists()


def test_the_user_is_one_of_this_machine():
    assert service.worker("nobody").uid == NOBODY
    assert service.worker("").uid == os.geteuid()
    with pytest.raises(InvalidInput, match="adduser"):
        service.worker("no-such-user-here")
