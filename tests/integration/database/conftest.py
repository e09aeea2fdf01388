"""Databases of each kind that the migrations have built."""

import pytest

from harness.records.database import Database, upgrade


@pytest.fixture
def database(database_url):
    upgrade(database_url)
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def postgresql_database(postgresql_url):
    upgrade(postgresql_url)
    database = Database(postgresql_url)
    yield database
    database.close()
