"""A world of three organisations and one person, whose clock the test turns."""

from dataclasses import replace

import pytest

from harness.records import audit
from harness.records import people as rows
from harness.records.database import Database
from harness.services.parties import passwords, people
from tests.support import world as worlds
from tests.support.accounts import ALICE, PASSWORD, Clock, quick_passwords
from tests.support.copies import copy


@pytest.fixture(scope="session", autouse=True)
def quick():
    with quick_passwords():
        yield


@pytest.fixture(scope="session")
def origin(tmp_path_factory):
    world = worlds.make(tmp_path_factory.mktemp("origin") / "data")
    yield world
    world.platform.database.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def world(origin, tmp_path, clock):
    world = copy(origin, tmp_path / "data")
    world.platform = replace(world.platform, clock=clock)
    yield world
    world.platform.database.close()


@pytest.fixture
def platform(world):
    return world.platform


@pytest.fixture
def elsewhere(platform):
    """The same data folder as another process has it open."""
    other = Database(platform.settings.database)
    yield replace(platform, database=other)
    other.close()


@pytest.fixture
def write(platform):
    """Call a service in a transaction of its own."""

    def call(function, *arguments, **named):
        with platform.database.write() as session:
            return function(session, *arguments, **named)

    return call


@pytest.fixture
def read(platform):
    def call(function, *arguments, **named):
        with platform.database.read() as session:
            return function(session, *arguments, **named)

    return call


@pytest.fixture
def link(write, platform):
    """The secret of Alice's first one-time link."""
    return write(people.add, platform, worlds.OPERATOR, ALICE, "Alice", worlds.AUDITOR)


@pytest.fixture
def alice(link, platform, write):
    """Alice, who has set her password."""
    passwords.change(platform, ALICE, "", PASSWORD, "")
    return ALICE


@pytest.fixture
def trail(read):
    def words(subject):
        return [(row.actor, row.action) for row in read(audit.trail, subject)]

    return words


@pytest.fixture
def person(read):
    def row(login):
        return read(rows.person, login)

    return row
