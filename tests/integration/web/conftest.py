"""A world with an image, a model and a suite, made once and copied for each test."""

import pytest

from tests.support import world as worlds
from tests.support.copies import copy
from tests.support.programs import programs, settle_in


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> worlds.World:
    world = worlds.make(tmp_path_factory.mktemp("world") / "data")
    world.image()
    world.model()
    world.suite(worlds.suite_files(worlds.simple_questions(20)))
    return world


@pytest.fixture
def world(made, tmp_path):
    copied = copy(made, tmp_path / "data")
    yield copied
    copied.platform.database.close()


@pytest.fixture(scope="session")
def peopled(tmp_path_factory, made) -> worlds.World:
    """The same world with every role registered, and somebody in each organisation."""
    copied = copy(made, tmp_path_factory.mktemp("peopled") / "data")
    settle_in(copied)
    return copied


@pytest.fixture
def api(peopled, tmp_path):
    """Programs in front of the API of a world of their own."""
    copied = copy(peopled, tmp_path / "api")
    with programs(copied) as found:
        yield found
    copied.platform.database.close()
