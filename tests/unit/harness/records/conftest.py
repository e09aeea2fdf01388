"""Databases for tests of records: made by the migrations, thrown away afterwards."""

import pytest

from harness.records.database import Database, upgrade
from tests.support import world as worlds


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'test.sqlite3'}"


@pytest.fixture
def database(url):
    upgrade(url)
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def world(tmp_path):
    world = worlds.make(tmp_path / "data")
    world.image()
    world.model()
    yield world
    world.platform.database.close()
