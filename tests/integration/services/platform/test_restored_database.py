"""A database restored from yesterday gives no bits back: nothing starts on it, and it says why."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from harness.config import Settings
from harness.errors import BudgetSpent, IntegrityError
from harness.records import ledger, log, protocols, runs
from harness.services import states
from harness.services.agreements.terms import Terms
from harness.services.platform import backup, doctor, logcopy, sequencer
from harness.services.platform.opening import copy_log, open_platform, open_unchecked
from harness.services.publication import rebuild as rebuilding
from harness.services.publication import restore as restoring
from harness.services.runs import claim
from tests.support import released
from tests.support import world as worlds
from tests.support.copies import copy

# A report of 40 samples costs 3.3 bits: a ledger of 14 bits pays for four.
TERMS = Terms(run_wall_clock_s=20, start_within_s=10, grid_s=10, runs=5, ledger_pair=14)
REFUND = """
INSERT INTO ledger (kind, run, auditor, owner_group, model, microbits, at)
SELECT 'refund', run, auditor, owner_group, model, microbits, at FROM ledger
"""
REFUSED = "is older than what this server has signed"


class Scene:
    """A server that went on after its database was copied, as `duplicate(settings, name)` does."""

    def __init__(self, world, duplicate):
        self.world = world
        self.platform = world.platform
        self.duplicate = duplicate
        digest = world.suite(worlds.suite_files(worlds.simple_questions(40)))
        self.protocol = world.agree(digest, TERMS)
        self.half_agreed = world.propose(world.draft(digest, TERMS))
        self.first = world.reserve(self.protocol)
        self.platform.database.close()
        self.old = duplicate(self.platform.settings, "old")
        # What the copy knows nothing of: a released run, an agreement and its run.
        self.second = world.reserve(self.protocol)
        slot = released.release(world, self.second)
        self.world = world = released.at(world, slot)
        self.platform = world.platform
        world.settle()
        world.sign(self.half_agreed)
        self.third = world.reserve(self.half_agreed)
        self.fourth = world.reserve(world.agree(digest, TERMS))
        self.platform.database.close()


def changed(settings, **changes):
    return Settings.model_validate({**settings.model_dump(), **changes})


def spent(platform):
    with platform.database.read() as session:
        rows = ledger.of_model(session, worlds.MODEL)
        return sorted((row.run, row.kind, row.microbits, row.at) for row in rows)


def leaves(platform):
    with platform.database.read() as session:
        sequencer.check_log(session, platform)
        return list(log.leaf_hashes(session))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def scene(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scene")
    if request.param == "sqlite":
        url = ""

        def duplicate(settings, name):
            source = settings.database.removeprefix("sqlite:///")
            shutil.copyfile(source, folder / f"{name}.sqlite3")
            return f"sqlite:///{folder}/{name}.sqlite3"

    else:
        postgresql = request.getfixturevalue("postgresql")
        url = postgresql.fresh()

        def duplicate(settings, _name):
            return postgresql.fresh(settings.database)

    world = worlds.make(folder / "data", database_url=url)
    world.image()
    world.model()
    yield Scene(world, duplicate)
    world.platform.database.close()


@pytest.fixture
def yesterday(scene, tmp_path):
    """Settings of the server with a restored database, which the test may change."""
    here = scene.platform.settings
    shutil.copyfile(logcopy.place(here), tmp_path / "log.copy")
    url = scene.duplicate(changed(here, database_url=scene.old), tmp_path.name)
    return changed(here, database_url=url, log_copy=str(tmp_path / "log.copy"))


@contextmanager
def opened(settings):
    platform = open_platform(settings)
    try:
        yield platform
    finally:
        platform.database.close()


def reserve(platform, protocol):
    return worlds.World(platform).reserve(protocol)


def test_the_scene_has_spent_all_and_would_get_bits_back(scene, yesterday, tmp_path):
    """The control: without the copy of the log, yesterday's database pays a second time."""
    with pytest.raises(BudgetSpent):
        scene.world.reserve(scene.protocol)
    forgetful = changed(yesterday, log_copy=str(tmp_path / "new.copy"))
    copy_log(forgetful)
    with opened(forgetful) as platform:
        for _ in range(3):
            reserve(platform, scene.protocol)


