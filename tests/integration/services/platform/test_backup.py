"""Backup and restore: one whole file or none, checked both ways, and said in the log."""

import io
import json
import stat
import tarfile

import pytest
from sqlalchemy import text

from harness.config import Settings
from harness.documents import canonical, envelope, statements
from harness.errors import Conflict, InvalidInput, Unavailable
from harness.records import ledger, log, runs
from harness.services.agreements.terms import Terms
from harness.services.parties import people, sessions
from harness.services.platform import backup, sequencer
from harness.services.platform.opening import open_platform
from harness.services.publication import restore as restoring
from tests.support import world as worlds
from tests.support.copies import copy

TERMS = Terms(run_wall_clock_s=20, start_within_s=600, grid_s=10, runs=3)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    world = worlds.make(tmp_path_factory.mktemp("made") / "data")
    world.image()
    world.model()
    digest = world.suite(worlds.suite_files(worlds.simple_questions(20)))
    world.protocol = world.agree(digest, TERMS)
    return world


@pytest.fixture
def world(made, tmp_path):
    copied = copy(made, tmp_path / "data")
    copied.protocol = made.protocol
    yield copied
    copied.platform.database.close()


@pytest.fixture
def there(tmp_path):
    return Settings(data_dir=tmp_path / "restored" / "data")


@pytest.fixture
def saved(world, tmp_path):
    backup.save(world.platform, tmp_path / "backup.tar")
    return tmp_path / "backup.tar"


def size_of(platform):
    with platform.database.read() as session:
        return sequencer.check_log(session, platform)


