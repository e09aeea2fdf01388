"""The sweep of a process goes on, whatever happens to it, and says a trouble once."""

import logging
from dataclasses import replace

import pytest

from harness.errors import Unavailable
from harness.records import platform as rows
from harness.services.publication import sweeper
from tests.support import world as worlds
from tests.support.service import desk_of
from tests.support.waiting import until

SECRET = "what a guest said"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    world = worlds.make(tmp_path / "data")
    # What is swept is tested elsewhere, with an engine.
    monkeypatch.setattr(sweeper, "sweep", lambda *_: None)
    # More often than an operator may ask for.
    often = world.platform.settings.model_copy(update={"sweep_s": 0.01})
    world.platform = replace(world.platform, settings=often)
    desk = desk_of(world)
    yield desk
    desk.close()


def failing(errors):
    """A sweep that fails as told, one way after the other, then no more."""
    left = list(errors)

    def sweep(*_):
        if left:
            raise left.pop(0)

    return sweep


def test_a_sweep_logs_what_waits_and_shows_the_worker(desk):
    assert sweeper.sweep_once(desk, "host:1") == ""
    with desk.platform.database.read() as session:
        assert [row.name for row in rows.workers(session, 0)] == ["host:1"]
    assert sweeper.sweep_once(desk) == ""


def test_trouble_is_a_sentence_and_no_foreign_text(desk, monkeypatch):
    errors = [Unavailable("the database is busy; try again"), RuntimeError(SECRET)]
    monkeypatch.setattr(sweeper, "sweep", failing(errors))
    assert sweeper.sweep_once(desk) == "the database is busy; try again"
    said = sweeper.sweep_once(desk)
    assert "RuntimeError" in said
    assert SECRET not in said
    assert sweeper.sweep_once(desk) == ""


def test_trouble_is_said_once_and_so_is_its_end(desk, monkeypatch, caplog):
    errors = [Unavailable("away")] * 3
    monkeypatch.setattr(sweeper, "sweep", failing(errors))
    with caplog.at_level(logging.WARNING), sweeper.sweeping(desk):
        until(lambda: len(caplog.records) >= 2, 60, "trouble and its end")
    assert [record.getMessage() for record in caplog.records] == ["away", "that is over; going on"]