def test_nothing_opens_it_and_what_runs_signs_nothing_on_it(scene, yesterday):
    with pytest.raises(IntegrityError, match=REFUSED) as told:
        open_platform(yesterday)
    assert logcopy.REBUILD in str(told.value)
    (found,) = [one for one in doctor.examine(yesterday) if one.name == "ledger"]
    assert (found.ok, found.remedy) == (False, logcopy.REBUILD)
    platform = open_unchecked(yesterday)
    try:
        before = leaves(platform)
        with pytest.raises(IntegrityError, match=REFUSED):
            reserve(platform, scene.protocol)
        assert leaves(platform) == before
    finally:
        platform.database.close()


def test_rebuilt_it_has_spent_what_was_spent_and_its_log_goes_on(scene, yesterday):
    before, signed = spent(scene.platform), leaves(scene.platform)
    assert len(before) == 4
    rebuilt = rebuilding.rebuild(yesterday)
    assert (rebuilt.charges, rebuilt.log_size) == (3, len(signed))
    with opened(yesterday) as platform:
        assert spent(platform) == before
        assert leaves(platform)[: len(signed)] == signed
        with platform.database.read() as session:
            assert log.at_index(session, len(signed)).kind == "log-restore"
            rows = {row.id: row for row in runs.of_protocol(session, scene.protocol)}
            ends = [
                len(log.find(session, "run-end", run=name))
                for name in (scene.first, scene.second, scene.third, scene.fourth)
            ]
            agreed = protocols.get(session, scene.half_agreed).state
        # What was open is over and counts; what has an ending in the log keeps it. Of the run
        # whose agreement is forgotten there is its charge.
        assert rows[scene.first].state in states.TERMINAL_RUNS
        assert (rows[scene.second].state, rows[scene.second].ordinal) == ("RELEASED", 2)
        assert ends == [1, 1, 1, 0]
        assert agreed == states.Protocol.ACTIVE
        with pytest.raises(BudgetSpent):
            reserve(platform, scene.protocol)
    # A second time there is nothing to do.
    again = rebuilding.rebuild(yesterday)
    assert (again.entries, again.charges, again.ended) == (0, 0, 0)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM ledger WHERE id = 1",
        "UPDATE ledger SET microbits = microbits - 1",
        "UPDATE ledger SET auditor = 'somebody'",
        "UPDATE ledger SET owner_group = 'somebody'",
        "UPDATE ledger SET model = 'another'",
        "UPDATE ledger SET at = at - 1",
        REFUND,
    ],
)
def test_a_ledger_behind_its_own_log_is_noticed_and_made_anew(small, damage):
    world, protocol = small
    world.reserve(protocol)
    platform = world.platform
    before = spent(platform)
    open_platform(platform.settings).database.close()
    with platform.database.write() as session:
        session.execute(text(damage))
    with pytest.raises(IntegrityError, match=r"behind the log.*assay ledger rebuild"):
        open_platform(platform.settings)
    assert rebuilding.rebuild(platform.settings).charges >= 1
    assert spent(platform) == before
    open_platform(platform.settings).database.close()


@pytest.fixture(scope="module")
def agreed(tmp_path_factory):
    return worlds.agreed(tmp_path_factory.mktemp("agreed") / "data", TERMS)


@pytest.fixture
def small(agreed, tmp_path):
    """A world of the test's own with one agreement."""
    made, protocol = agreed
    world = copy(made, tmp_path / "data")
    yield world, protocol
    world.platform.database.close()


def test_no_process_starts_on_it(small, tmp_path):
    world, protocol = small
    settings = world.platform.settings
    world.platform.database.close()
    shutil.copyfile(settings.data_dir / "assay.sqlite3", tmp_path / "yesterday.sqlite3")
    world.reserve(protocol)
    world.platform.database.close()
    environment = os.environ | {"ASSAY_DATA_DIR": str(settings.data_dir)}
    environment |= {"ASSAY_DATABASE_URL": f"sqlite:///{tmp_path / 'yesterday.sqlite3'}"}
    environment |= {"ASSAY_LISTEN": "127.0.0.1:0"}
    assay = (sys.executable, "-m", "harness.cli.main")
    started = {
        "worker": (*assay, "worker"),
        "web": (sys.executable, "-m", "harness.starting", "web.main", "0", str(os.getpid())),
    }
    running = {
        name: subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for name, command in started.items()
    }
    for name, process in running.items():
        told, _ = process.communicate(timeout=60)
        assert process.returncode == 1, (name, told)
        assert "ledger rebuild" in " ".join(told.split()), (name, told)


