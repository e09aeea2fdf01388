"""One schema on both databases: made by the migrations, checked at every start."""

import os
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from harness.errors import Unavailable
from harness.records import database as module
from harness.records.base import Base
from harness.records.database import Database, check_schema, upgrade
from tests.support import versions

UPGRADES = 4
# What `assay db upgrade` does, keys included, as soon as it is told.
UPGRADE = """
import sys
from harness import config
from harness.services.platform.opening import initialise, open_platform

settings = config.load()
print("ready", flush=True)
sys.stdin.readline()
initialise(settings)
platform = open_platform(settings)
print(platform.trust_root_digest)
platform.database.close()
"""


@pytest.fixture
def next_version(monkeypatch, tmp_path):
    yield versions.NextVersion(monkeypatch, tmp_path / "migrations")
    monkeypatch.undo()


def differences(database):
    with database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        return compare_metadata(context, Base.metadata)


def test_the_migrations_make_what_the_records_declare(database):
    assert differences(database) == []
    with database.write() as session:
        session.execute(text("ALTER TABLE models DROP COLUMN snapshot"))
    assert len(differences(database)) == 1


def test_a_database_without_tables_says_what_to_run(database_url):
    database = Database(database_url)
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
    for refused in (lambda: check_schema(database), lambda: upgrade(database.url)):
        with pytest.raises(Unavailable, match=r"newer than this version: install the newer Assay$"):
            refused()


def test_a_migration_that_breaks_off_leaves_nothing(database, next_version):
    next_version()
    next_version.break_off()
    with pytest.raises(ZeroDivisionError):
        upgrade(database.url)
    next_version.mend()
    upgrade(database.url)
    check_schema(database)


def test_several_processes_bring_it_up_at_once(database_url, tmp_path):
    environment = {
        "PATH": os.environ["PATH"],
        "ASSAY_DATA_DIR": str(tmp_path / "data"),
        "ASSAY_DATABASE_URL": database_url,
    }
    processes = [
        subprocess.Popen(
            (sys.executable, "-c", UPGRADE),
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(UPGRADES)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    roots = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * UPGRADES
    assert len(roots) == 1
    assert sorted(path.name for path in (tmp_path / "data" / "keys").iterdir()) == [
        "log.copy",
        "log.key",
        "statement.pem",
        "vault.key",
    ]
    database = Database(database_url)
    check_schema(database)
    assert differences(database) == []
    database.close()


def test_a_database_that_cannot_hold_every_name_is_refused(postgresql):
    made = postgresql.fresh()
    name = made.rpartition("/")[2]
    postgresql.drop(made)
    postgresql.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'")
    with pytest.raises(Unavailable, match="is in LATIN1: make it anew with `createdb"):
        upgrade(made)
    assert "--encoding=UTF8" in module.CREATE
    postgresql.drop(made)
