"""Databases for tests of records: made once by the migrations, then copied."""

import shutil

import pytest

from harness.records.database import Database, upgrade
from harness.services.agreements.terms import Terms
from tests.support import copies
from tests.support import world as worlds


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    path = tmp_path_factory.mktemp("empty") / "assay.sqlite3"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'test.sqlite3'}"


@pytest.fixture
def database(url, empty_database, tmp_path):
    shutil.copyfile(empty_database, tmp_path / "test.sqlite3")
    database = Database(url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def world_with_a_run(tmp_path_factory):
    world = worlds.make(tmp_path_factory.mktemp("world") / "data")
    world.image()
    world.model()
    digest = world.suite(worlds.suite_files(worlds.simple_questions(40)))
    terms = Terms(run_wall_clock_s=20, start_within_s=10, runs=3)
    return world, world.reserve(world.agree(digest, terms))


@pytest.fixture
def world(world_with_a_run, tmp_path):
    world = copies.copy(world_with_a_run[0], tmp_path / "data")
    yield world
    world.platform.database.close()


@pytest.fixture
def run_id(world_with_a_run):
    return world_with_a_run[1]