def test_a_run_start_is_in_the_copy_before_a_model_can_be_called(small):
    world, protocol = small
    path = logcopy.place(world.platform.settings)
    with world.platform.database.write() as session:
        worlds.reserve.reserve(
            session, world.platform, worlds.Actor(worlds.AUDITOR, "auditor"), protocol
        )
    before = path.read_bytes()
    world.settle()
    after = path.read_bytes()
    # As if the process had died between its commit and the copy.
    path.write_bytes(before)
    with world.platform.database.read() as session:
        (run,) = runs.in_states(session, ("QUEUED",))
    assert claim.claim(world.platform, run.id) is not None
    assert path.read_bytes() == after


def test_a_batch_that_was_cut_off_is_copied_again(small):
    world, _ = small
    path = logcopy.place(world.platform.settings)
    whole = path.read_bytes()
    for cut in (1, 30, 400, len(whole) - 10):
        path.write_bytes(whole[:-cut])
        logcopy.keep(path, world.platform.database)
        assert path.read_bytes().endswith(whole[whole.rindex(b"\n", 0, -1) :])
        assert [one.statement.index for one in logcopy.entries(path, 0)] == list(
            range(logcopy.tail(path).size)
        )
    open_platform(world.platform.settings).database.close()


def test_a_missing_copy_is_not_taken_for_an_empty_one(small):
    world, _ = small
    path = logcopy.place(world.platform.settings)
    path.unlink()
    with pytest.raises(IntegrityError, match="copy is missing"):
        open_platform(world.platform.settings)
    copy_log(world.platform.settings)
    open_platform(world.platform.settings).database.close()


def rewrite(path, change):
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    change(lines)
    path.write_bytes(b"".join(json.dumps(line).encode() + b"\n" for line in lines))


def swap_envelope(lines):
    entries = [line for line in lines if "envelope" in line]
    entries[-1]["envelope"] = entries[-2]["envelope"]


def drop_entry(lines):
    lines.pop(next(i for i in range(len(lines) - 1, -1, -1) if "envelope" in lines[i]))


@pytest.mark.parametrize("change", [swap_envelope, drop_entry])
def test_a_damaged_copy_changes_nothing(small, tmp_path, change):
    world, protocol = small
    settings = world.platform.settings
    world.platform.database.close()
    shutil.copyfile(settings.data_dir / "assay.sqlite3", tmp_path / "yesterday.sqlite3")
    world.reserve(protocol)
    rewrite(logcopy.place(settings), change)
    url = f"sqlite:///{tmp_path / 'yesterday.sqlite3'}"
    before = (tmp_path / "yesterday.sqlite3").read_bytes()
    with pytest.raises(IntegrityError):
        rebuilding.rebuild(changed(settings, database_url=url))
    assert (tmp_path / "yesterday.sqlite3").read_bytes() == before


def test_a_restored_backup_takes_the_log_copy_of_its_server(small, tmp_path):
    world, protocol = small
    backup.save(world.platform, tmp_path / "backup.tar")
    run_id = world.reserve(protocol)
    signed = leaves(world.platform)
    there = changed(world.platform.settings, data_dir=tmp_path / "new" / "data")
    restored = restoring.restore(
        there, tmp_path / "backup.tar", logcopy.place(world.platform.settings)
    )
    assert (restored.charges, restored.ended, restored.log_size) == (1, 1, len(signed))
    platform = open_platform(there)
    try:
        assert leaves(platform)[: len(signed)] == signed
        assert [row[:2] for row in spent(platform)] == [(run_id, "charge")]
    finally:
        platform.database.close()


def test_another_log_under_the_same_keys_is_refused(small, tmp_path):
    world, protocol = small
    settings = world.platform.settings
    world.platform.database.close()
    shutil.copyfile(settings.data_dir / "assay.sqlite3", tmp_path / "other.sqlite3")
    url = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    other = changed(settings, database_url=url, log_copy=str(tmp_path / "copy"))
    copy_log(other)
    world.reserve(protocol)
    forked = worlds.World(open_platform(other), world.keys)
    for _ in range(3):
        forked.reserve(protocol)
    forked.platform.database.close()
    # Longer than what was signed here, and another.
    mixed = changed(settings, database_url=url)
    for act in (open_platform, rebuilding.rebuild):
        with pytest.raises(IntegrityError, match="is another one than this server has signed"):
            act(mixed)
