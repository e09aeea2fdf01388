"""A world with an image, a model and a suite, made once and copied for each test."""

import pytest

from tests.support import world as worlds
from tests.support.copies import copy


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
