"""Readiness: each part answers for itself, in moments."""

import pytest
from sqlalchemy import text

from harness import queue
from harness.services.platform import readiness
from tests.support import world as worlds
from tests.support.copies import copy


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    world = worlds.make(tmp_path_factory.mktemp("made") / "data")
    world.suite(worlds.suite_files(worlds.simple_questions(20)))
    return world


@pytest.fixture
def world(made, tmp_path):
    copied = copy(made, tmp_path / "data")
    yield copied
    copied.platform.database.close()


def parts(world):
    app = queue.celery(world.platform.settings)
    try:
        return {name: check() for name, check in readiness.checks(world.platform, app).items()}
    finally:
        app.close()


def test_all_of_them_work(world):
    assert parts(world) == {"database": True, "broker": True, "log": True}


@pytest.mark.parametrize(
    ("statement", "part"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "database"),
        ("UPDATE log_head SET note = ''", "log"),
        ("DELETE FROM statements", "log"),
        ("DELETE FROM log_head", "log"),
    ],
)
def test_one_that_does_not_is_named(world, statement, part):
    with world.platform.database.write() as session:
        session.execute(text(statement))
    assert parts(world) == {"database": True, "broker": True, "log": True} | {part: False}


def test_a_queue_that_cannot_be_written(world):
    app = queue.celery(world.platform.settings)
    folder = world.platform.settings.queue_dir / "messages"
    folder.rmdir()
    try:
        assert readiness.checks(world.platform, app)["broker"]() is False
    finally:
        app.close()