def rewritten(source, target, change):
    """The archive with `change(name, content)` for each member; None drops it."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old:
            content = change(member.name, old.extractfile(member).read())
            if content is not None:
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))
    return target


def test_what_was_saved_comes_back_and_the_log_goes_on(world, there, saved):
    before = size_of(world.platform)
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    restored = restoring.restore(there, saved)
    assert (restored.log_size, restored.ended) == (before, 0)
    assert restored.trust_root == world.platform.trust_root_digest
    assert stat.S_IMODE(there.data_dir.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in there.keys_dir.iterdir()} == {0o600}
    platform = open_platform(there)
    try:
        assert size_of(platform) == before + 1
        with platform.database.read() as session, world.platform.database.read() as original:
            said = log.find(session, "log-restore")[0]
            note = log.head(original).note
            old, new = log.leaf_hashes(original), log.leaf_hashes(session)
        # Everything from before, then one leaf that tells from where on.
        assert new[:before] == old
        assert said.index == before
        told = statements.parse(envelope.parse(said.envelope).payload, "log-restore")
        assert told.subjects == {"checkpoint": canonical.digest(note.encode())}
        assert told.predicate.size == before
    finally:
        platform.database.close()
    assert [path.name for path in there.data_dir.parent.iterdir()] == ["data"]


def test_a_backup_while_somebody_writes_has_all_of_it_or_nothing(world, tmp_path, there):
    with world.platform.database.write() as session:
        session.execute(text("DELETE FROM images"))
        backup.save(world.platform, tmp_path / "during.tar")
    restoring.restore(there, tmp_path / "during.tar")
    platform = open_platform(there)
    with platform.database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM images")) == 1
    platform.database.close()


def test_open_runs_are_ended_and_count(world, tmp_path, there):
    run_id = world.reserve(world.protocol)
    backup.save(world.platform, tmp_path / "open.tar")
    assert restoring.restore(there, tmp_path / "open.tar").ended == 1
    platform = open_platform(there)
    with platform.database.read() as session:
        run = runs.get(session, run_id)
        entries = [row.kind for row in ledger.of_model(session, worlds.MODEL)]
        ends = log.find(session, "run-end", run=run_id)
    platform.database.close()
    assert (run.state, run.category) == ("ABORTED", "restored")
    # It may have been carried out since: the bits stay spent.
    assert entries == ["charge"]
    assert len(ends) == 1


def test_nobody_stays_signed_in(world, tmp_path, there):
    with world.platform.database.write() as session:
        link = people.first_operator(session, world.platform)
        secret = sessions.sign_in_by_link(session, world.platform, link)
    backup.save(world.platform, tmp_path / "signed.tar")
    restoring.restore(there, tmp_path / "signed.tar")
    platform = open_platform(there)
    with platform.database.read() as session, world.platform.database.read() as original:
        assert sessions.look(original, world.platform, secret) is not None
        assert sessions.look(session, platform, secret) is None
    platform.database.close()


def test_an_existing_file_is_not_overwritten(world, saved):
    content = saved.read_bytes()
    with pytest.raises(Conflict, match="exists already"):
        backup.save(world.platform, saved)
    assert saved.read_bytes() == content


def test_a_copy_whose_log_does_not_fit_is_no_backup(world, tmp_path):
    with world.platform.database.write() as session:
        session.execute(text("DELETE FROM statements WHERE id = 1"))
    with pytest.raises(Exception, match="does not match its signed head"):
        backup.save(world.platform, tmp_path / "backup.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_folder_with_something_in_it_is_refused(there, saved):
    there.data_dir.mkdir(parents=True)
    (there.data_dir / "note").write_text("mine")
    with pytest.raises(Conflict, match="not empty"):
        restoring.restore(there, saved)
    assert [path.name for path in there.data_dir.iterdir()] == ["note"]
    (there.data_dir / "note").unlink()
    restoring.restore(there, saved)
    assert (there.data_dir / "assay.sqlite3").is_file()


def damaged(saved, tmp_path):
    """Archives with one thing wrong each."""
    content = saved.read_bytes()
    with tarfile.open(saved) as archive:
        places = {member.name: member.offset_data for member in archive}
    for name, place in places.items():
        wrong = bytearray(content)
        wrong[place + 5] ^= 1
        yield f"flipped in {name}", bytes(wrong)
    for part in (0, 100, 512, 3000, len(content) // 2):
        yield f"cut to {part}", content[:part]
    lost = {
        "without a key": lambda name, old: None if name == "keys/log.key" else old,
        "another schema": lambda _, old: old.replace(b"assay.backup/1", b"assay.backup/2"),
        "no manifest": lambda name, old: None if name == "manifest.json" else old,
        "a list": lambda name, old: b"[]" if name == "manifest.json" else old,
    }
    for what, change in lost.items():
        yield what, rewritten(saved, tmp_path / "changed.tar", change).read_bytes()


def test_a_damaged_backup_is_refused_and_leaves_nothing(there, saved, tmp_path):
    seen = 0
    for what, content in damaged(saved, tmp_path):
        wrong = tmp_path / "wrong.tar"
        wrong.write_bytes(content)
        with pytest.raises(InvalidInput, match="damaged"):
            restoring.restore(there, wrong)
        assert list(there.data_dir.parent.iterdir()) == [], what
        seen += 1
    assert seen > 12
    with pytest.raises(InvalidInput, match="no such file"):
        restoring.restore(there, tmp_path / "none.tar")


@pytest.mark.parametrize("name", ["../outside", "keys/other.pem", "manifest.json"])
def test_no_other_name_is_ever_written(there, saved, tmp_path, name):
    target = tmp_path / "more.tar"
    target.write_bytes(saved.read_bytes())
    with tarfile.open(target, "a") as archive:
        archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(InvalidInput, match="damaged"):
        restoring.restore(there, target)
    assert list(there.data_dir.parent.iterdir()) == []
    assert not (tmp_path / "outside").exists()


def changed_database(world, saved, tmp_path, statement):
    """A whole backup of a database on which a statement was executed."""
    with world.platform.database.write() as session:
        session.execute(text(statement))
    with world.platform.database.read() as session:
        session.connection()
    folder = tmp_path / "folder"
    folder.mkdir()
    backup.copies.copy(world.platform.database, folder / "assay.sqlite3")
    content = (folder / "assay.sqlite3").read_bytes()
    digest = backup._digest(folder / "assay.sqlite3")

    def change(name, old):
        if name != "manifest.json":
            return content if name == "assay.sqlite3" else old
        manifest = json.loads(old)
        manifest["files"]["assay.sqlite3"] = digest
        return json.dumps(manifest).encode()

    return rewritten(saved, tmp_path / "changed.tar", change)


def test_a_newer_schema_is_refused(world, there, saved, tmp_path):
    newer = changed_database(
        world, saved, tmp_path, "UPDATE alembic_version SET version_num = '9999'"
    )
    with pytest.raises(Unavailable, match="newer"):
        restoring.restore(there, newer)
    assert list(there.data_dir.parent.iterdir()) == []


def test_a_log_that_does_not_fit_its_head_is_refused(world, there, saved, tmp_path):
    wrong = changed_database(world, saved, tmp_path, "DELETE FROM statements WHERE id = 1")
    with pytest.raises(Exception, match="does not match its signed head"):
        restoring.restore(there, wrong)
    assert list(there.data_dir.parent.iterdir()) == []


def test_keys_of_another_server_are_refused(there, saved, tmp_path):
    def change(name, old):
        return bytes(range(32)) if name == "keys/log.key" else old

    wrong = rewritten(saved, tmp_path / "changed.tar", change)
    with pytest.raises(InvalidInput, match="damaged"):
        restoring.restore(there, wrong)


def test_a_database_of_its_own_is_left_to_its_own_means(world, there, saved, tmp_path):
    url = {"database_url": "postgresql+psycopg://user@127.0.0.1/name"}
    with pytest.raises(Conflict, match="pg_dump"):
        backup.check_embedded(Settings(data_dir=tmp_path, **url))
    with pytest.raises(Conflict, match="pg_dump"):
        restoring.restore(Settings(data_dir=there.data_dir, **url), saved)
