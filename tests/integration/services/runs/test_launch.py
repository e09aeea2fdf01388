import pytest

from harness.errors import Conflict, NotAllowed, NotFound
from harness.records import runs
from harness.services.access import Actor
from harness.services.agreements.terms import Terms
from harness.services.runs import launch
from tests.support import world as worlds


@pytest.fixture
def world(tmp_path):
    made = worlds.make(tmp_path / "data")
    made.image()
    made.model()
    yield made
    made.platform.database.close()


@pytest.fixture
def protocol(world):
    digest = world.suite(worlds.suite_files(worlds.simple_questions(20)))
    return world.agree(digest, Terms(runs=2))


def start(world, protocol, ordinal, actor=None):
    who = actor or Actor(worlds.AUDITOR, "auditor")
    with world.platform.database.write() as session:
        run = launch.launch(session, world.platform, who, protocol, ordinal)
    world.settle()
    return run.id


def test_a_second_click_finds_the_same_run(world, protocol):
    assert start(world, protocol, 1) == start(world, protocol, 1)
    with world.platform.database.read() as session:
        assert len(runs.of_protocol(session, protocol)) == 1


def test_the_next_number_is_the_next_run(world, protocol):
    assert start(world, protocol, 1) != start(world, protocol, 2)


@pytest.mark.parametrize("ordinal", [-1, 0, 2, 999])
def test_another_number_than_the_next_starts_nothing(world, protocol, ordinal):
    with pytest.raises(Conflict, match=r"the next run .* is number 1"):
        start(world, protocol, ordinal)


def test_agreed_runs_are_not_exceeded(world, protocol):
    start(world, protocol, 1)
    start(world, protocol, 2)
    with pytest.raises(Conflict, match="all 2 agreed runs are used"):
        start(world, protocol, 3)


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        (Actor(worlds.VENDOR, "vendor"), NotAllowed),
        (Actor(worlds.REGULATOR, "regulator"), NotAllowed),
        (Actor("operator", "operator"), NotAllowed),
        (Actor("other-university", "auditor"), NotFound),
        (Actor("other-vendor", "vendor"), NotFound),
    ],
)
def test_only_the_protocols_auditor_starts_or_finds_a_run(world, protocol, actor, error):
    start(world, protocol, 1)
    for ordinal in (1, 2):
        with pytest.raises(error):
            start(world, protocol, ordinal, actor)
