"""Transactions that hold, a schema that fits the code, and failures that speak."""

import sqlite3
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from harness.errors import Unavailable
from harness.records import engines, platform
from harness.records.base import Act, Base
from harness.records.database import Database, check_schema, upgrade
from tests.support import versions

ACT = Act("tester", "test", 1.0)


def put(session, number, padding=""):
    row = platform.Image(id=f"sha256:{number}", flavour="base", packages={"p": padding}, added_at=1)
    platform.put_image(session, row, ACT)


def newest(database):
    with database.read() as session:
        image = platform.newest_image(session, "base")
    return image and image.id


@pytest.fixture
def next_version(monkeypatch, tmp_path):
    yield versions.NextVersion(monkeypatch, tmp_path / "migrations")
    monkeypatch.undo()


# The schema and the code.


def test_the_migrations_make_what_the_records_declare(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_an_upgrade_twice_changes_nothing(database):
    with database.write() as session:
        put(session, 1)
    upgrade(database.url)
    check_schema(database)
    assert newest(database) == "sha256:1"


def test_a_database_without_tables_says_what_to_run(url):
    database = Database(url)
    with pytest.raises(Unavailable, match=r"no tables yet: run `assay db upgrade`$"):
        check_schema(database)
    database.close()


def test_a_database_behind_the_code_says_what_to_run(database, next_version):
    next_version()
    with pytest.raises(Unavailable, match=r"behind this version: run `assay db upgrade`$"):
        check_schema(database)
    upgrade(database.url)
    check_schema(database)


def test_a_database_ahead_of_the_code_is_refused(database, next_version, monkeypatch):
    next_version()
    upgrade(database.url)
    monkeypatch.undo()
    with pytest.raises(Unavailable, match=r"newer than this version: install the newer Assay$"):
        check_schema(database)


def test_an_upgrade_never_goes_back(database, next_version, monkeypatch):
    next_version()
    upgrade(database.url)
    monkeypatch.undo()
    with pytest.raises(Unavailable, match="newer than this version"):
        upgrade(database.url)


def test_a_migration_that_breaks_off_leaves_nothing(database, next_version):
    next_version()
    next_version.break_off()
    with pytest.raises(ZeroDivisionError):
        upgrade(database.url)
    next_version.mend()
    upgrade(database.url)
    check_schema(database)


# Transactions.


def test_a_write_that_raises_leaves_nothing(database):
    with pytest.raises(ZeroDivisionError), database.write() as session:
        put(session, 1)
        raise ZeroDivisionError
    assert newest(database) is None


def test_a_read_cannot_write(database):
    with database.read() as session:
        put(session, 1)
    assert newest(database) is None


def test_a_reader_sees_one_moment(database):
    with database.read() as reading:
        assert platform.newest_image(reading, "base") is None
        with database.write() as session:
            put(session, 1)
        assert platform.newest_image(reading, "base") is None
    assert newest(database) == "sha256:1"


def test_a_write_transaction_excludes_others_from_its_first_moment(database):
    # The second may not even read before the first has ended: it would judge by old figures.
    entered, order = threading.Event(), []

    def second():
        entered.wait(5)
        with database.write() as session:
            order.append(f"second saw {platform.newest_image(session, 'base').id}")

    thread = threading.Thread(target=second)
    thread.start()
    with database.write() as session:
        entered.set()
        put(session, 1)
        order.append("first wrote")
    thread.join(10)
    assert order == ["first wrote", "second saw sha256:1"]


def test_what_a_run_leaves_in_freed_pages_is_overwritten(database):
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


# Failures that speak, and never of statements or parameters.


def test_a_full_database_says_so_and_keeps_what_it_had(database):
    with database.write() as session:
        put(session, 1)
    with pytest.raises(Unavailable) as caught, database.write() as session:
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar()
        session.connection().exec_driver_sql(f"PRAGMA max_page_count={pages}")
        put(session, 2, padding="secret padding " * 10_000)
    assert str(caught.value) == (
        "the disk of the sqlite database is full; nothing was written: free space, then try again"
    )
    assert caught.value.__suppress_context__
    assert newest(database) == "sha256:1"


def test_a_busy_database_says_so(database):
    other = Database(database.url, busy_ms=20)
    with (
        database.write() as session,
        pytest.raises(Unavailable, match="the sqlite database is busy; try again"),
    ):
        put(session, 1)
        with other.write() as second:
            platform.newest_image(second, "base")
    other.close()


def test_two_that_open_a_new_file_at_once_wait_for_each_other(url, monkeypatch):
    # The other has its write lock when this one, reading, asks for the same: SQLite sees a
    # deadlock and refuses without waiting.
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE first (number INTEGER)")
    never = Database(url, busy_ms=20)
    with (
        pytest.raises(Unavailable, match="the sqlite database is busy; try again"),
        never.read() as session,
    ):
        session.connection()
    never.close()
    waits = []

    def wait(seconds):
        waits.append(seconds)
        other.execute("COMMIT")

    monkeypatch.setattr(engines.time, "sleep", wait)
    database = Database(url)
    with database.read() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
    database.close()
    other.close()
    assert len(waits) == 1


def test_a_missing_folder_says_so(tmp_path):
    url = f"sqlite:///{tmp_path / 'nowhere' / 'assay.sqlite3'}"
    with pytest.raises(Unavailable, match="cannot be opened: check its folder"):
        upgrade(url)
    database = Database(url)
    with pytest.raises(Unavailable, match="cannot be opened"):
        check_schema(database)
    database.close()


def test_a_file_that_is_no_database_says_so(tmp_path):
    path = tmp_path / "assay.sqlite3"
    path.write_bytes(b"This is a letter, not a database. " * 100)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(Unavailable, match="is damaged: restore it from a backup"):
        check_schema(database)
    with pytest.raises(Unavailable, match="is damaged"):
        upgrade(f"sqlite:///{path}")
    database.close()


def test_a_damaged_page_says_so(database):
    with database.write() as session:
        for number in range(50):
            put(session, number, padding="x" * 3000)
    database.close()
    path = Path(database.url.removeprefix("sqlite:///"))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(Unavailable, match="is damaged"):
        newest(database)


@pytest.mark.parametrize("make", [Database, upgrade])
def test_a_driver_that_is_not_installed_is_named(make, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Unavailable, match="postgresql database needs a driver"):
        make("postgresql+psycopg://localhost/assay")


@pytest.mark.parametrize(
    "url", ["postgresql://user:secret@host:abc/x", "postgresql+psycopg:user:secret"]
)
def test_a_url_that_is_none_says_so_without_its_password(url):
    with pytest.raises(Unavailable, match="write postgresql") as caught:
        Database(url)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__
