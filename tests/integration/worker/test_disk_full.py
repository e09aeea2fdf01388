"""The data folder's disk fills up: a clear sentence, an intact database, and on it goes."""

import sqlite3
import subprocess
import sys

import pytest
from sqlalchemy import text

from harness.config import Settings
from harness.errors import Unavailable
from harness.records import runs
from harness.services.agreements.terms import Terms
from harness.services.platform import sequencer
from harness.services.platform.opening import initialise, open_platform
from tests.integration.worker.full_disk import small_disk
from tests.integration.worker.rig import TERMS, Rig
from tests.support import world as worlds
from tests.support.service import acting, served
from tests.support.waiting import until

WAITING = Terms(run_wall_clock_s=60, start_within_s=600, grid_s=1, runs=20)
FULL = "the disk of the sqlite database is full; nothing was written: free space, then try again"


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def world(disk):
    world = worlds.make(disk.path / "data")
    world.image()
    world.model()
    yield world
    world.platform.database.close()


def assay(folder, *words, **environment):
    return subprocess.run(
        (sys.executable, "-m", "harness.cli.main", *words),
        env={"PATH": "/usr/bin:/bin", "ASSAY_DATA_DIR": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def check_refused(said):
    """A sentence for a person, a status for a program, and nothing else."""
    assert said.returncode == 1
    assert said.stdout == ""
    # Rich breaks no lines off a terminal; the last one is the reason.
    assert said.stderr.splitlines()[-1].endswith(FULL)
    assert "Traceback" not in said.stderr
    assert "INSERT" not in said.stderr


def check_intact(platform):
    path = platform.settings.data_dir / "assay.sqlite3"
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    with platform.database.read() as session:
        return sequencer.check_log(session, platform)


def test_commands_say_so_and_work_again_with_space(disk, world):
    protocol = world.agree(world.suite(worlds.suite_files(worlds.simple_questions(40))), WAITING)
    size = check_intact(world.platform)
    folder, start = world.platform.settings.data_dir, ("run", "start", protocol)
    with served(world) as url:
        auditor = acting(world, url, worlds.AUDITOR, "auditor")
        # Every connection is closed: the database's side files must be made anew.
        world.platform.database.close()
        disk.fill()
        check_refused(assay(folder, *start, **auditor))
        said = assay(folder, "doctor", "--json")
        assert said.returncode == 1
        assert "free space below" in said.stdout
        disk.free()
        assert check_intact(world.platform) == size
        said = assay(folder, *start, **auditor)
        assert said.returncode == 0, said.stderr
    assert check_intact(world.platform) == size + 1


def test_it_fills_up_at_every_possible_moment(disk, world):
    """Reservations with a little more room each time: each is whole or leaves nothing."""
    digest = world.suite(worlds.suite_files(worlds.simple_questions(40)))
    protocol = world.agree(digest, WAITING)
    refused = passed = 0
    for blocks in range(1, 40, 3):
        world.platform.database.close()
        before = check_intact(world.platform)
        disk.fill(leave=blocks)
        try:
            world.reserve(protocol)
            passed += 1
        except Unavailable as error:
            assert str(error) == FULL  # noqa: PT017 - either is right, but only so
            refused += 1
        disk.free()
        world.settle()
        after = check_intact(world.platform)
        with world.platform.database.read() as session:
            reserved = runs.of_protocol(session, protocol)
            charges = session.execute(text("SELECT count(*) FROM ledger")).scalar()
        assert {run.state for run in reserved} <= {"QUEUED"}
        assert charges == len(reserved)
        assert after - before in {0, 1}
        if passed >= 2:
            break
    assert refused >= 2
    assert passed >= 1


def test_an_upgrade_on_a_full_disk_can_be_run_again(disk):
    settings = Settings(data_dir=disk.path / "data")
    refusals = 0
    for blocks in range(1, 120, 8):
        disk.fill(leave=blocks)
        try:
            initialise(settings)
        except (Unavailable, OSError):
            refusals += 1
            disk.free()
        else:
            disk.free()
            break
    assert refusals >= 3
    said = assay(settings.data_dir, "db", "upgrade")
    assert said.returncode == 0, said.stderr
    platform = open_platform(settings)
    assert check_intact(platform) == 0
    platform.database.close()


@pytest.mark.docker
@pytest.mark.slow
def test_a_worker_whose_disk_fills_up_in_the_middle_of_a_run(disk, image_id):
    rig = Rig(disk.path, image_id)
    try:
        protocol = rig.world.agree(rig.suite, TERMS)
        rig.log = disk.path.parent / "worker.log"
        tree = rig.start()
        run_id = rig.start_run(protocol)
        rig.wait_until_asked(1)
        disk.fill()
        rig.vendor.release()
        until(lambda: not rig.containers(), 60, "the container gone without a write")
        until(lambda: not rig.run_dirs(), 60, "the run directory gone")
        until(lambda: FULL in rig.log.read_text(), 60, "the worker says why")
        # The sweep may have said so: before there is space again, the run itself must have failed.
        ended = f"run failed run={run_id} code=unavailable"
        until(lambda: ended in rig.log.read_text(), 60, "the run's own write refused")
        disk.free()
        # The row could not be moved; the lease ran out, and the sweep ends it.
        run = rig.wait_for(run_id, "FAILED", seconds=60)
        assert run.category in {"worker_lost", "not_released"}
        rig.check_nothing_was_released(run_id)
        check_intact(rig.platform)
        second = rig.start_run(protocol)
        rig.wait_for(second, "RELEASED")
        rig.check_released(second)
        assert tree.celery is not None
        assert "Traceback" not in rig.log.read_text()
    finally:
        rig.close()
        print(rig.log.read_text()[-3000:] if rig.log.exists() else "")  # noqa: T201
