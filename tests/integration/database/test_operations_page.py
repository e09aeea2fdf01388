"""What docs/operations.md says of PostgreSQL: the command that makes a database, and its backup."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.config import Settings
from harness.records import database as module
from harness.services import suites
from harness.services.access import Actor
from harness.services.platform import doctor, sequencer
from harness.services.platform.opening import initialise, open_platform
from tests.support import world as worlds
from tests.support.servers.process import PASSWORD, USER

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/operations.md").read_text()


@pytest.fixture
def run(postgresql):
    """Runs a command line of the page on the test's server."""
    host, _, port = postgresql.url.partition("@")[2].partition("/")[0].partition(":")
    environment = {"PATH": os.environ["PATH"], "PGHOST": host, "PGPORT": port}
    environment |= {"PGUSER": USER, "PGPASSWORD": PASSWORD}

    def run(line):
        subprocess.run(line, shell=True, env=environment, check=True, timeout=60)  # noqa: S602

    return run


def written(command):
    """The command line of the page that begins so."""
    (line,) = re.findall(rf"^    ({command} .+)$", PAGE, re.MULTILINE)
    return line


def test_the_command_of_the_page_makes_a_database_that_works(run, postgresql, tmp_path):
    line = written("createdb")
    assert line == module.CREATE.strip("`").replace("USER", "assay").replace("NAME", "assay")
    run(line)
    url = f"{postgresql.url.rpartition('/')[0]}/assay"
    settings = Settings(data_dir=tmp_path / "data", database_url=url)
    initialise(settings)
    found = {each.name: each.ok for each in doctor.examine(settings)}
    assert found["database"]
    assert found["log"]
    postgresql.drop(url)


def test_a_backup_of_the_page_comes_back_whole(run, postgresql, postgresql_url, tmp_path):
    world = worlds.make(tmp_path / "data", database_url=postgresql_url)
    digest = world.suite(worlds.suite_files(worlds.simple_questions(20)))
    with world.platform.database.read() as session:
        size = sequencer.check_log(session, world.platform)
    assert size > 0
    world.platform.database.close()

    name, copied = postgresql_url.rpartition("/")[2], postgresql.fresh()
    backup = tmp_path / "backup"
    backup.mkdir()
    dump = written("pg_dump").replace("BACKUP", str(backup)).replace(" assay", f" {name}")
    run(dump)
    shutil.copytree(tmp_path / "data" / "keys", tmp_path / "other" / "keys")
    restore = written("pg_restore").partition("   #")[0].replace("BACKUP", str(backup))
    run(restore.replace("=assay", f"={copied.rpartition('/')[2]}"))

    settings = Settings(data_dir=tmp_path / "other", database_url=copied)
    platform = open_platform(settings)
    with platform.database.read() as session:
        assert sequencer.check_log(session, platform) == size
        assert suites.find(session, Actor(worlds.AUDITOR, "auditor"), digest)
    platform.database.close()
    postgresql.drop(copied)
